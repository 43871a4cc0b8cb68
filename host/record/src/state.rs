//! Keyed state as a call into a plugin sees it: what is committed, and what the open transaction has changed so far.
//!
//! A store's number is its position among the stores of the pipeline. Everything here is of one partition of the input:
//! stores of two partitions never meet.

use crate::CommitOffset;
use std::fmt;

/// Reading failed on the host's side: says nothing about any record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateError(pub String);

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for StateError {}

/// Called with key and value; whether it wants the next one.
pub type EachEntry<'a> = dyn FnMut(&[u8], &[u8]) -> bool + 'a;

/// What a plugin may ask during a call. Nothing that the call itself changes is seen by it.
pub trait ReadState: Send + Sync {
    /// Appends the value of `key` to `into` and says how long it is; `None`, and nothing appended, where there is none.
    ///
    /// # Errors
    /// The store can't be read, or there is no such store.
    fn get(&self, store: u16, key: &[u8], into: &mut Vec<u8>) -> Result<Option<usize>, StateError>;

    /// Ascending keys that begin with `prefix` and come after `after`, compared as bytes, until `each` wants no more.
    ///
    /// # Errors
    /// The store can't be read, or there is no such store.
    fn scan(&self, store: u16, prefix: &[u8], after: Option<&[u8]>, each: &mut EachEntry<'_>)
    -> Result<(), StateError>;
}

/// How far a changelog partition has come in the open transaction: the offset behind the last acknowledged change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangelogEnd {
    pub store: u16,
    /// Of the input, and of the changelog.
    pub partition: i32,
    pub next: CommitOffset,
}
