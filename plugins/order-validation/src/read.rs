//! From bytes to an order, or to the code that says why there is none.
//!
//! By serde_json and not by simd-json. Reading an order of 326 bytes, nanoseconds on a machine with other work to do
//! (`examples/parsers.rs`; wasmtime 49):
//!
//! | | native | Wasm | Wasm, `+simd128` |
//! |---|---|---|---|
//! | serde_json from text | 530 | 920 | 950-1030 |
//! | simd-json with reused buffers, copy included | 530 | 2890 | 990-1040 |
//! | the plugin, rules included | 600 | 1060 | 1020 |
//!
//! Plugins are built with `+simd128`. With it the two are equal, without it one is three times slower; and simd-json writes
//! into what it reads, but a record is not the plugin's to write.

use crate::order::Order;
use crate::refusal::Refusal;
use serde_json::Error;
use serde_json::error::Category;
use wasmill_sdk::{Codes, Failure};

/// Reads an order; what it says borrows from `value`.
pub(crate) fn order(value: &[u8]) -> Result<Order<'_>, Failure> {
    // Once for the whole order, and not for each text in it.
    let text = str::from_utf8(value).map_err(|error| Refusal::InvalidJson.reject(error.to_string()))?;
    serde_json::from_str(text).map_err(|error| code(&error).reject(error.to_string()))
}

/// Serde says what kind of error it is only in the words that its `Error` trait prescribes; the tests hold on to them.
fn code(error: &Error) -> Refusal {
    if error.classify() != Category::Data {
        return Refusal::InvalidJson;
    }
    let words = error.to_string();
    match () {
        () if words.starts_with("missing field") => Refusal::MissingField,
        () if words.starts_with("duplicate field") => Refusal::DuplicateField,
        () => Refusal::WrongType,
    }
}
