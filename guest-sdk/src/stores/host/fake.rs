//! Natively: the state of one partition, as the harness of this thread has it, behind the functions of the contract.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Keys and values of each store, by its number; one that was never changed may be missing.
pub(crate) type Kept = BTreeMap<u16, BTreeMap<Vec<u8>, Vec<u8>>>;

/// What a plugin has asked the host for its stores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StateCalls {
    /// Questions for all keys that a batch wanted, one per store and call.
    pub reads: u64,
    /// Keys in those.
    pub keys: u64,
    /// Questions for a single key that nobody had wanted.
    pub gets: u64,
    /// Scans.
    pub scans: u64,
}

#[derive(Debug, Default)]
struct Fake {
    kept: Kept,
    /// Names of the stores that the configuration says are unused.
    unused: Vec<(u16, &'static str)>,
    calls: StateCalls,
}

thread_local!(static FAKE: RefCell<Fake> = RefCell::default());

/// The state for the calls that follow on this thread.
pub(crate) fn set(kept: Kept, unused: Vec<(u16, &'static str)>) {
    FAKE.set(Fake { kept, unused, calls: StateCalls::default() });
}

/// Ends what [`set`] began.
pub(crate) fn take() -> (Kept, StateCalls) {
    let Fake { kept, calls, .. } = FAKE.take();
    (kept, calls)
}

/// As the contract has it.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) data: Vec<u8>,
    pub(crate) index: Vec<u32>,
}

impl Entries {
    fn push(&mut self, item: Option<&[u8]>) {
        match item {
            None => self.index.extend([0, u32::MAX]),
            Some(bytes) => {
                self.index.extend([self.data.len() as u32, bytes.len() as u32]);
                self.data.extend_from_slice(bytes);
            }
        }
    }
}

pub(crate) fn read(store: u16, keys: &Entries) -> Entries {
    asked(store, |calls, kept| {
        let (spans, _) = keys.index.as_chunks();
        (calls.reads, calls.keys) = (calls.reads + 1, calls.keys + spans.len() as u64);
        let mut values = Entries::default();
        for [at, len] in spans {
            let key = &keys.data[*at as usize..][..*len as usize];
            values.push(kept.and_then(|kept| kept.get(key)).map(Vec::as_slice));
        }
        values
    })
}

pub(crate) fn get(store: u16, key: &[u8]) -> Option<Vec<u8>> {
    asked(store, |calls, kept| {
        calls.gets += 1;
        kept?.get(key).cloned()
    })
}

pub(crate) fn scan(store: u16, prefix: &[u8], after: Option<&[u8]>, limit: u32) -> Entries {
    asked(store, |calls, kept| {
        calls.scans += 1;
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let mut entries = Entries::default();
        let range = kept.into_iter().flat_map(|kept| kept.range::<[u8], _>((from, Bound::Unbounded)));
        for (key, value) in range.take_while(|(key, _)| key.starts_with(prefix)).take(limit as usize) {
            entries.push(Some(key));
            entries.push(Some(value));
        }
        entries
    })
}

fn asked<T>(store: u16, answer: impl FnOnce(&mut StateCalls, Option<&BTreeMap<Vec<u8>, Vec<u8>>>) -> T) -> T {
    FAKE.with_borrow_mut(|Fake { kept, unused, calls }| {
        if let Some((_, name)) = unused.iter().find(|(number, _)| *number == store) {
            panic!("the store `{name}` is read, and `unused_stores` says that it is unused");
        }
        answer(calls, kept.get(&store))
    })
}
