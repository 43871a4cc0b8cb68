//! Imports what no plugin gets, and uses it, so that the imports stay.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, OutgoingRequest};
use zoo_bindings::exports::wasmill::plugin::batch::{Guest as Batch, Reply, Source};
use zoo_bindings::exports::wasmill::plugin::lifecycle::{Guest as Lifecycle, Problem};
use zoo_bindings::{Draft, records};

mod imports {
    wit_bindgen::generate!({ path: "wit", world: "imports", generate_all });
}

struct Caller;

impl Lifecycle for Caller {
    fn describe() -> String {
        r#"{"name":"imports-http","version":"0.1.0","outputs":[{"name":"main"}]}"#.to_owned()
    }

    fn configure(_: String) -> Result<Option<String>, Vec<Problem>> {
        Ok(None)
    }
}

impl Batch for Caller {
    fn process(_: Source, data: Vec<u8>, index: Vec<u32>) -> Reply {
        let mut draft = Draft::default();
        for _ in records(&data, &index) {
            let known = imports::wasi::keyvalue::store::get("url").is_some();
            let request = OutgoingRequest::new(Fields::new());
            draft.forward(u32::from(known && handle(request, None).is_ok()));
        }
        draft.finish()
    }
}

zoo_bindings::export!(Caller);
