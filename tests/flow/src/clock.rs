//! A clock whose hands move only when somebody moves them. Resting moves them too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use wasmill_record::Clock;

/// The wall clock shows this when the test begins: 2023-11-14T22:13:20Z.
pub const WALL_START_MS: i64 = 1_700_000_000_000;

/// Clones show the same time.
#[derive(Debug, Clone)]
pub struct ManualClock {
    start: Instant,
    passed: Arc<AtomicU64>,
}

impl Default for ManualClock {
    fn default() -> ManualClock {
        ManualClock { start: Instant::now(), passed: Arc::default() }
    }
}

impl ManualClock {
    pub fn advance(&self, by: Duration) {
        self.passed.fetch_add(by.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Since the test began.
    pub fn passed(&self) -> Duration {
        Duration::from_nanos(self.passed.load(Ordering::Relaxed))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.start + self.passed()
    }

    fn wall_ms(&self) -> i64 {
        WALL_START_MS + self.passed().as_millis() as i64
    }

    fn rest(&self, pause: Duration) {
        self.advance(pause);
    }
}
