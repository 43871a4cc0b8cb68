//! Records at rest, and a batch of them in a worker's hand.

use std::sync::Arc;
use wasmill_record::{Batch, EachHeader, InputPartition, Offset, Record};

/// A record with everything that has to survive the way: duplicate headers, null values, a missing timestamp.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub timestamp: Option<i64>,
}

impl Entry {
    pub fn text(value: &str) -> Entry {
        Entry { value: Some(value.as_bytes().to_vec()), timestamp: Some(1), ..Entry::default() }
    }

    /// The value as text, for assertions; a tombstone shows as `-`.
    pub fn words(&self) -> String {
        self.value.as_ref().map_or_else(|| "-".to_owned(), |value| String::from_utf8_lossy(value).into_owned())
    }

    /// The last header of that name.
    pub fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().rev().find(|(known, _)| known == name.as_bytes())?;
        found.1.as_ref().map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

#[derive(Debug)]
pub struct MemoryBatch {
    pub(crate) partition: InputPartition,
    pub(crate) entries: Vec<Arc<Entry>>,
}

impl MemoryBatch {
    /// A batch of the first partition that no source has handed out, for calling a plugin without a worker. Offsets are 0,
    /// 1, ...
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> MemoryBatch {
        let number = |(offset, entry): (usize, Entry)| Arc::new(Entry { offset: offset as i64, ..entry });
        MemoryBatch { entries: entries.into_iter().enumerate().map(number).collect(), ..MemoryBatch::default() }
    }
}

impl Default for MemoryBatch {
    fn default() -> MemoryBatch {
        MemoryBatch { partition: InputPartition::new(0, 0), entries: Vec::new() }
    }
}

impl Batch for MemoryBatch {
    fn partition(&self) -> InputPartition {
        self.partition
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn record(&self, at: usize) -> Record<'_> {
        let entry = &self.entries[at];
        Record {
            offset: Offset(entry.offset),
            timestamp: entry.timestamp,
            key: entry.key.as_deref(),
            value: entry.value.as_deref(),
        }
    }

    fn headers(&self, at: usize, each: &mut EachHeader<'_>) {
        for (name, value) in &self.entries[at].headers {
            each(name, value.as_deref());
        }
    }

    fn clear(&mut self) {
        self.entries.clear();
    }
}
