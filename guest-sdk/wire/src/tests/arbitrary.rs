//! Records and replies of any shape, small enough to hit the edges often.

use crate::{Field, Input, Packed, Reads};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(super) type Bytes = Vec<u8>;

/// Headers as a plugin sees them.
pub(super) type SeenHeaders<'a> = Vec<(String, Option<&'a [u8]>)>;

#[derive(Debug, Clone)]
pub(super) struct OwnedRecord {
    pub(super) offset: i64,
    pub(super) timestamp: Option<i64>,
    pub(super) key: Option<Bytes>,
    pub(super) value: Option<Bytes>,
    pub(super) headers: Vec<(Bytes, Option<Bytes>)>,
}

impl OwnedRecord {
    pub(super) fn push(&self, reads: Reads, packed: &mut Packed) {
        let input = Input {
            offset: self.offset,
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
        };
        let headers = self.headers.iter();
        let pushed = packed.push(reads, input, |each| {
            headers.for_each(|(name, value)| each(name, value.as_deref()));
        });
        pushed.unwrap();
    }

    /// As a plugin should see the headers; written without the code under test.
    pub(super) fn seen_headers(&self, read: bool) -> Option<SeenHeaders<'_>> {
        if !read && !self.headers.is_empty() {
            return None;
        }
        let name = |name: &Bytes| String::from_utf8_lossy(name).into_owned();
        Some(self.headers.iter().map(|(key, value)| (name(key), value.as_deref())).collect())
    }

    /// Bytes that an output with everything of this record has.
    pub(super) fn whole(&self) -> usize {
        let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Vec::len);
        length(&self.key) + length(&self.value) + self.header_bytes()
    }

    pub(super) fn header_bytes(&self) -> usize {
        self.headers.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len)).sum()
    }
}

/// As a plugin should see a part.
pub(super) trait Seen<'a> {
    fn seen(self, read: bool) -> Field<'a>;
}

impl<'a> Seen<'a> for Option<&'a [u8]> {
    fn seen(self, read: bool) -> Field<'a> {
        match self {
            None => Field::Null,
            Some(_) if !read => Field::Unread,
            Some(bytes) => Field::Bytes(bytes),
        }
    }
}

pub(super) fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..20)
}

pub(super) fn record() -> impl Strategy<Value = OwnedRecord> {
    let timestamp = option::of(any::<i64>().prop_filter("-1 is none", |it| *it != -1));
    let header = (bytes(), option::of(bytes()));
    (any::<i64>(), timestamp, option::of(bytes()), option::of(bytes()), vec(header, 0..4))
        .prop_map(|(offset, timestamp, key, value, headers)| OwnedRecord { offset, timestamp, key, value, headers })
}

pub(super) fn records() -> impl Strategy<Value = Vec<OwnedRecord>> {
    vec(record(), 0..6)
}
