//! Waits for a condition that no event announces, with a deadline. The only place that sleeps between looks.

use std::thread;
use std::time::{Duration, Instant};

/// Between two looks. Shorter would burn CPU that the processes under test need.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Asks until there is an answer; `None` after `deadline`.
pub(crate) fn until<T>(deadline: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(LOOK_INTERVAL);
    }
}

/// Lets time pass because time itself is the fault, or its spacing.
pub(crate) fn pass(time: Duration) {
    thread::sleep(time);
}
