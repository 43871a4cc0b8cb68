//! Why a text has no row. The names are a contract with whoever reads dead letters: one may be added, none is changed.

use wasmill_sdk::Codes;

/// The codes, in the order in which they are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Codes)]
pub enum Refusal {
    /// A tombstone.
    NullValue,
    /// The record is not JSON, and `text` says that it is.
    InvalidJson,
    /// Nothing where `text` points, or `null`.
    TextMissing,
    /// Something else than a text where `text` points.
    TextNotAString,
    /// Not UTF-8, or half a surrogate pair.
    TextUndecodable,
    /// Longer than `max_bytes`.
    TextTooLong,
    /// Nothing but white space and what can't be seen.
    TextEmpty,
    /// An object, a list, or half a surrogate pair where one of `ids` points.
    InvalidId,
}
