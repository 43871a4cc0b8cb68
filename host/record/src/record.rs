//! A record and a batch of them, borrowed from wherever the client library keeps the bytes.

use crate::{InputPartition, Offset};

/// One Kafka record. Headers are asked of the batch, because most plugins never look at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    pub offset: Offset,
    /// Milliseconds since the Unix epoch; `None`: the record has none (-1 on the wire).
    pub timestamp: Option<i64>,
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone, which is a value; an empty value is another one.
    pub value: Option<&'a [u8]>,
}

impl Record<'_> {
    /// Bytes of key and value.
    pub fn size(&self) -> usize {
        self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len)
    }
}

/// Records of one partition in ascending offsets, never empty when a source hands it out.
pub trait Batch: Default {
    fn partition(&self) -> InputPartition;

    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The record at `at` < `len()`.
    fn record(&self, at: usize) -> Record<'_>;

    /// Calls `each` with name and value of every header, in order; duplicates and null values included. Names are bytes:
    /// Kafka does not promise UTF-8. Must not be called after the record was forwarded (its headers have moved on).
    fn headers(&self, at: usize, each: &mut EachHeader<'_>);

    /// Lets go of all records.
    fn clear(&mut self);
}

/// Called with a header's name and value.
pub type EachHeader<'a> = dyn FnMut(&[u8], Option<&[u8]>) + 'a;
