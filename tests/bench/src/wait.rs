//! Waits for a condition that no event announces, with a deadline.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Asks every `interval` until there is an answer.
///
/// # Errors
/// Its own after `deadline`, and the first one of `ask`.
pub(crate) fn until<T>(
    what: &str,
    deadline: Duration,
    interval: Duration,
    mut ask: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if Instant::now() >= end {
            bail!("{what}: not within {deadline:?}");
        }
        thread::sleep(interval);
    }
}

/// Lets time pass because the figure is about time.
pub(crate) fn pass(time: Duration) {
    thread::sleep(time);
}
