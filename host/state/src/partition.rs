//! All stores of a pipeline for one partition of its input: the overlay over the cache.
//!
//! Legal moves of a store, for its owner:
//!
//! ```text
//! no mark ──restore*──> mark without token ──restored──> mark with token ──change*, apply──> mark with token
//!    ▲                                                        │──change*, drop_changes──> as before
//!    └──clear── anything
//! ```
//!
//! The worker changes and reads, one thread at a time; the mutex is for the type's sake and for those who count.

mod apply;
mod expire;
mod read;
mod restore;

pub use apply::Applied;
pub use expire::ExpiredKey;
pub use restore::RestoredRecord;

use crate::overlay::Overlay;
use crate::stores::StoresInner;
use crate::{CacheError, Committed, Mark, OverlayChange, entry};
use expire::Cursor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub struct Partition {
    stores: Arc<StoresInner>,
    partition: i32,
    state: Mutex<State>,
}

struct State {
    overlay: Overlay,
    /// As they are on the disk, by store.
    marks: Vec<Option<Mark>>,
    stream_time_ms: Option<i64>,
    cursor: Cursor,
}

impl Partition {
    pub(crate) fn open(stores: Arc<StoresInner>, partition: i32) -> Result<Partition, CacheError> {
        if partition < 0 {
            return Err(CacheError::Refused(format!("partition {partition}")));
        }
        let mut marks = Vec::with_capacity(stores.stores.len());
        for store in &stores.stores {
            let bytes = stores.shared.read(|engine| engine.get(store.tree, &entry::mark_key(partition)))?;
            marks.push(store.decode_mark(bytes.as_deref()));
        }
        let stream_time_ms = marks.iter().flatten().filter_map(|mark| mark.stream_time_ms).max();
        let overlay = Overlay::new(marks.len());
        let state = State { overlay, marks, stream_time_ms, cursor: Cursor::default() };
        Ok(Partition { stores, partition, state: Mutex::new(state) })
    }

    /// A record with this timestamp is about to be processed: the stream has come at least so far.
    pub fn observe(&self, timestamp_ms: Option<i64>) {
        self.state().observe(timestamp_ms);
    }

    /// The largest timestamp seen.
    #[cfg(test)]
    pub(crate) fn stream_time_ms(&self) -> Option<i64> {
        self.state().stream_time_ms
    }

    /// A change of the open transaction, by a record with this timestamp; `None` deletes the key. What has no timestamp
    /// was written at stream time.
    ///
    /// # Errors
    /// There is no such store, or the key is too long for any.
    pub fn change(
        &self,
        store: u16,
        key: &[u8],
        value: Option<&[u8]>,
        timestamp_ms: Option<i64>,
    ) -> Result<(), CacheError> {
        entry::check_key(key)?;
        let mut state = self.state();
        let timestamp_ms = timestamp_ms.or(state.stream_time_ms);
        let known = state.overlay.change(OverlayChange { store, key, value, timestamp_ms });
        if known { Ok(()) } else { Err(CacheError::NoSuchStore(store)) }
    }

    /// What the overlay holds in memory, counting what each entry costs beside its bytes.
    pub fn overlay_bytes(&self) -> usize {
        self.state().overlay.bytes()
    }

    /// Keys changed by the open transaction.
    pub fn changes(&self) -> usize {
        self.state().overlay.len()
    }

    /// Once for each changed key, in the order in which they were first changed: what goes into the changelog.
    ///
    /// # Errors
    /// That of `each`, at the first.
    pub fn each_change<E>(&self, each: impl FnMut(OverlayChange<'_>) -> Result<(), E>) -> Result<(), E> {
        self.state().overlay.each().try_for_each(each)
    }

    /// The transaction was aborted: what it changed never was.
    pub fn drop_changes(&self) {
        self.state().overlay.clear();
    }

    /// How far each store goes, by number.
    pub fn marks(&self) -> Vec<Option<Mark>> {
        self.state().marks.clone()
    }

    /// The committed values, for people who look on.
    pub fn committed(&self) -> Committed {
        Committed::new(Arc::clone(&self.stores), self.partition)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in between leaves at worst an overlay that the rewind after it drops.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Partition").field("partition", &self.partition).finish_non_exhaustive()
    }
}

impl State {
    fn observe(&mut self, timestamp_ms: Option<i64>) {
        self.stream_time_ms = self.stream_time_ms.max(timestamp_ms);
    }
}

#[cfg(test)]
mod tests;
