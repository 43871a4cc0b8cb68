//! What only a test build has, by the feature `crash-points`: named places at which a process kills itself, as `kill -9` would
//! (where a crash hurts most, timing alone rarely hits), and a clock that is wrong.
//!
//! Places are armed by `WASMILL_CRASH_POINT=<name>[:<n>]` (the n-th time it is passed), the clock by
//! `WASMILL_CLOCK_OFFSET_MS=<ms>`. A full disk is posed in `wasmill_state::testing`.

/// The clock of workers and restores.
#[cfg(feature = "crash-points")]
pub(crate) use armed::WrongClock as PipelineClock;
#[cfg(not(feature = "crash-points"))]
pub(crate) use wasmill_record::SystemClock as PipelineClock;

/// Every record of the batch was handed to the sink, nothing was committed.
pub const MID_BATCH: &str = "mid-batch";
/// Everything is acknowledged, no offset was sent.
pub const AFTER_DRAIN: &str = "after-drain";
/// Offsets are in the transaction, which is open.
pub const AFTER_SEND_OFFSETS: &str = "after-send-offsets";
/// The broker has committed, we have not noted it.
pub const AFTER_END_TXN: &str = "after-end-txn";
/// The state of one partition is in its cache, that of the next one is not.
pub const MID_APPLY: &str = "mid-apply";
/// Part of a changelog is in the cache.
pub const MID_RESTORE: &str = "mid-restore";
/// A revoke was seen, nothing was answered.
pub const IN_REVOKE: &str = "in-revoke";

/// Kills the process when `name` is armed and due; otherwise nothing.
#[inline]
pub fn point(name: &str) {
    #[cfg(feature = "crash-points")]
    armed::point(name);
    #[cfg(not(feature = "crash-points"))]
    let _ = name;
}

#[cfg(feature = "crash-points")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::{Duration, Instant};
    use wasmill_record::{Clock, SystemClock};

    struct Armed {
        name: String,
        left: AtomicU32,
    }

    fn armed() -> Option<&'static Armed> {
        static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
        let read = || {
            let text = std::env::var("WASMILL_CRASH_POINT").ok().filter(|text| !text.is_empty())?;
            let (name, nth) = text.split_once(':').unwrap_or((&text, "1"));
            Some(Armed { name: name.to_owned(), left: AtomicU32::new(nth.parse().unwrap_or(1)) })
        };
        ARMED.get_or_init(read).as_ref()
    }

    pub(super) fn point(name: &str) {
        let Some(armed) = armed().filter(|armed| armed.name == name) else { return };
        if armed.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            eprintln!("{{\"level\":\"WARN\",\"message\":\"crash point {name}\"}}");
            // SAFETY: sends a signal to ourselves; nothing is unwound, as in a real crash.
            unsafe { libc::raise(libc::SIGKILL) };
        }
    }

    /// Shows the right time plus an offset, as one that somebody has set does.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct WrongClock;

    impl Clock for WrongClock {
        fn now(&self) -> Instant {
            SystemClock.now()
        }

        fn wall_ms(&self) -> i64 {
            static OFFSET_MS: OnceLock<i64> = OnceLock::new();
            let read = || std::env::var("WASMILL_CLOCK_OFFSET_MS").ok()?.parse().ok();
            SystemClock.wall_ms().saturating_add(*OFFSET_MS.get_or_init(|| read().unwrap_or(0)))
        }

        fn rest(&self, pause: Duration) {
            SystemClock.rest(pause);
        }
    }
}
