//! Expired keys, to be deleted for good: a few per transaction, round and round.
//!
//! They are deleted like any other key, through overlay and changelog, so that the changelog loses them too. Reading
//! needs none of this: what has expired is not there, swept or not.

use super::Partition;
use crate::{CacheError, entry};

/// A key to delete with [`Partition::change`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiredKey {
    pub store: u16,
    pub key: Vec<u8>,
}

/// Where the next round goes on.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    store: usize,
    after: Option<Vec<u8>>,
}

impl Partition {
    /// Looks at the next `keys_max` committed keys of stores with a time to live, at most once at each, and says which
    /// have expired and are not changed by the open transaction. The next call goes on where this one ended; what is not
    /// deleted then, because the transaction was aborted, is found a round later.
    ///
    /// # Errors
    /// The database fails.
    pub fn expired(&self, keys_max: usize) -> Result<Vec<ExpiredKey>, CacheError> {
        let mut state = self.state();
        let mut cursor = std::mem::take(&mut state.cursor);
        let mut found = Vec::new();
        let looked = self.stores.shared.read(|engine| {
            let mut left = keys_max;
            for _ in 0..self.stores.stores.len() {
                let number = u16::try_from(cursor.store).unwrap_or(u16::MAX);
                if let Some(store) = self.stores.stores.get(cursor.store).filter(|store| store.settings.ttl.is_some()) {
                    let range = entry::range(self.partition, b"", cursor.after.as_deref());
                    for cached in engine.range(store.tree, range)? {
                        if left == 0 {
                            return Ok(());
                        }
                        left -= 1;
                        let (key, value) = cached?;
                        let (Some(key), Some((written, _))) = (entry::own_key(&key), entry::own_value(&value)) else {
                            continue;
                        };
                        if entry::has_expired(written, store.settings.ttl, state.stream_time_ms)
                            && state.overlay.get(number, key).is_none()
                        {
                            found.push(ExpiredKey { store: number, key: key.to_vec() });
                        }
                        cursor.after = Some(key.to_vec());
                    }
                }
                cursor = Cursor { store: cursor.store + 1, after: None };
                if cursor.store >= self.stores.stores.len() {
                    cursor.store = 0;
                }
            }
            Ok(())
        });
        state.cursor = cursor;
        looked.map(|()| found)
    }
}
