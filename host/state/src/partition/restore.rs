//! A start: from the changelog into the cache.
//!
//! Each chunk is one atomic write with the position behind it, so a restore that was cut off goes on from there. Until
//! [`Partition::restored`] the mark has no token: nothing that is half restored can be taken for exact.

use super::Partition;
use crate::stores::Store;
use crate::{CacheError, Mark, entry};
use wasmill_record::CommitOffset;

/// Keys deleted per atomic write when a store is cleared.
const CLEAR_KEYS: usize = 5_000;

/// From so many keys on, a chunk becomes a table of its own: less work per key, but each table has to be merged with the
/// others, so fewer keys would cost more than they save.
const INGEST_KEYS: usize = 20_000;

/// A record of the changelog; `value` is `None` for a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoredRecord<'a> {
    pub key: &'a [u8],
    pub value: Option<&'a [u8]>,
    pub timestamp_ms: Option<i64>,
}

impl Partition {
    /// Takes a store of this partition back to nothing: first the mark, then the entries, so that what is half cleared
    /// is never used.
    ///
    /// # Errors
    /// There is no such store, the disk is full, or the database fails. Call again.
    pub fn clear(&self, store: u16) -> Result<(), CacheError> {
        let at = usize::from(store);
        let store = self.stores.store(store)?;
        let mut state = self.state();
        self.stores.commit(|write| write.delete(store.tree, entry::mark_key(self.partition)))?;
        if let Some(mark) = state.marks.get_mut(at) {
            *mark = None;
        }
        // What the stream had come to counts for what is kept only.
        state.stream_time_ms = state.marks.iter().flatten().filter_map(|mark| mark.stream_time_ms).max();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let keys: Vec<Vec<u8>> = self.stores.shared.read(|engine| {
                // After the last one deleted: from the beginning, each round would pass over all deletions again.
                let found = engine.range(store.tree, entry::range(self.partition, b"", after.as_deref()))?;
                found.take(CLEAR_KEYS).map(|entry| entry.map(|(key, _)| key.to_vec())).collect()
            })?;
            let Some(last) = keys.last() else {
                return Ok(());
            };
            after = entry::own_key(last).map(<[u8]>::to_vec);
            self.stores.commit(|write| keys.into_iter().for_each(|key| write.delete(store.tree, key)))?;
        }
    }

    /// Takes in a chunk of the changelog, in the order of its offsets: the larger the faster.
    /// `next` is the offset behind it. `now_ms` is the wall time: a store that had no mark counts its age from here.
    ///
    /// # Errors
    /// There is no such store, a key is too long, the disk is full, or the database fails. Call again with the same.
    pub fn restore(
        &self,
        store: u16,
        records: &[RestoredRecord<'_>],
        next: CommitOffset,
        now_ms: i64,
    ) -> Result<(), CacheError> {
        let at = usize::from(store);
        let store = self.stores.store(store)?;
        records.iter().try_for_each(|record| entry::check_key(record.key))?;
        let mut state = self.state();
        records.iter().for_each(|record| state.observe(record.timestamp_ms));
        let earlier = state.marks.get(at).and_then(Option::as_ref);
        // An interrupted replay keeps the age it began with: what the log may have forgotten since then is unknown.
        let mark = self.mark(store, earlier, next, now_ms)?;
        let mark = Mark { token: None, stream_time_ms: state.stream_time_ms, ..mark };
        let entries = self.entries(records);
        if entries.len() < INGEST_KEYS {
            self.stores.commit(|write| {
                for (key, value) in entries {
                    match value {
                        Some(value) => write.put(store.tree, key, value),
                        None => write.delete(store.tree, key),
                    }
                }
                write.put(store.tree, entry::mark_key(self.partition), mark.encode());
            })?;
        } else {
            // Marks lie behind all partitions, so it is still ascending.
            let mark = (entry::mark_key(self.partition), Some(mark.encode()));
            self.stores.ingest(store.tree, entries.into_iter().chain([mark]).collect())?;
        }
        if let Some(slot) = state.marks.get_mut(at) {
            *slot = Some(mark);
        }
        Ok(())
    }

    /// As they go into the tree: ascending, and each key once (see `engine.rs`), with its last value.
    fn entries(&self, records: &[RestoredRecord<'_>]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let mut latest: Vec<&RestoredRecord<'_>> = records.iter().rev().collect();
        // Stable: of one key the latest stays first.
        latest.sort_by_key(|record| record.key);
        latest.dedup_by_key(|record| record.key);
        let entry = |record: &RestoredRecord<'_>| {
            let value = record.value.map(|value| entry::tree_value(record.timestamp_ms, value));
            (entry::tree_key(self.partition, record.key), value)
        };
        latest.into_iter().map(entry).collect()
    }

    /// The restore is complete, of all stores: each goes up to its position, and `token` is the one that was committed
    /// with the input's offset when the restore began.
    ///
    /// # Errors
    /// Not one position per store, the disk is full, or the database fails. Call again.
    pub fn restored(&self, token: Option<&str>, positions: &[CommitOffset], now_ms: i64) -> Result<(), CacheError> {
        let stores = &self.stores.stores;
        if positions.len() != stores.len() {
            return Err(CacheError::Refused(format!("{} positions for {} stores", positions.len(), stores.len())));
        }
        let mut state = self.state();
        if self.is_empty()? {
            // Deletions only, as a reset leaves them: the stream begins anew, wherever it begins.
            state.stream_time_ms = None;
        }
        let mut marks = Vec::with_capacity(stores.len());
        for ((store, earlier), next) in stores.iter().zip(&state.marks).zip(positions) {
            let mark = self.mark(store, earlier.as_ref(), *next, now_ms)?;
            let (token, stream_time_ms) = (token.map(str::to_owned), state.stream_time_ms);
            marks.push(Mark { token, applied_ms: now_ms, stream_time_ms, ..mark });
        }
        self.stores.commit(|write| {
            for (store, mark) in stores.iter().zip(&marks) {
                write.put(store.tree, entry::mark_key(self.partition), mark.encode());
            }
        })?;
        state.marks = marks.into_iter().map(Some).collect();
        Ok(())
    }

    /// Whether no store has an entry.
    fn is_empty(&self) -> Result<bool, CacheError> {
        for store in &self.stores.stores {
            let range = entry::range(self.partition, b"", None);
            if self.stores.shared.read(|engine| engine.range(store.tree, range)?.next().transpose())?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A mark at `next`, as old as the earlier one.
    fn mark(&self, store: &Store, earlier: Option<&Mark>, next: CommitOffset, now_ms: i64) -> Result<Mark, CacheError> {
        let cluster_id = self.stores.cluster_id.clone();
        let topic_id = store.settings.topic_id.clone();
        if earlier.is_some_and(|mark| mark.cluster_id != cluster_id || mark.topic_id != topic_id) {
            let name = &store.settings.name;
            return Err(CacheError::Refused(format!("store `{name}` is of another changelog and was not cleared")));
        }
        let applied_ms = earlier.map_or(now_ms, |mark| mark.applied_ms);
        Ok(Mark { cluster_id, topic_id, next, token: None, applied_ms, stream_time_ms: None })
    }
}
