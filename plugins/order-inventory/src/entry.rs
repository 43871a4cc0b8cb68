//! What is remembered of an order: what it reserved, and how that ended.

use serde::{Deserialize, Serialize};

/// The value of an order in the store `orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub(crate) state: State,
    /// The record time (ms) from which on nobody remembers.
    pub(crate) until: i64,
    /// What was reserved; empty when it no longer is.
    pub(crate) items: Vec<Item>,
}

/// SKU and pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item(pub(crate) String, pub(crate) i64);

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Its stock waits for it, if it has not expired.
    Reserved,
    Confirmed,
    Cancelled,
    /// Somebody came too late.
    Expired,
}

impl Entry {
    /// The entry as a record of time `t` sees it.
    pub(crate) fn at(entry: Option<Entry>, t: i64) -> Option<Entry> {
        entry.filter(|entry| entry.until > t)
    }
}
