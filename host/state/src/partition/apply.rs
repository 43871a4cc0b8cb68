//! From the overlay into the cache, after the commit.

use super::Partition;
use crate::{CacheError, Mark, entry};
use wasmill_record::ChangelogEnd;

/// What the committed transaction says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied<'a> {
    /// Stored with the input's offset in the same transaction.
    pub token: &'a str,
    /// Behind the last acknowledged change, for each store that was changed. Those of other partitions are passed over.
    pub ends: &'a [ChangelogEnd],
    /// Wall time.
    pub now_ms: i64,
}

impl Partition {
    /// Puts what was changed into the cache together with the marks, in one atomic write, and empties the overlay. Only
    /// after the commit, and after each one, changed or not: the token is a new one.
    ///
    /// After an error the overlay is still there and readable; call again.
    ///
    /// # Errors
    /// The disk is full, or the database fails. A store was never restored.
    pub fn apply(&self, applied: &Applied<'_>) -> Result<(), CacheError> {
        let mut state = self.state();
        let mut marks = Vec::with_capacity(self.stores.stores.len());
        for ((number, store), mark) in (0u16..).zip(&self.stores.stores).zip(&state.marks) {
            let mark = mark.as_ref().ok_or_else(|| CacheError::NotRestored(store.settings.name.clone()))?;
            let ends = applied.ends.iter().filter(|end| end.store == number && end.partition == self.partition);
            marks.push(Mark {
                // A late answer about an earlier change doesn't take the position back.
                next: ends.map(|end| end.next).fold(mark.next, Ord::max),
                token: Some(applied.token.to_owned()),
                applied_ms: applied.now_ms,
                stream_time_ms: state.stream_time_ms,
                ..mark.clone()
            });
        }
        self.stores.commit(|write| {
            for change in state.overlay.each() {
                // A change of a store that isn't there never got into the overlay.
                let Ok(store) = self.stores.store(change.store) else { continue };
                let key = entry::tree_key(self.partition, change.key);
                match change.value {
                    Some(value) => write.put(store.tree, key, entry::tree_value(change.timestamp_ms, value)),
                    None => write.delete(store.tree, key),
                }
            }
            for (store, mark) in self.stores.stores.iter().zip(&marks) {
                write.put(store.tree, entry::mark_key(self.partition), mark.encode());
            }
        })?;
        state.marks = marks.into_iter().map(Some).collect();
        state.overlay.clear();
        Ok(())
    }
}
