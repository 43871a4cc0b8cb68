//! A plugin that misbehaves as the value of the record says; the rows of `tests/guests/src/zoo.rs` are its guests.
//!
//! A value that begins with `ok` is forwarded. One that is no fault of ours is rejected, so that a mistyped row fails.

mod bytes;
mod faults;

use zoo_bindings::exports::wasmill::plugin::batch::{Guest as Batch, Reply, Source};
use zoo_bindings::exports::wasmill::plugin::lifecycle::{Guest as Lifecycle, Problem};
use zoo_bindings::{Draft, records};

struct Zoo;

impl Lifecycle for Zoo {
    fn describe() -> String {
        let outputs = r#"[{"name":"main"},{"name":"side"}]"#;
        let codes = r#"["listed","other-than-expected"]"#;
        format!(r#"{{"name":"zoo","version":"0.1.0","outputs":{outputs},"counters":["seen"],"codes":{codes}}}"#)
    }

    fn configure(_: String) -> Result<Option<String>, Vec<Problem>> {
        Ok(None)
    }
}

impl Batch for Zoo {
    fn process(_: Source, data: Vec<u8>, index: Vec<u32>) -> Reply {
        let mut draft = Draft::default();
        let records = records(&data, &index);
        let company = records.len() - 1;
        for record in records {
            let (fault, argument) = record.value.split_at(bytes::position(record.value, b':'));
            match fault {
                b"in-company" if company > 0 => panic!("not with {company} others"),
                b"in-company" => draft.forward(0),
                _ if fault.starts_with(b"ok") => draft.forward(0),
                _ => faults::commit(fault, argument, &mut draft),
            }
        }
        draft.finish()
    }
}

zoo_bindings::export!(Zoo);
