//! Messages as JSON: text that is not copied, ids, and what kind of mistake it is when a message can't be read.
//!
//! The plugins about orders share it, so that an id or a duplicate field is the same to all of them. It knows nothing of
//! records and codes: those are each plugin's own.

mod mistake;
mod object;
mod text;

pub use mistake::{Kind, Mistake};
pub use object::{Object, object};
pub use text::Text;

use serde::{Deserialize, Deserializer};

/// Reads a message; what it says borrows from `value`.
///
/// # Errors
/// What is wrong with it first, from left to right.
pub fn read<'r, T: Deserialize<'r>>(value: &'r [u8]) -> Result<T, Mistake> {
    // Once for the whole message, and not for each text in it.
    let text = str::from_utf8(value).map_err(|error| Mistake::invalid(error.to_string()))?;
    serde_json::from_str::<Object<T>>(text).map(|Object(message)| message).map_err(|error| Mistake::of(&error))
}

/// For a field that may be absent, but is not `null` when it is there: `#[serde(default, deserialize_with = "present")]`.
///
/// # Errors
/// The field is there and is something else.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Bytes of an id: keys of topics and columns of tables are made for less, and one of a megabyte is an attack.
const ID_BYTES_MAX: usize = 64;

/// Ids go into keys, logs and file names: no space, no control character.
#[inline]
pub fn is_id(text: &str) -> bool {
    let id = |character: char| !character.is_whitespace() && !character.is_control();
    (1..=ID_BYTES_MAX).contains(&text.len())
        && (text.bytes().all(|byte| byte.is_ascii_graphic()) || text.chars().all(id))
}

#[cfg(test)]
mod tests;
