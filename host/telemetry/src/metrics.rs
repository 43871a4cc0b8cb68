//! Counts. [`Metrics`] owns the registry and writes the page that Prometheus reads; workers hold handles.
//!
//! The rule of the hot path: a worker resolves its handles once, at start, and bumps them per batch or per transaction,
//! never per record. Bumping a counter or gauge is one atomic operation, observing a histogram one short lock; neither
//! allocates. Resolving does both, so it happens at start only. All series with fixed labels exist from then on, at 0: an
//! alert on a rate sees the first error too.

mod dead_letters;
mod families;
mod handles;
mod plugin;
mod process;

use std::sync::Arc;

use prometheus_client::registry::Registry;

use families::Families;
pub use handles::{
    FailureCounters, OutcomeCounters, PipelineMetrics, RebalanceCounters, ReplacementCounters, StateMetrics,
    SwapCounters, TransactionCounters, WorkerMetrics,
};
pub use plugin::{GuestFailureCounters, PluginMetrics};

/// The content type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of the process. Cheap to clone; every clone counts into the same series.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    families: Families,
}

impl Metrics {
    /// Made once per process: the process metrics say when the first was.
    #[allow(clippy::new_without_default, reason = "making a second one is possible in tests and a mistake elsewhere")]
    pub fn new() -> Metrics {
        let mut registry = Registry::default();
        process::register(&mut registry);
        let families = Families::register(&mut registry);
        Metrics { registry: Arc::new(registry), families }
    }

    /// The handles of one worker. Called when the worker starts; the same handles for the same arguments.
    pub fn worker(&self, pipeline: &str, worker: usize) -> WorkerMetrics {
        WorkerMetrics::resolve(&self.families, pipeline, worker)
    }

    /// The handles of a pipeline's control plane. Called when the pipeline starts.
    pub fn pipeline(&self, pipeline: &str) -> PipelineMetrics {
        PipelineMetrics::resolve(&self.families, pipeline)
    }

    /// The whole page in the OpenMetrics text format, to be served as [`CONTENT_TYPE`]. Fails only if a metric can't be
    /// written in that format, which would be our mistake.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut page = String::new();
        prometheus_client::encoding::text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

#[cfg(test)]
mod tests;
