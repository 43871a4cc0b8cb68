//! Which record is at hand, for a panic hook and a log line that know nothing of it.

use std::cell::Cell;

thread_local!(static AT: Cell<Option<u32>> = const { Cell::new(None) });

/// The record at this position of the batch is at hand from now on.
pub(crate) fn enter(at: usize) {
    AT.set(u32::try_from(at).ok());
}

/// No record is at hand.
pub(crate) fn leave() {
    AT.set(None);
}

pub(crate) fn current() -> Option<u32> {
    AT.get()
}
