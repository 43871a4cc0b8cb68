//! What time it is: the machine's clock, or one whose hands a test turns.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

/// One reading of both clocks; whatever happens in one call sees the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Monotonic: timeouts and deadlines.
    pub(crate) at: Instant,
    /// Milliseconds since the Unix epoch: what records and retention are dated by.
    pub(crate) wall_ms: i64,
    /// Monotonic milliseconds, for what counts in whole ones.
    pub(crate) monotonic_ms: i64,
}

/// Which clock the broker's timeouts, retention and expiry go by. Long polls and sockets always use the machine's.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    Real,
    /// One that stands still until it is told to move.
    Manual(ManualClock),
}

impl Clock {
    pub(crate) fn now(&self) -> Moment {
        match self {
            Self::Real => moment(Instant::now(), wall_ms()),
            Self::Manual(clock) => clock.now(),
        }
    }

    /// Returns when the instant is reached; a manual clock may move many times before that.
    pub(crate) async fn reach(&self, at: Instant) {
        match self {
            Self::Real => tokio::time::sleep_until(at.into()).await,
            Self::Manual(clock) => clock.reach(at).await,
        }
    }
}

/// A clock that stands still. Clones share their hands.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    start: Moment,
    passed: Mutex<Duration>,
    moved: Notify,
}

impl ManualClock {
    /// A clock that shows the time of its making.
    pub fn new() -> Self {
        let start = moment(Instant::now(), wall_ms());
        Self(Arc::new(Hands { start, passed: Mutex::new(Duration::ZERO), moved: Notify::new() }))
    }

    /// Moves the hands; what became due by it happens soon after, on the broker's own thread.
    pub fn advance(&self, by: Duration) {
        let mut passed = self.0.passed.lock().unwrap_or_else(PoisonError::into_inner);
        *passed = passed.saturating_add(by);
        drop(passed);
        self.0.moved.notify_waiters();
    }

    fn now(&self) -> Moment {
        let passed = *self.0.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let passed_ms = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        let start = self.0.start;
        moment(start.at + passed, start.wall_ms.saturating_add(passed_ms))
    }

    async fn reach(&self, at: Instant) {
        loop {
            let moved = self.0.moved.notified();
            tokio::pin!(moved);
            // Registered before the hands are read: a move in between is not missed.
            moved.as_mut().enable();
            if self.now().at >= at {
                return;
            }
            moved.await;
        }
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

fn moment(at: Instant, wall_ms: i64) -> Moment {
    /// An instant has no number of its own; this one begins with the process's first look at the clock.
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    let since = at.saturating_duration_since(*ORIGIN.get_or_init(|| at));
    Moment { at, wall_ms, monotonic_ms: i64::try_from(since.as_millis()).unwrap_or(i64::MAX) }
}

/// The instant of a number of [`Moment::monotonic_ms`], seen from now.
pub(crate) fn instant_of(monotonic_ms: i64, now: Moment) -> Instant {
    now.at + Duration::from_millis(u64::try_from(monotonic_ms.saturating_sub(now.monotonic_ms)).unwrap_or_default())
}

fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
