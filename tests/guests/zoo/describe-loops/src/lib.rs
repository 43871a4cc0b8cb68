//! Never says what it is.

use zoo_bindings::exports::wasmill::plugin::batch::{Guest as Batch, Reply, Source};
use zoo_bindings::exports::wasmill::plugin::lifecycle::{Guest as Lifecycle, Problem};

struct Loops;

impl Lifecycle for Loops {
    fn describe() -> String {
        loop {
            std::hint::black_box(());
        }
    }

    fn configure(_: String) -> Result<Option<String>, Vec<Problem>> {
        Ok(None)
    }
}

impl Batch for Loops {
    fn process(_: Source, _: Vec<u8>, _: Vec<u32>) -> Reply {
        zoo_bindings::Draft::default().finish()
    }
}

zoo_bindings::export!(Loops);
