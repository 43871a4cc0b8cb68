//! Time as the main path sees it: a trait, so that flow tests turn the hands themselves.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Two clocks: one that only goes forward, for intervals and deadlines, and the wall clock, for what people read.
pub trait Clock: Send {
    /// Monotonic; stands still while the machine sleeps.
    fn now(&self) -> Instant;

    /// Milliseconds since the Unix epoch; may jump.
    fn wall_ms(&self) -> i64;

    /// Lets `pause` pass. A manual clock moves its hands instead.
    fn rest(&self, pause: Duration);
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn rest(&self, pause: Duration) {
        std::thread::sleep(pause);
    }
}
