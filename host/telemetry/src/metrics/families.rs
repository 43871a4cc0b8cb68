//! Turns the rows of `names` into registered families. Called once by `Metrics::new`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use prometheus_client::encoding::EncodeMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::dead_letters::DeadLetterCodes;
use crate::names::{self, Kind, Name};

type Labels = Vec<(&'static str, String)>;

/// A metric with labels, from which handles are resolved.
#[derive(Debug, Clone)]
pub(super) struct Labelled<M, C = fn() -> M> {
    labels: &'static [&'static str],
    family: Family<Labels, M, C>,
}

impl<M, C> Labelled<M, C>
where
    M: Clone + EncodeMetric + Send + Sync + std::fmt::Debug + prometheus_client::metrics::TypedMetric + 'static,
    C: MetricConstructor<M> + Clone + Send + Sync + 'static,
{
    fn register(registry: &mut Registry, name: &Name, constructor: C) -> Labelled<M, C> {
        let family = Family::new_with_constructor(constructor);
        register(registry, name, family.clone());
        Labelled { labels: name.labels, family }
    }

    /// The handle for these label values, in the order of the row in `names`. Allocates.
    pub(super) fn with(&self, values: &[&str]) -> M {
        assert_eq!(values.len(), self.labels.len(), "one value for each of {:?}", self.labels);
        let labels = self.labels.iter().zip(values).map(|(label, value)| (*label, (*value).to_owned())).collect();
        self.family.get_or_create_owned(&labels)
    }

    /// The series with these label values is not exposed any more.
    pub(super) fn remove(&self, values: &[&str]) {
        let labels = self.labels.iter().zip(values).map(|(label, value)| (*label, (*value).to_owned())).collect();
        self.family.remove(&labels);
    }
}

/// Makes histograms with the buckets of their row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// All families, and the dead-letter codes seen so far by pipeline.
#[derive(Debug, Clone)]
pub(super) struct Families {
    pub(super) records: Labelled<Counter>,
    pub(super) batches: Labelled<Counter>,
    pub(super) batch_records: Labelled<Histogram, Buckets>,
    pub(super) invoke_duration: Labelled<Histogram, Buckets>,
    pub(super) input_bytes: Labelled<Counter>,
    pub(super) output_bytes: Labelled<Counter>,
    pub(super) outputs: Labelled<Counter>,
    pub(super) refused_outputs: Labelled<Counter>,
    pub(super) dead_letters: Labelled<Counter>,
    pub(super) waiting_partitions: Labelled<Gauge>,
    pub(super) plugin: Labelled<Gauge>,
    pub(super) guest_failures: Labelled<Counter>,
    pub(super) plugin_swaps: Labelled<Counter>,
    pub(super) plugin_renewals: Labelled<Counter>,
    pub(super) plugin_recycles: Labelled<Counter>,
    pub(super) plugin_memory: Labelled<Gauge>,
    pub(super) plugin_counters: Labelled<Counter>,
    pub(super) dropped_emissions: Labelled<Counter>,
    pub(super) dropped_log_lines: Labelled<Counter>,
    pub(super) transactions: Labelled<Counter>,
    pub(super) transaction_failures: Labelled<Counter>,
    pub(super) transaction_open: Labelled<Gauge>,
    pub(super) commit_duration: Labelled<Histogram, Buckets>,
    pub(super) producer_replacements: Labelled<Counter>,
    pub(super) rewinds: Labelled<Counter>,
    pub(super) watchdog_stalls: Labelled<Counter>,
    pub(super) pipeline_up: Labelled<Gauge>,
    pub(super) assigned_partitions: Labelled<Gauge>,
    pub(super) rebalances: Labelled<Counter>,
    pub(super) handover_duration: Labelled<Histogram, Buckets>,
    pub(super) take_duration: Labelled<Histogram, Buckets>,
    pub(super) seek_retries: Labelled<Counter>,
    pub(super) broker_errors: Labelled<Counter>,
    pub(super) state_changes: Labelled<Counter>,
    pub(super) state_overlay: Labelled<Gauge>,
    pub(super) state_apply_failures: Labelled<Counter>,
    pub(super) state_unplanned_reads: Labelled<Counter>,
    pub(super) state_restoring: Labelled<Gauge>,
    pub(super) state_changelog_lag: Labelled<Gauge>,
    pub(super) state_restored: Labelled<Counter>,
    pub(super) state_keys: Labelled<Gauge>,
    pub(super) state_bytes: Labelled<Gauge>,
    /// One entry per pipeline that has workers.
    pub(super) codes: Arc<Mutex<HashMap<String, Arc<DeadLetterCodes>>>>,
}

impl Families {
    pub(super) fn register(registry: &mut Registry) -> Families {
        let r = registry;
        Families {
            records: counter(r, &names::RECORDS),
            batches: counter(r, &names::BATCHES),
            batch_records: histogram(r, &names::BATCH_RECORDS),
            invoke_duration: histogram(r, &names::INVOKE_DURATION),
            input_bytes: counter(r, &names::INPUT_BYTES),
            output_bytes: counter(r, &names::OUTPUT_BYTES),
            outputs: counter(r, &names::OUTPUTS),
            refused_outputs: counter(r, &names::REFUSED_OUTPUTS),
            dead_letters: counter(r, &names::DEAD_LETTERS),
            waiting_partitions: gauge(r, &names::WAITING_PARTITIONS),
            plugin: gauge(r, &names::PLUGIN),
            guest_failures: counter(r, &names::GUEST_FAILURES),
            plugin_swaps: counter(r, &names::PLUGIN_SWAPS),
            plugin_renewals: counter(r, &names::PLUGIN_RENEWALS),
            plugin_recycles: counter(r, &names::PLUGIN_RECYCLES),
            plugin_memory: gauge(r, &names::PLUGIN_MEMORY),
            plugin_counters: counter(r, &names::PLUGIN_COUNTERS),
            dropped_emissions: counter(r, &names::DROPPED_EMISSIONS),
            dropped_log_lines: counter(r, &names::DROPPED_LOG_LINES),
            transactions: counter(r, &names::TRANSACTIONS),
            transaction_failures: counter(r, &names::TRANSACTION_FAILURES),
            transaction_open: gauge(r, &names::TRANSACTION_OPEN),
            commit_duration: histogram(r, &names::COMMIT_DURATION),
            producer_replacements: counter(r, &names::PRODUCER_REPLACEMENTS),
            rewinds: counter(r, &names::REWINDS),
            watchdog_stalls: counter(r, &names::WATCHDOG_STALLS),
            pipeline_up: gauge(r, &names::PIPELINE_UP),
            assigned_partitions: gauge(r, &names::ASSIGNED_PARTITIONS),
            rebalances: counter(r, &names::REBALANCES),
            handover_duration: histogram(r, &names::HANDOVER_DURATION),
            take_duration: histogram(r, &names::TAKE_DURATION),
            seek_retries: counter(r, &names::SEEK_RETRIES),
            broker_errors: counter(r, &names::BROKER_ERRORS),
            state_changes: counter(r, &names::STATE_CHANGES),
            state_overlay: gauge(r, &names::STATE_OVERLAY),
            state_apply_failures: counter(r, &names::STATE_APPLY_FAILURES),
            state_unplanned_reads: counter(r, &names::STATE_UNPLANNED_READS),
            state_restoring: gauge(r, &names::STATE_RESTORING),
            state_changelog_lag: gauge(r, &names::STATE_CHANGELOG_LAG),
            state_restored: counter(r, &names::STATE_RESTORED),
            state_keys: gauge(r, &names::STATE_KEYS),
            state_bytes: gauge(r, &names::STATE_BYTES),
            codes: Arc::default(),
        }
    }
}

fn counter(registry: &mut Registry, name: &Name) -> Labelled<Counter> {
    assert_eq!(name.kind, Kind::Counter, "{}", name.name);
    Labelled::register(registry, name, Counter::default)
}

fn gauge(registry: &mut Registry, name: &Name) -> Labelled<Gauge> {
    assert_eq!(name.kind, Kind::Gauge, "{}", name.name);
    Labelled::register(registry, name, Gauge::default)
}

fn histogram(registry: &mut Registry, name: &Name) -> Labelled<Histogram, Buckets> {
    let Kind::Histogram(buckets) = name.kind else { panic!("{} is registered as a histogram", name.name) };
    Labelled::register(registry, name, Buckets(buckets))
}

/// Registers `metric` so that it is exposed under exactly the row's name.
pub(super) fn register(registry: &mut Registry, name: &Name, metric: impl prometheus_client::registry::Metric) {
    match stem_and_unit(name) {
        (stem, Some(unit)) => registry.register_with_unit(stem, name.help, unit, metric),
        (stem, None) => registry.register(stem, name.help, metric),
    }
}

/// The library appends `_total`, `_info` and the unit itself, and writes a `# UNIT` line for the latter.
pub(super) fn stem_and_unit(name: &Name) -> (&'static str, Option<Unit>) {
    let suffix = match name.kind {
        Kind::Counter => "_total",
        Kind::Info => "_info",
        Kind::Gauge | Kind::Histogram(_) => "",
    };
    let stem = name.name.strip_suffix(suffix).unwrap_or(name.name);
    if let Some(stem) = stem.strip_suffix("_seconds") {
        (stem, Some(Unit::Seconds))
    } else if let Some(stem) = stem.strip_suffix("_bytes") {
        (stem, Some(Unit::Bytes))
    } else {
        (stem, None)
    }
}
