//! Why a message can't be read. The names are a contract with whoever reads dead letters: one may be added, none is changed.
//!
//! What the stock says no to is not here: that is an answer ([`crate::answer::Code`]) and no broken record.

use strict_json::{Kind, Mistake};
use wasmill_sdk::{Codes, Failure};

/// The codes, in the order in which they are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Codes)]
pub enum Refusal {
    /// A tombstone.
    NullValue,
    /// Longer than `max_bytes`.
    MessageTooLarge,
    /// Not JSON, or not UTF-8.
    InvalidJson,
    /// A field that every such message has is not there.
    MissingField,
    /// A field of the contract is there twice: which of them counts is anybody's guess.
    DuplicateField,
    /// A field has another type: text for a number, a fraction of a piece, `null`, a number that no counter holds.
    WrongType,
    /// A type or a status that nobody knows.
    UnknownType,
    /// Not 1 to 64 bytes without spaces.
    InvalidId,
    /// The key is not the restaurant that the message names: its stock is in another partition.
    WrongKey,
    NoItems,
    TooManyItems,
    /// A number of pieces that can't be right.
    OutOfRange,
    /// Reservations end by the time of records, and this one has none.
    NoTimestamp,
    /// A result that 64 bits do not hold.
    AmountOverflow,
}

pub(crate) fn unreadable(mistake: Mistake) -> Failure {
    let code = match mistake.kind {
        Kind::InvalidJson => Refusal::InvalidJson,
        Kind::MissingField => Refusal::MissingField,
        Kind::DuplicateField => Refusal::DuplicateField,
        Kind::WrongType => Refusal::WrongType,
    };
    code.reject(mistake.message)
}
