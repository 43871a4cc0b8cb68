//! The keys that changelogs hold: read committed to the high watermark, as a restore does it, into a database of its own.
//! So neither the number of keys nor their size is bounded by memory.

use super::ResetError;
use crate::chunk::{self, Chunk};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wasmill_kafka::ChangelogReader;
use wasmill_record::{ChangelogEvent, ChangelogPartition, ChangelogSource, CommitOffset};
use wasmill_state::{CacheError, Stores};

const BOUNDS_TIMEOUT: Duration = Duration::from_secs(5);
const POLL_WAIT: Duration = Duration::from_millis(100);

pub(super) struct Copy {
    pub(super) source: ChangelogReader,
    pub(super) stores: Stores,
    /// How long a changelog may stand still below its end.
    pub(super) patience: Duration,
}

/// A key to be deleted: store and key.
pub(super) type Key = (u16, Vec<u8>);

impl Copy {
    /// Reads what has been added since the last time.
    pub(super) fn read(&mut self, partition: i32) -> Result<(), ResetError> {
        for store in 0..self.count() {
            let of = ChangelogPartition { store, partition };
            let bounds = self.source.bounds(of, BOUNDS_TIMEOUT);
            let (start, end) = bounds.map_err(|failure| self.error(of, failure.message))?;
            let read = self.stores.committed(partition).mark(store)?.map(|mark| mark.next);
            let from = read.unwrap_or(start);
            if from >= end {
                continue;
            }
            self.source.start(of, from).map_err(|failure| self.error(of, failure.message))?;
            let done = self.read_to(of, from, end);
            self.source.stop(of);
            done?;
        }
        Ok(())
    }

    fn read_to(&mut self, of: ChangelogPartition, from: CommitOffset, end: CommitOffset) -> Result<(), ResetError> {
        let state = self.stores.partition(of.partition)?;
        let (mut next, mut moved) = (from, Instant::now());
        let (mut chunk, chunk_bytes_max) = (Chunk::default(), chunk::bytes_max(1));
        while next < end {
            let (before, mut trouble) = (next, None);
            self.source.poll(POLL_WAIT, &mut |from: ChangelogPartition, event: ChangelogEvent<'_>| {
                // Read ahead of a stop.
                if from != of {
                    return;
                }
                match event {
                    ChangelogEvent::Change { next: behind, timestamp, key, value } => {
                        chunk.push(key, value, timestamp);
                        next = behind;
                    }
                    ChangelogEvent::End { next: behind } => next = behind.max(next),
                    ChangelogEvent::Failed { message } => trouble = Some(message.to_owned()),
                }
            });
            if let Some(message) = trouble {
                return Err(self.error(of, message));
            }
            if next > before {
                moved = Instant::now();
            }
            if chunk.is_full(chunk_bytes_max) || next >= end {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                chunk.write(&state, of.store, next, i64::try_from(since.as_millis()).unwrap_or(i64::MAX))?;
            }
            if moved.elapsed() > self.patience {
                let message = format!("a transaction is open at offset {}, and has not been ended", next.next());
                return Err(self.error(of, message));
            }
        }
        Ok(())
    }

    /// How many keys each store has.
    pub(super) fn keys(&self, partition: i32) -> Result<Vec<u64>, CacheError> {
        let count = |store| {
            let mut keys = 0;
            self.stores.committed(partition).scan(store, b"", None, &mut |_, _, _| {
                keys += 1;
                true
            })?;
            Ok(keys)
        };
        (0..self.count()).map(count).collect()
    }

    /// The next keys behind `after`, at most so many and about so many bytes of them.
    pub(super) fn next(
        &self,
        partition: i32,
        after: Option<&Key>,
        keys_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Key>, CacheError> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        let first = after.map_or(0, |(store, _)| *store);
        for store in first..self.count() {
            let after = after.filter(|(of, _)| *of == store).map(|(_, key)| key.as_slice());
            if found.len() >= keys_max || bytes >= bytes_max {
                break;
            }
            self.stores.committed(partition).scan(store, b"", after, &mut |key, _, _| {
                bytes += key.len();
                found.push((store, key.to_vec()));
                found.len() < keys_max && bytes < bytes_max
            })?;
        }
        Ok(found)
    }

    fn count(&self) -> u16 {
        u16::try_from(self.stores.len()).unwrap_or(u16::MAX)
    }

    fn error(&self, of: ChangelogPartition, message: String) -> ResetError {
        let store = self.stores.settings(of.store).map_or("", |settings| &settings.name).to_owned();
        ResetError::Changelog { store, partition: of.partition, message }
    }
}
