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
use strict_json::Kind;
use wasmill_sdk::{Codes, Failure};

/// Reads an order; what it says borrows from `value`.
pub(crate) fn order(value: &[u8]) -> Result<Order<'_>, Failure> {
    strict_json::read(value).map_err(|mistake| code(mistake.kind).reject(mistake.message))
}

fn code(kind: Kind) -> Refusal {
    match kind {
        Kind::InvalidJson => Refusal::InvalidJson,
        Kind::MissingField => Refusal::MissingField,
        Kind::DuplicateField => Refusal::DuplicateField,
        Kind::WrongType => Refusal::WrongType,
    }
}
