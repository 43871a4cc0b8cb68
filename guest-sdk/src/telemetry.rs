//! What a plugin tells people: log lines and counters. None of it changes what becomes of a record.
//!
//! Lines are cut at 4 KiB, and those beyond the plugin's limit are dropped and counted. Natively the harness keeps them.

#[cfg(not(target_family = "wasm"))]
pub(crate) mod recorded;

use crate::position;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the author, in detail.
    Trace,
    /// For the author.
    Debug,
    /// For the operator: worth knowing.
    Info,
    /// For the operator: worth looking at.
    Warn,
    /// For the operator: something is broken.
    Error,
}

/// Writes a line, with the record at hand.
pub fn log(level: Level, message: impl AsRef<str>) {
    sink::log(level, position::current(), message.as_ref());
}

/// As [`log`], at [`Level::Trace`].
pub fn trace(message: impl AsRef<str>) {
    log(Level::Trace, message);
}

/// As [`log`], at [`Level::Debug`].
pub fn debug(message: impl AsRef<str>) {
    log(Level::Debug, message);
}

/// As [`log`], at [`Level::Info`].
pub fn info(message: impl AsRef<str>) {
    log(Level::Info, message);
}

/// As [`log`], at [`Level::Warn`].
pub fn warn(message: impl AsRef<str>) {
    log(Level::Warn, message);
}

/// As [`log`], at [`Level::Error`].
pub fn error(message: impl AsRef<str>) {
    log(Level::Error, message);
}

/// A counter of the plugin's own.
///
/// ```
/// use wasmill_sdk::telemetry::Counter;
///
/// const REFUNDS: Counter = Counter::new(0, "refunds");
/// const COUNTERS: &[Counter] = &[REFUNDS]; // in the plugin's impl, in the order of their numbers
///
/// REFUNDS.add(1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    number: u16,
    name: &'static str,
}

impl Counter {
    /// A counter by its position in [`crate::Plugin::COUNTERS`] and its name, `[a-z][a-z0-9-]{0,63}`.
    pub const fn new(number: u16, name: &'static str) -> Counter {
        Counter { number, name }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Counts; kept only if the answer of this call is.
    pub fn add(self, by: u64) {
        sink::add(self.number, by);
    }

    /// Whether counters are listed in the order of their numbers; `export!` asks when it is compiled.
    #[doc(hidden)]
    pub const fn in_order(counters: &[Counter]) -> bool {
        let mut at = 0;
        while at < counters.len() {
            if counters[at].number as usize != at {
                return false;
            }
            at += 1;
        }
        true
    }
}

#[cfg(not(target_family = "wasm"))]
use recorded as sink;

#[cfg(target_family = "wasm")]
mod sink {
    use super::Level;
    use crate::component::wasmill::plugin::telemetry;

    pub(super) fn log(level: Level, at: Option<u32>, message: &str) {
        let level = match level {
            Level::Trace => telemetry::Level::Trace,
            Level::Debug => telemetry::Level::Debug,
            Level::Info => telemetry::Level::Info,
            Level::Warn => telemetry::Level::Warn,
            Level::Error => telemetry::Level::Error,
        };
        telemetry::log(level, at, message);
    }

    pub(super) fn add(counter: u16, by: u64) {
        telemetry::add(counter, by);
    }
}
