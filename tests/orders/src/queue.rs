//! Records that wait for their time.

use crate::Made;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// By time; of the same time the one that was put in first. As long as what is under way between an order and its refund.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: BinaryHeap<Reverse<Waiting>>,
    put: u64,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    made: Made,
}

impl Queue {
    pub(crate) fn put(&mut self, made: Made) {
        self.waiting.push(Reverse(Waiting { number: self.put, made }));
        self.put += 1;
    }

    /// When the next one is due.
    pub(crate) fn due(&self) -> Option<i64> {
        self.waiting.peek().map(|Reverse(waiting)| waiting.made.timestamp_ms)
    }

    pub(crate) fn take(&mut self) -> Option<Made> {
        self.waiting.pop().map(|Reverse(waiting)| waiting.made)
    }
}

impl Waiting {
    fn place(&self) -> (i64, u64) {
        (self.made.timestamp_ms, self.number)
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Waiting {}
