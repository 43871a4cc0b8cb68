//! What the open transaction has changed: one entry per changed key, the last value wins.
//!
//! Bounded by who fills it: reaching `state.overlay_mib` commits.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// What an entry costs beside its key and value: two references to the key, the node, the slot.
const ENTRY_BYTES: usize = 96;

/// A changed key, as it goes into the changelog. `value` is `None` for a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverlayChange<'a> {
    pub store: u16,
    pub key: &'a [u8],
    pub value: Option<&'a [u8]>,
    /// For the changelog record: a restore expires by it.
    pub timestamp_ms: Option<i64>,
}

struct Changed {
    store: u16,
    key: Arc<[u8]>,
    value: Option<Vec<u8>>,
    timestamp_ms: Option<i64>,
}

#[derive(Default)]
pub(crate) struct Overlay {
    /// In the order of the first change of each key.
    changed: Vec<Changed>,
    /// By store, where in `changed` a key is.
    index: Vec<BTreeMap<Arc<[u8]>, usize>>,
    bytes: usize,
}

/// A value of the overlay, or that there is none any more.
pub(crate) struct Seen<'a> {
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) written_ms: Option<i64>,
}

impl Overlay {
    pub(crate) fn new(stores: usize) -> Overlay {
        Overlay { index: (0..stores).map(|_| BTreeMap::new()).collect(), ..Overlay::default() }
    }

    /// `false` if there is no such store.
    pub(crate) fn change(&mut self, change: OverlayChange<'_>) -> bool {
        let OverlayChange { store, key, value, timestamp_ms } = change;
        let Some(index) = self.index.get_mut(usize::from(store)) else {
            return false;
        };
        let value = value.map(<[u8]>::to_vec);
        let added = value.as_ref().map_or(0, Vec::len);
        if let Some(earlier) = index.get(key).and_then(|at| self.changed.get_mut(*at)) {
            self.bytes = self.bytes.saturating_sub(earlier.value.as_ref().map_or(0, Vec::len)) + added;
            earlier.value = value;
            earlier.timestamp_ms = timestamp_ms;
        } else {
            let key: Arc<[u8]> = key.into();
            self.bytes += added + key.len() + ENTRY_BYTES;
            index.insert(Arc::clone(&key), self.changed.len());
            self.changed.push(Changed { store, key, value, timestamp_ms });
        }
        true
    }

    pub(crate) fn get(&self, store: u16, key: &[u8]) -> Option<Seen<'_>> {
        let at = self.index.get(usize::from(store))?.get(key)?;
        self.changed.get(*at).map(Changed::seen)
    }

    /// Changed keys of a store from `lower` on, ascending.
    pub(crate) fn from(&self, store: u16, lower: Bound<&[u8]>) -> impl Iterator<Item = (&[u8], Seen<'_>)> {
        let index = self.index.get(usize::from(store));
        let range = index.map(|index| index.range::<[u8], _>((lower, Bound::Unbounded))).into_iter().flatten();
        range.filter_map(|(key, at)| Some((&**key, self.changed.get(*at)?.seen())))
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = OverlayChange<'_>> {
        self.changed.iter().map(|Changed { store, key, value, timestamp_ms }| OverlayChange {
            store: *store,
            key,
            value: value.as_deref(),
            timestamp_ms: *timestamp_ms,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.changed.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.changed.clear();
        self.index.iter_mut().for_each(BTreeMap::clear);
        self.bytes = 0;
    }
}

impl Changed {
    fn seen(&self) -> Seen<'_> {
        Seen { value: self.value.as_deref(), written_ms: self.timestamp_ms }
    }
}

#[cfg(test)]
mod tests;
