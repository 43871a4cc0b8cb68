//! What one store knows during a call: the keys that were named, what the host keeps for them, and what has become of it.
//!
//! Keys and values lie in three buffers, so that nothing is allocated per key once they have grown: keys and stored values
//! here, changed values in the reply under way, where they have to go anyway. All of it is as large as what one call names
//! and reads; [`Slots::clear`] ends it.

use super::host::{self, Entries};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;
use wasmill_wire::Span;

/// The length of a null in [`Entries`].
const NULL: u32 = u32::MAX;

#[derive(Debug, Default)]
pub struct Slots {
    /// As the host wants them: the bytes of all keys, and where each begins and how long it is.
    keys: Vec<u8>,
    index: Vec<u32>,
    /// One per key, in the order in which they were named.
    slots: Vec<Slot>,
    /// Slots by key. Nothing is ever read from it in its order, so that its hash may differ from instance to instance.
    by_key: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The slot that was named last: most keys are got and then put.
    last: usize,
    /// What the host has answered.
    values: Vec<u8>,
    /// Slots that the record at hand has changed.
    touched: Vec<u32>,
}

#[derive(Debug, Default)]
struct Slot {
    kept: Kept,
    /// Changed by a record that was accepted in this call.
    accepted: Option<Changed>,
    /// Changed by the record at hand.
    pending: Option<Changed>,
}

/// What the host has for a key.
#[derive(Debug, Default, Clone, Copy)]
enum Kept {
    #[default]
    Unasked,
    Absent,
    At(Span),
}

/// The new value, in the reply's data; `None`: deleted.
type Changed = Option<Span>;

/// What a key has now.
pub(super) enum Value<'a> {
    Absent,
    Stored(&'a [u8]),
    /// In the reply's data.
    Changed(Span),
}

impl Slots {
    /// The slot of the key that `write` appends; a new one if the call has not named it yet.
    pub(super) fn slot(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> usize {
        let before = self.keys.len();
        write(&mut self.keys);
        let key = self.keys.get(before..).unwrap_or_default();
        let is = |slot: usize| key_at(&self.keys, &self.index, slot) == key;
        if self.last < self.slots.len() && is(self.last) {
            self.keys.truncate(before);
            return self.last;
        }
        let hash = self.hasher.hash_one(key);
        if let Some(slot) = self.by_key.find(hash, |slot| is(*slot as usize)) {
            self.last = *slot as usize;
            self.keys.truncate(before);
            return self.last;
        }
        let slot = self.slots.len();
        self.last = slot;
        // A guest's memory ends at 4 GiB, so positions and numbers are words.
        self.index.extend_from_slice(&[before as u32, key.len() as u32]);
        self.slots.push(Slot::default());
        let (keys, index, hasher) = (&self.keys, &self.index, &self.hasher);
        self.by_key.insert_unique(hash, slot as u32, |slot| hasher.hash_one(key_at(keys, index, *slot as usize)));
        slot
    }

    pub(super) fn key(&self, slot: usize) -> &[u8] {
        key_at(&self.keys, &self.index, slot)
    }

    /// Asks the host for all keys that were named so far.
    pub(super) fn read(&mut self, store: u16) {
        if self.slots.is_empty() {
            return;
        }
        let keys = Entries { data: std::mem::take(&mut self.keys), index: std::mem::take(&mut self.index) };
        let Entries { data, index } = host::read(store, &keys);
        (self.keys, self.index, self.values) = (keys.data, keys.index, data);
        let (answers, _) = index.as_chunks();
        assert_eq!(answers.len(), self.slots.len(), "the host answers each key once");
        for (slot, [at, len]) in self.slots.iter_mut().zip(answers) {
            slot.kept = if *len == NULL { Kept::Absent } else { Kept::At(Span { at: *at, len: *len }) };
        }
    }

    /// What the key has, for the record at hand. Asks the host where that is not known yet.
    pub(super) fn value(&mut self, slot: usize, store: u16) -> Value<'_> {
        let Slot { pending, accepted, kept } = &mut self.slots[slot];
        if let Some(changed) = pending.or(*accepted) {
            return changed.map_or(Value::Absent, Value::Changed);
        }
        if matches!(kept, Kept::Unasked) {
            *kept = match host::get(store, key_at(&self.keys, &self.index, slot)) {
                None => Kept::Absent,
                Some(value) => {
                    let at = self.values.len() as u32;
                    self.values.extend_from_slice(&value);
                    Kept::At(Span { at, len: value.len() as u32 })
                }
            };
        }
        match kept {
            // A guest trusts its host.
            Kept::At(Span { at, len }) => Value::Stored(&self.values[*at as usize..][..*len as usize]),
            Kept::Unasked | Kept::Absent => Value::Absent,
        }
    }

    /// The record at hand changes the key.
    pub(super) fn change(&mut self, slot: usize, value: Changed) {
        if self.slots[slot].pending.replace(value).is_none() {
            self.touched.push(slot as u32);
        }
    }

    /// Tells the changes of the record at hand, in the order in which keys were first changed, and makes them the call's.
    pub(super) fn keep(&mut self, mut each: impl FnMut(&[u8], Changed)) {
        for slot in self.touched.drain(..) {
            let slot = slot as usize;
            if let Some(value) = self.slots[slot].pending.take() {
                self.slots[slot].accepted = Some(value);
                each(key_at(&self.keys, &self.index, slot), value);
            }
        }
    }

    /// The record at hand has changed nothing.
    pub(super) fn forget(&mut self) {
        for slot in self.touched.drain(..) {
            self.slots[slot as usize].pending = None;
        }
    }

    /// All that has changed, by the call's accepted records and the one at hand: ascending keys that begin with `prefix`
    /// and come after `after`.
    pub(super) fn changed(&self, prefix: &[u8], after: Option<&[u8]>) -> Vec<(&[u8], Changed)> {
        let within = |key: &[u8]| key.starts_with(prefix) && after.is_none_or(|after| key > after);
        let changes = self.slots.iter().enumerate().filter_map(|(at, slot)| {
            let value = slot.pending.or(slot.accepted)?;
            Some((self.key(at), value)).filter(|(key, _)| within(key))
        });
        let mut changes: Vec<_> = changes.collect();
        changes.sort_unstable_by_key(|(key, _)| *key);
        changes
    }

    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.index.clear();
        self.slots.clear();
        self.by_key.clear();
        self.values = Vec::new();
        self.touched.clear();
    }
}

fn key_at<'k>(keys: &'k [u8], index: &[u32], slot: usize) -> &'k [u8] {
    let [at, len] = index.as_chunks().0[slot];
    &keys[at as usize..][..len as usize]
}
