//! The handles that a worker holds for its instance of the plugin.

use std::fmt;
use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use super::families::Families;

/// What one instance did and cost. Cloning shares the series.
#[derive(Clone)]
pub struct PluginMetrics {
    pub failures: GuestFailureCounters,
    pub renewals: Counter,
    pub recycles: Counter,
    /// Bytes. Set, not added to: each worker has a series of its own.
    pub memory: Gauge,
    pub dropped_emissions: Counter,
    pub dropped_log_lines: Counter,
    pub unplanned_reads: Counter,
    pipeline: Arc<str>,
    families: Families,
}

/// One counter for each kind of guest failure.
#[derive(Debug, Clone)]
pub struct GuestFailureCounters {
    pub trap: Counter,
    pub deadline: Counter,
    pub memory: Counter,
    pub protocol: Counter,
    pub too_large: Counter,
    pub state_too_large: Counter,
}

impl PluginMetrics {
    pub(super) fn resolve(families: &Families, pipeline: &str, worker: usize) -> PluginMetrics {
        let failures = |code| families.guest_failures.with(&[pipeline, code]);
        PluginMetrics {
            failures: GuestFailureCounters {
                trap: failures("plugin-trap"),
                deadline: failures("plugin-deadline"),
                memory: failures("plugin-memory"),
                protocol: failures("plugin-protocol"),
                too_large: failures("record-too-large"),
                state_too_large: failures("state-too-large"),
            },
            renewals: families.plugin_renewals.with(&[pipeline]),
            recycles: families.plugin_recycles.with(&[pipeline]),
            memory: families.plugin_memory.with(&[pipeline, &worker.to_string()]),
            dropped_emissions: families.dropped_emissions.with(&[pipeline]),
            dropped_log_lines: families.dropped_log_lines.with(&[pipeline]),
            unplanned_reads: families.state_unplanned_reads.with(&[pipeline]),
            pipeline: Arc::from(pipeline),
            families: families.clone(),
        }
    }

    /// A counter of the plugin's own, by its name in the manifest. Allocates: to be kept by whoever counts.
    pub fn counter(&self, name: &str) -> Counter {
        self.families.plugin_counters.with(&[&self.pipeline, name])
    }
}

impl fmt::Debug for PluginMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginMetrics").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}
