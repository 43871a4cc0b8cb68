//! The bytes all logs together may hold. Partitions count themselves in and out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a stored batch costs beside its bytes: its entry in the log and the allocator's share.
pub(crate) const BATCH_OVERHEAD_BYTES: u64 = 128;

#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<Counter>);

#[derive(Debug)]
struct Counter {
    used: AtomicU64,
    max: u64,
}

impl Budget {
    pub(crate) fn new(max: u64) -> Self {
        Self(Arc::new(Counter { used: AtomicU64::new(0), max }))
    }

    /// Whether so many more bytes of records would fit. Markers are written all the same: a transaction must end.
    pub(crate) fn fits(&self, bytes: usize) -> bool {
        self.used().saturating_add(cost(bytes)) <= self.0.max
    }

    pub(crate) fn add(&self, bytes: usize) {
        self.0.used.fetch_add(cost(bytes), Relaxed);
    }

    pub(crate) fn remove(&self, bytes: usize) {
        self.0.used.fetch_sub(cost(bytes), Relaxed);
    }

    pub(crate) fn used(&self) -> u64 {
        self.0.used.load(Relaxed)
    }

    pub(crate) fn max(&self) -> u64 {
        self.0.max
    }
}

fn cost(bytes: usize) -> u64 {
    (bytes as u64).saturating_add(BATCH_OVERHEAD_BYTES)
}
