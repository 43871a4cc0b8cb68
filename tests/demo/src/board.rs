//! What is known while the demo runs: written by feeds and readers, shown on the screen, waited on by the run.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One for each pipeline, in their order.
pub(crate) type Tallies = [Tally; 4];

/// Of one pipeline.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// Records in its inputs, as far as they have been seen: sent by a feed, or come out of the pipeline before.
    pub(crate) inputs: u64,
    pub(crate) outputs: u64,
    /// Of the inputs, those that it will drop.
    pub(crate) again: u64,
    pub(crate) dead_letters: BTreeMap<String, u64>,
    /// From the time at which an order or a text was due to the sight of what became of it here, by a reader of committed
    /// records; in milliseconds.
    pub(crate) latencies_ms: Vec<u32>,
    /// When the youngest of them was due; milliseconds since 1970.
    pub(crate) youngest_ms: u64,
    pub(crate) began: Option<Instant>,
    pub(crate) last_arrival: Option<Instant>,
}

impl Tally {
    pub(crate) fn set_aside(&self) -> u64 {
        self.dead_letters.values().sum()
    }

    pub(crate) fn arrived(&self) -> u64 {
        self.outputs + self.set_aside()
    }

    pub(crate) fn on_the_way(&self) -> u64 {
        self.inputs.saturating_sub(self.arrived() + self.again)
    }

    /// A record has been answered, or set aside with a code.
    pub(crate) fn arrive(&mut self, code: Option<String>) {
        match code {
            Some(code) => *self.dead_letters.entry(code).or_default() += 1,
            None => self.outputs += 1,
        }
        self.last_arrival = Some(Instant::now());
    }

    /// How long that took.
    pub(crate) fn took(&mut self, due_ms: u64, now_ms: u64) {
        self.latencies_ms.push(u32::try_from(now_ms.saturating_sub(due_ms)).unwrap_or(u32::MAX));
        self.youngest_ms = self.youngest_ms.max(due_ms);
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Every change of a tally wakes whoever waits.
#[derive(Debug, Default)]
pub(crate) struct Board {
    tallies: Mutex<Tallies>,
    changed: Condvar,
    /// Orders about which the inventory has decided: no more than are sent.
    decided: Mutex<HashSet<String>>,
}

impl Board {
    pub(crate) fn change(&self, pipeline: usize, change: impl FnOnce(&mut Tally)) {
        if let Some(tally) = self.lock().get_mut(pipeline) {
            change(tally);
        }
        self.changed.notify_all();
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Tallies) -> T) -> T {
        read(&self.lock())
    }

    pub(crate) fn decide(&self, order: String) {
        self.decided.lock().unwrap_or_else(PoisonError::into_inner).insert(order);
    }

    pub(crate) fn is_decided(&self, order: &str) -> bool {
        self.decided.lock().unwrap_or_else(PoisonError::into_inner).contains(order)
    }

    /// Waits until it is so, but not longer than this; whether it is.
    pub(crate) fn wait(&self, within: Duration, is_so: impl Fn(&Tallies) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), within, |tallies| !is_so(tallies));
        let (tallies, _) = waited.unwrap_or_else(PoisonError::into_inner);
        is_so(&tallies)
    }

    /// Lets time pass between two looks at what announces no change.
    pub(crate) fn pass(&self, time: Duration) {
        self.wait(time, |_| false);
    }

    fn lock(&self) -> MutexGuard<'_, Tallies> {
        // The numbers are good whatever happened to the thread that changed one.
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
