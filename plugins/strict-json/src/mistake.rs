//! Why a message can't be read.

use serde_json::Error;
use serde_json::error::Category;

/// What kind of mistake it is: a code, for whoever has codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Not JSON, or not UTF-8.
    InvalidJson,
    /// A field that every such message has is not there.
    MissingField,
    /// A field of the contract is there twice: which of them counts is anybody's guess.
    DuplicateField,
    /// A field has another type: text for a number, a fraction of a cent, `null`, a number that no counter holds.
    WrongType,
}

/// A mistake, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What kind.
    pub kind: Kind,
    /// For people.
    pub message: String,
}

impl Mistake {
    pub(crate) fn invalid(message: String) -> Mistake {
        Mistake { kind: Kind::InvalidJson, message }
    }

    /// Serde says what kind of error it is only in the words that its `Error` trait prescribes; the tests hold on to them.
    pub(crate) fn of(error: &Error) -> Mistake {
        let message = error.to_string();
        let kind = match error.classify() {
            Category::Data if message.starts_with("missing field") => Kind::MissingField,
            Category::Data if message.starts_with("duplicate field") => Kind::DuplicateField,
            Category::Data => Kind::WrongType,
            _ => Kind::InvalidJson,
        };
        Mistake { kind, message }
    }
}
