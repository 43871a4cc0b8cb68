//! Changes of one changelog partition that have been read and not been written.
//!
//! They are written many at once, because the cache makes a table of its own of them then, and tables that overlap have to be
//! merged: four times as many at once was 1.5 times as fast.

use wasmill_record::CommitOffset;
use wasmill_state::{CacheError, Partition, RestoredRecord};

/// Of one chunk; while it is written there is a copy of it.
const CHUNK_BYTES_MAX: usize = 32 << 20;
/// Of all that a pipeline has under way, together.
const CHUNKS_BYTES_MAX: usize = 128 << 20;
/// What a change costs beside its bytes.
const CHANGE_BYTES: usize = 64;

/// How large each of so many may become.
pub(crate) fn bytes_max(chunks: usize) -> usize {
    CHUNK_BYTES_MAX.min(CHUNKS_BYTES_MAX / chunks.max(1))
}

#[derive(Default)]
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    /// Lengths in `bytes`, in order; `None`: deleted.
    changes: Vec<(usize, Option<usize>, Option<i64>)>,
}

impl Chunk {
    pub(crate) fn push(&mut self, key: &[u8], value: Option<&[u8]>, timestamp: Option<i64>) {
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.changes.push((key.len(), value.map(<[u8]>::len), timestamp));
    }

    pub(crate) fn len(&self) -> usize {
        self.changes.len()
    }

    pub(crate) fn is_full(&self, bytes_max: usize) -> bool {
        self.bytes.len() + self.changes.len() * CHANGE_BYTES >= bytes_max
    }

    /// Into the cache, with the position behind it. After an error it is still there.
    pub(crate) fn write(
        &mut self,
        state: &Partition,
        store: u16,
        next: CommitOffset,
        now_ms: i64,
    ) -> Result<(), CacheError> {
        let mut rest = self.bytes.as_slice();
        let mut take = |len: usize| {
            let (part, left) = rest.split_at_checked(len).unwrap_or_default();
            rest = left;
            part
        };
        let mut records = Vec::with_capacity(self.changes.len());
        for (key, value, timestamp_ms) in self.changes.iter().copied() {
            let key = take(key);
            records.push(RestoredRecord { key, value: value.map(&mut take), timestamp_ms });
        }
        state.restore(store, &records, next, now_ms)?;
        self.bytes.clear();
        self.changes.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_are_under_way_they_share_what_there_is() {
        assert_eq!(bytes_max(1), CHUNK_BYTES_MAX, "one alone does not get all");
        assert!((0..100).all(|chunks| bytes_max(chunks) * chunks <= CHUNKS_BYTES_MAX));
    }

    #[test]
    fn a_chunk_is_full_of_bytes_or_of_many_small_changes() {
        let mut chunk = Chunk::default();
        chunk.push(b"key", Some(&[0; 1000]), None);
        assert!(!chunk.is_full(2000) && chunk.is_full(1003));
        (0..1000).for_each(|_| chunk.push(b"k", None, None));
        assert!(chunk.is_full(10_000), "a thousand deletions are not for free");
    }
}
