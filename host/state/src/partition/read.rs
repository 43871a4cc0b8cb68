//! Reading during a call: the overlay first, the cache below it; what has expired is not there.

use super::Partition;
use crate::engine::{Bytes, Fault};
use crate::{CacheError, entry};
use std::cmp::Ordering;
use std::ops::Bound;
use wasmill_record::{EachEntry, ReadState, StateError};

impl ReadState for Partition {
    fn get(&self, store: u16, key: &[u8], into: &mut Vec<u8>) -> Result<Option<usize>, StateError> {
        Ok(self.read(store, key, into)?)
    }

    /// `each` must not call back into this partition.
    fn scan(
        &self,
        store: u16,
        prefix: &[u8],
        after: Option<&[u8]>,
        each: &mut EachEntry<'_>,
    ) -> Result<(), StateError> {
        Ok(self.merge(store, prefix, after, each)?)
    }
}

impl Partition {
    fn read(&self, number: u16, key: &[u8], into: &mut Vec<u8>) -> Result<Option<usize>, CacheError> {
        let store = self.stores.store(number)?;
        let ttl = store.settings.ttl;
        let state = self.state();
        if let Some(seen) = state.overlay.get(number, key) {
            let gone = entry::has_expired(seen.written_ms, ttl, state.stream_time_ms);
            return Ok(seen.value.filter(|_| !gone).map(|value| append(value, into)));
        }
        if entry::check_key(key).is_err() {
            return Ok(None);
        }
        let found = self.stores.shared.read(|engine| engine.get(store.tree, &entry::tree_key(self.partition, key)))?;
        let Some(found) = found else {
            return Ok(None);
        };
        let (written, value) =
            entry::own_value(&found).ok_or_else(|| self.stores.shared.condemn("a value without its header"))?;
        let gone = entry::has_expired(written, ttl, state.stream_time_ms);
        Ok((!gone).then(|| append(value, into)))
    }

    fn merge(
        &self,
        number: u16,
        prefix: &[u8],
        after: Option<&[u8]>,
        each: &mut EachEntry<'_>,
    ) -> Result<(), CacheError> {
        let store = self.stores.store(number)?;
        let ttl = store.settings.ttl;
        let state = self.state();
        let lower = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let mut changed = state.overlay.from(number, lower).take_while(|(key, _)| key.starts_with(prefix)).peekable();
        self.stores.shared.read(|engine| {
            let mut cached = engine.range(store.tree, entry::range(self.partition, prefix, after))?;
            let mut next = cached.next().transpose()?;
            loop {
                let order = match (&next, changed.peek()) {
                    (None, None) => return Ok(()),
                    (None, Some(_)) => Ordering::Greater,
                    (Some(_), None) => Ordering::Less,
                    (Some((key, _)), Some((other, _))) => own(key)?.cmp(other),
                };
                let more = if order == Ordering::Less {
                    let Some((key, value)) = next.take() else { return Ok(()) };
                    next = cached.next().transpose()?;
                    let (written, value) = entry::own_value(&value).ok_or_else(strange)?;
                    entry::has_expired(written, ttl, state.stream_time_ms) || each(own(&key)?, value)
                } else {
                    if order == Ordering::Equal {
                        next = cached.next().transpose()?;
                    }
                    let Some((key, seen)) = changed.next() else { return Ok(()) };
                    let gone = entry::has_expired(seen.written_ms, ttl, state.stream_time_ms);
                    seen.value.filter(|_| !gone).is_none_or(|value| each(key, value))
                };
                if !more {
                    return Ok(());
                }
            }
        })
    }
}

fn own(key: &Bytes) -> Result<&[u8], Fault> {
    entry::own_key(key).ok_or_else(strange)
}

fn strange() -> Fault {
    Fault::Damaged("a key or a value without its header".into())
}

fn append(value: &[u8], into: &mut Vec<u8>) -> usize {
    into.extend_from_slice(value);
    value.len()
}
