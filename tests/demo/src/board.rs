//! What is known while the demo runs: written by feeds and readers, shown on the screen, waited on by the run.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Of one pipeline.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    pub(crate) outputs: u64,
    pub(crate) dead_letters: BTreeMap<String, u64>,
    /// From a record's timestamp, which is when it was sent, to its sight by a reader of committed records; in
    /// milliseconds, one for each record that was sent.
    pub(crate) latencies_ms: Vec<u32>,
    /// When the youngest record was sent that was seen; milliseconds since 1970.
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

    pub(crate) fn arrive(&mut self, code: Option<String>, sent_ms: u64, now_ms: u64) {
        match code {
            Some(code) => *self.dead_letters.entry(code).or_default() += 1,
            None => self.outputs += 1,
        }
        self.latencies_ms.push(u32::try_from(now_ms.saturating_sub(sent_ms)).unwrap_or(u32::MAX));
        self.youngest_ms = self.youngest_ms.max(sent_ms);
        self.last_arrival = Some(Instant::now());
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// All pipelines', in their order. Every change wakes whoever waits.
#[derive(Debug, Default)]
pub(crate) struct Board {
    tallies: Mutex<[Tally; 2]>,
    changed: Condvar,
}

impl Board {
    pub(crate) fn change(&self, pipeline: usize, change: impl FnOnce(&mut Tally)) {
        if let Some(tally) = self.lock().get_mut(pipeline) {
            change(tally);
        }
        self.changed.notify_all();
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&[Tally; 2]) -> T) -> T {
        read(&self.lock())
    }

    /// Waits until it is so, but not longer than this; whether it is.
    pub(crate) fn wait(&self, within: Duration, is_so: impl Fn(&[Tally; 2]) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), within, |tallies| !is_so(tallies));
        let (tallies, _) = waited.unwrap_or_else(PoisonError::into_inner);
        is_so(&tallies)
    }

    /// Lets time pass between two looks at what announces no change.
    pub(crate) fn pass(&self, time: Duration) {
        self.wait(time, |_| false);
    }

    fn lock(&self) -> MutexGuard<'_, [Tally; 2]> {
        // The numbers are good whatever happened to the thread that changed one.
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
