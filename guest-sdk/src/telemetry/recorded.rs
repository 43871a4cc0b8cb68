//! Natively: kept for the harness of this thread, up to a bound, because nobody may ever ask.

use super::Level;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// More lines than this are forgotten; a test that looks for one has far fewer.
const LINES_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) lines: Vec<(Level, Option<u32>, String)>,
    pub(crate) counters: BTreeMap<u16, u64>,
}

thread_local!(static RECORDED: RefCell<Recorded> = RefCell::default());

pub(super) fn log(level: Level, at: Option<u32>, message: &str) {
    RECORDED.with_borrow_mut(|recorded| {
        if recorded.lines.len() < LINES_MAX {
            recorded.lines.push((level, at, message.to_owned()));
        }
    });
}

pub(super) fn add(counter: u16, by: u64) {
    RECORDED.with_borrow_mut(|recorded| *recorded.counters.entry(counter).or_default() += by);
}

/// What was recorded since the last call.
pub(crate) fn take() -> Recorded {
    RECORDED.take()
}
