//! A deadline in CPU time of the calling thread, looked at when the epoch ticks.
//!
//! Wall time would hold against a record what the machine did: a host that is stopped, throttled or short of cores gives a
//! guest little CPU time, so nothing trips. The other side is that nothing in a guest may wait without using CPU: see `wasi`.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
use wasmtime::{StoreContextMut, UpdateDeadline};

use crate::host::Host;

/// Armed anew at each entry into the guest.
#[derive(Debug, Default)]
pub(crate) struct Deadline {
    budget: Duration,
    /// When the first tick of this entry came. The clock costs 0.5 us where it is a system call, and most entries are over
    /// before the first tick; so it is read then and not at the start. Costs one tick of precision.
    since: Option<Duration>,
    used: Duration,
}

impl Deadline {
    pub(crate) fn arm(&mut self, budget: Duration) {
        *self = Deadline { budget, since: None, used: Duration::ZERO };
    }

    pub(crate) fn budget(&self) -> Duration {
        self.budget
    }

    /// CPU time of this entry as far as it was seen: 0 when it was over before the second tick.
    pub(crate) fn used(&self) -> Duration {
        self.used
    }

    /// Whether the guest may go on, `now` being the thread's CPU time.
    fn tick(&mut self, now: Duration) -> bool {
        let since = *self.since.get_or_insert(now);
        self.used = now.saturating_sub(since);
        self.used < self.budget
    }
}

/// What the engine calls at a tick, on the thread of the guest.
pub(crate) fn on_tick(mut store: StoreContextMut<'_, Host>) -> wasmtime::Result<UpdateDeadline> {
    let on = store.data_mut().deadline.tick(thread_cpu_time());
    Ok(if on { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
}

fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn time_counts_from_the_first_tick_until_the_budget_is_used_up() {
        let mut deadline = Deadline::default();
        deadline.arm(10 * MS);
        assert!(deadline.tick(500 * MS));
        assert!(deadline.tick(509 * MS));
        assert_eq!(deadline.used(), 9 * MS);
        assert!(!deadline.tick(510 * MS));
    }

    #[test]
    fn ticks_without_cpu_time_trip_nothing() {
        let mut deadline = Deadline::default();
        deadline.arm(MS);
        assert!((0..10_000).all(|_| deadline.tick(7 * MS)), "as many ticks as a process sees that is stopped for 20 s");
    }

    #[test]
    fn each_entry_starts_anew() {
        let mut deadline = Deadline::default();
        deadline.arm(10 * MS);
        assert!(deadline.tick(Duration::ZERO) && !deadline.tick(20 * MS));
        deadline.arm(10 * MS);
        assert_eq!(deadline.used(), Duration::ZERO);
        assert!(deadline.tick(21 * MS) && deadline.tick(30 * MS));
    }

    #[test]
    fn the_clock_is_the_threads_own() {
        let before = thread_cpu_time();
        let other = std::thread::spawn(|| {
            let start = thread_cpu_time();
            while thread_cpu_time() - start < 20 * MS {}
        });
        other.join().unwrap();
        assert!(thread_cpu_time() - before < 20 * MS, "another thread's work does not count");
    }
}
