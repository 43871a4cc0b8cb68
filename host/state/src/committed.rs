//! What is committed, for people who look on: never sees an overlay, and each call sees one moment.

use crate::entry;
use crate::stores::StoresInner;
use crate::{CacheError, Mark};
use std::sync::Arc;

/// Called with key, timestamp of the record that wrote it, and value; whether it wants the next one.
pub type EachCommitted<'a> = dyn FnMut(&[u8], Option<i64>, &[u8]) -> bool + 'a;

/// The committed values of one partition of the input. A partition that this process doesn't own may be old.
pub struct Committed {
    stores: Arc<StoresInner>,
    partition: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedValue {
    pub value: Vec<u8>,
    /// Of the record that wrote it.
    pub timestamp_ms: Option<i64>,
}

impl Committed {
    pub(crate) fn new(stores: Arc<StoresInner>, partition: i32) -> Committed {
        Committed { stores, partition }
    }

    /// # Errors
    /// The database fails, or there is no such store.
    pub fn get(&self, store: u16, key: &[u8]) -> Result<Option<CommittedValue>, CacheError> {
        let store = self.stores.store(store)?;
        let mark_key = entry::mark_key(self.partition);
        let (mark, value) = self.stores.shared.read(|engine| {
            let view = engine.view();
            Ok((view.get(store.tree, &mark_key)?, view.get(store.tree, &entry::tree_key(self.partition, key))?))
        })?;
        let stream_time_ms = store.decode_mark(mark.as_deref()).and_then(|mark| mark.stream_time_ms);
        Ok(value.as_deref().and_then(entry::own_value).and_then(|(timestamp_ms, value)| {
            let gone = entry::has_expired(timestamp_ms, store.settings.ttl, stream_time_ms);
            (!gone).then(|| CommittedValue { value: value.to_vec(), timestamp_ms })
        }))
    }

    /// Ascending keys that begin with `prefix` and come after `after`, until `each` wants no more.
    ///
    /// # Errors
    /// The database fails, or there is no such store.
    pub fn scan(
        &self,
        store: u16,
        prefix: &[u8],
        after: Option<&[u8]>,
        each: &mut EachCommitted<'_>,
    ) -> Result<(), CacheError> {
        let store = self.stores.store(store)?;
        let mark_key = entry::mark_key(self.partition);
        self.stores.shared.read(|engine| {
            let view = engine.view();
            let mark = store.decode_mark(view.get(store.tree, &mark_key)?.as_deref());
            let stream_time_ms = mark.and_then(|mark| mark.stream_time_ms);
            for found in view.range(store.tree, entry::range(self.partition, prefix, after))? {
                let (key, value) = found?;
                let (Some(key), Some((written, value))) = (entry::own_key(&key), entry::own_value(&value)) else {
                    continue;
                };
                if !entry::has_expired(written, store.settings.ttl, stream_time_ms) && !each(key, written, value) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// How far a store goes; `None` if it isn't cached.
    ///
    /// # Errors
    /// The database fails, or there is no such store.
    pub fn mark(&self, store: u16) -> Result<Option<Mark>, CacheError> {
        let store = self.stores.store(store)?;
        let mark_key = entry::mark_key(self.partition);
        let mark = self.stores.shared.read(|engine| engine.get(store.tree, &mark_key))?;
        Ok(store.decode_mark(mark.as_deref()))
    }
}
