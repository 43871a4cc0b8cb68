//! Whether a worker is getting on: it says which phase it is in, the watchdog looks how long ago.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A worker that stays in one phase for as long as this is reported. Far above the commit deadline and any legal wait.
pub const STALL: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    Init = 0,
    Poll = 1,
    Invoke = 2,
    Write = 3,
    Commit = 4,
    Seek = 5,
}

impl Phase {
    fn name(raw: u8) -> &'static str {
        ["init", "poll", "invoke", "write", "commit", "seek"].get(usize::from(raw)).copied().unwrap_or("unknown")
    }
}

/// Shared by one worker (writes) and the watchdog (reads).
#[derive(Debug)]
pub struct Progress {
    start: Instant,
    phase: AtomicU8,
    /// Milliseconds after `start`.
    since: AtomicU64,
}

impl Progress {
    pub fn new(now: Instant) -> Progress {
        Progress { start: now, phase: AtomicU8::new(Phase::Init as u8), since: AtomicU64::new(0) }
    }

    /// The worker enters `phase` at `now`.
    pub fn enter(&self, phase: Phase, now: Instant) {
        let since = now.saturating_duration_since(self.start).as_millis();
        self.phase.store(phase as u8, Ordering::Relaxed);
        self.since.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The phase that has lasted too long at `now`.
    pub fn stalled(&self, now: Instant) -> Option<(&'static str, Duration)> {
        let since = self.start + Duration::from_millis(self.since.load(Ordering::Relaxed));
        let lasted = now.saturating_duration_since(since);
        (lasted >= STALL).then(|| (Phase::name(self.phase.load(Ordering::Relaxed)), lasted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_that_lasts_too_long_is_named() {
        let start = Instant::now();
        let progress = Progress::new(start);
        progress.enter(Phase::Invoke, start + Duration::from_secs(5));
        assert_eq!(progress.stalled(start + Duration::from_secs(64)), None);
        assert_eq!(progress.stalled(start + Duration::from_secs(66)), Some(("invoke", Duration::from_secs(61))));
        progress.enter(Phase::Poll, start + Duration::from_secs(66));
        assert_eq!(progress.stalled(start + Duration::from_secs(66)), None);
    }
}
