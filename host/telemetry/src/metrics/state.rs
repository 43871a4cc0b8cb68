//! The handles for keyed state: of a worker, of a store, of the process.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::families::Families;

/// What one worker does with state. Cloning shares the series.
#[derive(Debug, Clone)]
pub struct StateMetrics {
    /// Bytes. Set, not added to: each worker has a series of its own.
    pub overlay: Gauge,
    /// Set, not added to: each worker has a series of its own.
    pub waiting_partitions: Gauge,
    pub unplanned_reads: Counter,
    /// Seconds.
    pub apply_duration: Histogram,
}

/// What becomes of one store, over all workers. Cloning shares the series.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    /// About.
    pub keys: Gauge,
    pub bytes: Gauge,
    pub changes: Counter,
    pub expired_keys: Counter,
    pub restored_records: Counter,
    /// Added to and subtracted from: several partitions are restored at once.
    pub changelog_lag: Gauge,
    pub rebuilds: Counter,
}

/// What the cache of the process takes up. Cloning shares the series.
#[derive(Debug, Clone)]
pub struct CacheMetrics {
    pub disk: Gauge,
    pub write_buffer: Gauge,
}

impl StateMetrics {
    pub(super) fn resolve(families: &Families, pipeline: &str, worker: &str) -> StateMetrics {
        StateMetrics {
            overlay: families.state_overlay.with(&[pipeline, worker]),
            waiting_partitions: families.state_waiting.with(&[pipeline, worker]),
            unplanned_reads: families.state_unplanned_reads.with(&[pipeline]),
            apply_duration: families.state_apply.with(&[pipeline]),
        }
    }
}

impl StoreMetrics {
    pub(super) fn resolve(families: &Families, pipeline: &str, store: &str) -> StoreMetrics {
        let labels = &[pipeline, store];
        StoreMetrics {
            keys: families.state_keys.with(labels),
            bytes: families.state_bytes.with(labels),
            changes: families.state_changes.with(labels),
            expired_keys: families.state_expired.with(labels),
            restored_records: families.state_restored.with(labels),
            changelog_lag: families.state_changelog_lag.with(labels),
            rebuilds: families.state_rebuilds.with(labels),
        }
    }
}

impl CacheMetrics {
    pub(super) fn resolve(families: &Families) -> CacheMetrics {
        CacheMetrics { disk: families.state_disk.clone(), write_buffer: families.state_write_buffer.clone() }
    }
}
