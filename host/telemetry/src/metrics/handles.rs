//! The handles that workers and pipelines hold. Field names are the metrics' names without `wasmill_` and suffix; what
//! each one means stands in `names`.

use std::fmt;
use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::dead_letters::DeadLetterCodes;
use super::families::Families;
use super::plugin::PluginMetrics;

/// What one worker counts. Cloning shares the series.
#[derive(Clone)]
pub struct WorkerMetrics {
    pub records: OutcomeCounters,
    pub batches: Counter,
    /// Records.
    pub batch_records: Histogram,
    /// Seconds.
    pub invoke_duration: Histogram,
    pub input_bytes: Counter,
    pub output_bytes: Counter,
    pub refused_outputs: Counter,
    /// Set, not added to: each worker has a series of its own.
    pub waiting_partitions: Gauge,
    pub plugin: PluginMetrics,
    pub transactions: TransactionCounters,
    pub transaction_failures: FailureCounters,
    /// 1 or 0; each worker has a series of its own.
    pub transaction_open: Gauge,
    /// Seconds.
    pub commit_duration: Histogram,
    pub producer_replacements: ReplacementCounters,
    pub rewinds: Counter,
    pub seek_retries: Counter,
    pub watchdog_stalls: Counter,
    pub state: StateMetrics,
    pipeline: Arc<str>,
    codes: Arc<DeadLetterCodes>,
    families: Families,
}

/// What a worker counts of keyed state.
#[derive(Debug, Clone)]
pub struct StateMetrics {
    pub changes: Counter,
    /// Each worker has a series of its own.
    pub overlay_bytes: Gauge,
    pub apply_failures: Counter,
}

/// One counter for each outcome.
#[derive(Debug, Clone)]
pub struct OutcomeCounters {
    pub forward: Counter,
    pub emit: Counter,
    pub drop: Counter,
    pub reject: Counter,
    pub retry: Counter,
}

/// One counter for each way a transaction ends.
#[derive(Debug, Clone)]
pub struct TransactionCounters {
    pub committed: Counter,
    pub aborted: Counter,
    /// Nobody knew whether it had been committed; the token told, either way.
    pub resolved: Counter,
}

/// One counter for each class of failure at the end of a transaction.
#[derive(Debug, Clone)]
pub struct FailureCounters {
    /// Fatal or fenced: the producer is of no more use.
    pub fatal: Counter,
    /// The transaction must be aborted; normal in rebalances.
    pub abort: Counter,
    /// The same call again.
    pub retriable: Counter,
    /// The commit deadline passed and nobody knows.
    pub unknown: Counter,
    /// The metadata guard said no: group metadata without a member, or the assignment changed since the poll.
    pub guard: Counter,
    /// Aborting a non-empty transaction found it ended: a late request hit it. Alarm.
    pub corruption: Counter,
}

/// One counter for each reason to replace a producer.
#[derive(Debug, Clone)]
pub struct ReplacementCounters {
    pub fatal: Counter,
    /// An abort that did not answer in time.
    pub abort_timeout: Counter,
    /// More than one EndTxn request was sent, so a late one may be under way.
    pub end_txn_repeated: Counter,
    /// Nobody knows whether the last transaction was committed.
    pub unknown: Counter,
}

impl WorkerMetrics {
    pub(super) fn resolve(families: &Families, pipeline: &str, worker: usize) -> WorkerMetrics {
        let plugin = PluginMetrics::resolve(families, pipeline, worker);
        let worker = &[pipeline, &worker.to_string()];
        let outcome = |value| families.records.with(&[pipeline, value]);
        let result = |value| families.transactions.with(&[pipeline, value]);
        let class = |value| families.transaction_failures.with(&[pipeline, value]);
        let reason = |value| families.producer_replacements.with(&[pipeline, value]);
        WorkerMetrics {
            records: OutcomeCounters {
                forward: outcome("forward"),
                emit: outcome("emit"),
                drop: outcome("drop"),
                reject: outcome("reject"),
                retry: outcome("retry"),
            },
            batches: families.batches.with(&[pipeline]),
            batch_records: families.batch_records.with(&[pipeline]),
            invoke_duration: families.invoke_duration.with(&[pipeline]),
            input_bytes: families.input_bytes.with(&[pipeline]),
            output_bytes: families.output_bytes.with(&[pipeline]),
            refused_outputs: families.refused_outputs.with(&[pipeline]),
            waiting_partitions: families.waiting_partitions.with(worker),
            plugin,
            transactions: TransactionCounters {
                committed: result("committed"),
                aborted: result("aborted"),
                resolved: result("resolved"),
            },
            transaction_failures: FailureCounters {
                fatal: class("fatal"),
                abort: class("abort"),
                retriable: class("retriable"),
                unknown: class("unknown"),
                guard: class("guard"),
                corruption: class("corruption"),
            },
            transaction_open: families.transaction_open.with(worker),
            commit_duration: families.commit_duration.with(&[pipeline]),
            producer_replacements: ReplacementCounters {
                fatal: reason("fatal"),
                abort_timeout: reason("abort_timeout"),
                end_txn_repeated: reason("end_txn_repeated"),
                unknown: reason("unknown"),
            },
            rewinds: families.rewinds.with(&[pipeline]),
            seek_retries: families.seek_retries.with(&[pipeline]),
            watchdog_stalls: families.watchdog_stalls.with(&[pipeline]),
            state: StateMetrics {
                changes: families.state_changes.with(&[pipeline]),
                overlay_bytes: families.state_overlay.with(worker),
                apply_failures: families.state_apply_failures.with(&[pipeline]),
            },
            pipeline: Arc::from(pipeline),
            codes: DeadLetterCodes::of(families, pipeline),
            families: families.clone(),
        }
    }

    /// The counter of one output, by its name in the configuration. Resolved at start and kept by output number.
    pub fn output(&self, name: &str) -> Counter {
        self.families.outputs.with(&[&self.pipeline, name])
    }

    /// Counts `n` dead letters with `code`. Codes that are not listed ([`PipelineMetrics::codes`]), and all after the 64th
    /// of a pipeline, count as `other`. Takes a lock and may allocate; dead letters are rare.
    pub fn dead_letter(&self, code: &str, n: u64) {
        self.codes.count(&self.families, &self.pipeline, code, n);
    }
}

impl fmt::Debug for WorkerMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerMetrics").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}

/// What a pipeline's control plane counts. Cloning shares the series.
#[derive(Clone)]
pub struct PipelineMetrics {
    /// 1 or 0.
    pub pipeline_up: Gauge,
    pub assigned_partitions: Gauge,
    pub rebalances: RebalanceCounters,
    pub swaps: SwapCounters,
    /// Seconds.
    pub handover_duration: Histogram,
    /// Seconds.
    pub take_duration: Histogram,
    pub restoring_partitions: Gauge,
    /// Offsets.
    pub changelog_lag: Gauge,
    pub restored_changes: Counter,
    pipeline: Arc<str>,
    families: Families,
}

/// One counter for each kind of rebalance event.
#[derive(Debug, Clone)]
pub struct RebalanceCounters {
    pub assigned: Counter,
    pub revoked: Counter,
    pub lost: Counter,
}

/// Plugins that were swapped while the pipeline ran, and new versions that were not taken.
#[derive(Debug, Clone)]
pub struct SwapCounters {
    pub swapped: Counter,
    pub refused: Counter,
}

impl PipelineMetrics {
    pub(super) fn resolve(families: &Families, pipeline: &str) -> PipelineMetrics {
        let kind = |value| families.rebalances.with(&[pipeline, value]);
        let swaps = |verdict| families.plugin_swaps.with(&[pipeline, verdict]);
        PipelineMetrics {
            pipeline_up: families.pipeline_up.with(&[pipeline]),
            assigned_partitions: families.assigned_partitions.with(&[pipeline]),
            rebalances: RebalanceCounters { assigned: kind("assigned"), revoked: kind("revoked"), lost: kind("lost") },
            swaps: SwapCounters { swapped: swaps("swapped"), refused: swaps("refused") },
            handover_duration: families.handover_duration.with(&[pipeline]),
            take_duration: families.take_duration.with(&[pipeline]),
            restoring_partitions: families.state_restoring.with(&[pipeline]),
            changelog_lag: families.state_changelog_lag.with(&[pipeline]),
            restored_changes: families.state_restored.with(&[pipeline]),
            pipeline: Arc::from(pipeline),
            families: families.clone(),
        }
    }

    /// The plugin that the pipeline runs from now on.
    pub fn plugin(&self, name: &str, digest: &str) {
        self.families.plugin.with(&[&self.pipeline, name, digest]).set(1);
    }

    /// It does not run it any more.
    pub fn not_plugin(&self, name: &str, digest: &str) {
        self.families.plugin.remove(&[&self.pipeline, name, digest]);
    }

    /// Keys, about, and bytes on disk of a store.
    pub fn store_size(&self, store: &str, keys: u64, bytes: u64) {
        let clamp = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.families.state_keys.with(&[&self.pipeline, store]).set(clamp(keys));
        self.families.state_bytes.with(&[&self.pipeline, store]).set(clamp(bytes));
    }

    /// Only these codes of dead letters have a series of their own. Without a list every code may have one.
    pub fn codes(&self, codes: impl IntoIterator<Item = String>) {
        DeadLetterCodes::of(&self.families, &self.pipeline).list(codes.into_iter().collect());
    }

    /// Counts one error of the client library. `class` is a word of the code, never the error's text: that is why it is
    /// static. Takes a lock and allocates; errors are rare.
    pub fn broker_error(&self, class: &'static str) {
        self.families.broker_errors.with(&[&self.pipeline, class]).inc();
    }
}

impl fmt::Debug for PipelineMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineMetrics").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}
