//! A record as a plugin sees it.

use crate::Failure;
use crate::failure::{INVALID_JSON, INVALID_KEY, NULL_KEY, NULL_VALUE};
use serde::Deserialize;
use wasmill_wire::{Field, HeaderIter};

/// One record: a view into the batch. Nothing is copied or decoded until it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Record<'r> {
    wire: wasmill_wire::Record<'r>,
    input: u16,
}

impl<'r> Record<'r> {
    pub(crate) fn new(wire: wasmill_wire::Record<'r>, input: u16) -> Record<'r> {
        Record { wire, input }
    }

    /// Which of the plugin's inputs it came from: a position in [`crate::Plugin::INPUTS`].
    pub fn input(&self) -> u16 {
        self.input
    }

    /// Its offset in its partition.
    pub fn offset(&self) -> i64 {
        self.wire.offset()
    }

    /// Milliseconds since the Unix epoch; `None`: the record has none.
    pub fn timestamp(&self) -> Option<i64> {
        self.wire.timestamp()
    }

    /// The key; `None` is a null, which is not the same as an empty key.
    ///
    /// # Panics
    /// When [`crate::Plugin::READS`] does not have the key.
    pub fn key(&self) -> Option<&'r [u8]> {
        part(self.wire.key(), "the key is not in the plugin's READS: add `Reads::KEY`")
    }

    /// The value; `None` is a tombstone, which is not the same as an empty value.
    ///
    /// # Panics
    /// When [`crate::Plugin::READS`] does not have the value.
    pub fn value(&self) -> Option<&'r [u8]> {
        part(self.wire.value(), "the value is not in the plugin's READS: add `Reads::VALUE`")
    }

    /// Whether the value is null; known even where the value is not read.
    pub fn is_tombstone(&self) -> bool {
        self.wire.value() == Field::Null
    }

    /// The key as text.
    ///
    /// # Errors
    /// Rejects the record with `null-key` or `invalid-key` (not UTF-8).
    ///
    /// # Panics
    /// As [`Record::key`].
    pub fn key_str(&self) -> Result<&'r str, Failure> {
        let key = self.key().ok_or_else(|| Failure::own(NULL_KEY, "the record has no key"))?;
        str::from_utf8(key).map_err(|error| Failure::own(INVALID_KEY, format!("the key is not UTF-8: {error}")))
    }

    /// The value as JSON. Types that borrow need `Cow<str>` with `#[serde(borrow)]`: a plain `&str` can't hold text with an
    /// escape in it, and fails on one.
    ///
    /// # Errors
    /// Rejects the record with `null-value` or `invalid-json`.
    ///
    /// # Panics
    /// As [`Record::value`].
    pub fn json<T: Deserialize<'r>>(&self) -> Result<T, Failure> {
        let value = self.value().ok_or_else(|| Failure::own(NULL_VALUE, "the record is a tombstone"))?;
        serde_json::from_slice(value).map_err(|error| Failure::own(INVALID_JSON, error.to_string()))
    }

    /// The headers in their order, duplicates included.
    ///
    /// # Panics
    /// When the record has headers and [`crate::Plugin::READS`] does not.
    pub fn headers(&self) -> Headers<'r> {
        match self.wire.headers() {
            Some(headers) => Headers(headers),
            None => panic!("headers are not in the plugin's READS: add `Reads::HEADERS`"),
        }
    }

    /// The value of the last header of this name, as Kafka's clients look one up: `None`, there is no such header;
    /// `Some(None)`, its value is null.
    ///
    /// # Panics
    /// As [`Record::headers`].
    pub fn header(&self, name: &str) -> Option<Option<&'r [u8]>> {
        self.headers().filter(|(other, _)| *other == name).last().map(|(_, value)| value)
    }
}

fn part<'r>(field: Field<'r>, unread: &str) -> Option<&'r [u8]> {
    match field {
        Field::Unread => panic!("{unread}"),
        Field::Null => None,
        Field::Bytes(bytes) => Some(bytes),
    }
}

/// Name and value of each header. A name that was not UTF-8 has U+FFFD where it was not.
#[derive(Debug, Clone)]
pub struct Headers<'r>(HeaderIter<'r>);

impl<'r> Iterator for Headers<'r> {
    type Item = (&'r str, Option<&'r [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.0.next()?;
        // The host has made names UTF-8.
        Some((str::from_utf8(name).unwrap_or_default(), value))
    }
}
