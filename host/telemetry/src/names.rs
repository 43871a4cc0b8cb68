//! Every metric by name, type, labels and meaning, and every label with its values. Each is written once, here.
//!
//! Names are `wasmill_<noun>_<unit>[_total]` in base units (seconds, bytes), but for the `process_*` ones, which every
//! Prometheus dashboard knows. A name is never renamed by an option. Labels are bounded: never a key, an offset or free
//! text. `metrics` registers what stands here; a test holds `docs/METRICS.md` and the exposition against it.

/// A metric's type, and what the type needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Counter,
    Gauge,
    /// The upper bounds of its buckets, ascending; the one for everything above is implied.
    Histogram(&'static [f64]),
    /// Always 1; its labels are what it says.
    Info,
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Name {
    /// As it is exposed, with unit and `_total`.
    pub name: &'static str,
    pub kind: Kind,
    /// In the order in which handles give their values.
    pub labels: &'static [&'static str],
    /// One sentence without its full stop, in characters that need no escape.
    pub help: &'static str,
}

/// What a label can say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values {
    /// These and no others.
    OneOf(&'static [&'static str]),
    /// A set that is bounded by what is said here.
    Bounded(&'static str),
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Name {
    Name { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Name {
    Name { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(
    name: &'static str,
    buckets: &'static [f64],
    labels: &'static [&'static str],
    help: &'static str,
) -> Name {
    Name { name, kind: Kind::Histogram(buckets), labels, help }
}

/// One batch through a plugin: from a few records of native code to a plugin at its deadline.
const INVOKE_SECONDS: &[f64] =
    &[0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];
/// One commit: a good one takes about 10 ms, so the steps are close there; the last is the longest transaction timeout.
const COMMIT_SECONDS: &[f64] =
    &[0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// Giving up or taking a partition: from a few milliseconds to a commit deadline or an open transaction waited for.
const HANDOVER_SECONDS: &[f64] = &[0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// A batch has at most 256 records.
const BATCH_RECORDS_BUCKETS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

pub const RECORDS: Name = counter(
    "wasmill_records_total",
    &["pipeline", "outcome"],
    "Records that the plugin gave an outcome for; counted when decided, again when an aborted transaction runs again",
);
pub const BATCHES: Name = counter("wasmill_batches_total", &["pipeline"], "Batches that went through the plugin");
pub const BATCH_RECORDS: Name =
    histogram("wasmill_batch_records", BATCH_RECORDS_BUCKETS, &["pipeline"], "Records in a batch");
pub const INVOKE_DURATION: Name = histogram(
    "wasmill_invoke_duration_seconds",
    INVOKE_SECONDS,
    &["pipeline"],
    "Time of one call into the plugin, for a whole batch",
);
pub const INPUT_BYTES: Name =
    counter("wasmill_input_bytes_total", &["pipeline"], "Bytes of the keys and values of input records settled");
pub const OUTPUT_BYTES: Name = counter(
    "wasmill_output_bytes_total",
    &["pipeline"],
    "Bytes of the keys and values of outputs and dead letters handed to the producer",
);
pub const OUTPUTS: Name =
    counter("wasmill_outputs_total", &["pipeline", "output"], "Records handed to the producer for an output");
pub const REFUSED_OUTPUTS: Name = counter(
    "wasmill_refused_outputs_total",
    &["pipeline"],
    "Outputs that a broker refused for good; the record becomes a dead letter with the code output-refused",
);
pub const DEAD_LETTERS: Name = counter(
    "wasmill_dead_letters_total",
    &["pipeline", "code"],
    "Records set aside for people, by the code that says why",
);

pub const PLUGIN: Name = gauge(
    "wasmill_plugin_info",
    &["pipeline", "plugin", "digest"],
    "1 for the plugin that the pipeline runs; the digest is that of its file",
);
pub const PLUGIN_SWAPS: Name = counter(
    "wasmill_plugin_swaps_total",
    &["pipeline", "verdict"],
    "Tries to give the running pipeline what its plugin's file holds now; one that is refused leaves the last good version",
);
pub const GUEST_FAILURES: Name = counter(
    "wasmill_guest_failures_total",
    &["pipeline", "code"],
    "Calls that brought no answer; those of a batch whose records all pass alone are counted here and nowhere else",
);
pub const PLUGIN_RENEWALS: Name = counter(
    "wasmill_plugin_renewals_total",
    &["pipeline"],
    "Instances given up for a fresh one: after a failed call, an aborted transaction, a partition given away, or growth",
);
pub const PLUGIN_RECYCLES: Name = counter(
    "wasmill_plugin_recycles_total",
    &["pipeline"],
    "Instances given up because their memory had grown past limits.recycle_mib; counted as renewals too",
);
pub const PLUGIN_MEMORY: Name =
    gauge("wasmill_plugin_memory_bytes", &["pipeline", "worker"], "Memory of the worker's instance of the plugin");
pub const PLUGIN_COUNTERS: Name =
    counter("wasmill_plugin_counters_total", &["pipeline", "counter"], "What the plugin itself counts");
pub const DROPPED_EMISSIONS: Name = counter(
    "wasmill_dropped_emissions_total",
    &["pipeline"],
    "Records for optional outputs that the pipeline does not map",
);
pub const DROPPED_LOG_LINES: Name =
    counter("wasmill_dropped_log_lines_total", &["pipeline"], "Log lines of the plugin beyond limits.log_bytes_per_s");

pub const TRANSACTIONS: Name = counter(
    "wasmill_transactions_total",
    &["pipeline", "result"],
    "Transactions by how they ended; resolved: nobody knew, and the committed token told",
);
pub const TRANSACTION_FAILURES: Name = counter(
    "wasmill_transaction_failures_total",
    &["pipeline", "class"],
    "What went wrong while ending a transaction; abort is normal during rebalances, corruption never is",
);
pub const TRANSACTION_OPEN: Name =
    gauge("wasmill_transaction_open", &["pipeline", "worker"], "1 while the worker has a transaction open, else 0");
pub const COMMIT_DURATION: Name = histogram(
    "wasmill_commit_duration_seconds",
    COMMIT_SECONDS,
    &["pipeline"],
    "Time the worker stands still for a commit: drain, offsets, end of the transaction",
);
pub const PRODUCER_REPLACEMENTS: Name =
    counter("wasmill_producer_replacements_total", &["pipeline", "reason"], "Producers dropped for a new one");
pub const REWINDS: Name = counter(
    "wasmill_rewinds_total",
    &["pipeline"],
    "Returns to the first position of a transaction that did not commit; its records run again",
);
pub const WAITING_PARTITIONS: Name = gauge(
    "wasmill_waiting_partitions",
    &["pipeline", "worker"],
    "Partitions that are held back by a record that waits for its next attempt",
);
pub const WATCHDOG_STALLS: Name =
    counter("wasmill_watchdog_stalls_total", &["pipeline"], "Times a worker made no progress with work queued");

pub const PIPELINE_UP: Name = gauge(
    "wasmill_pipeline_up",
    &["pipeline"],
    "1 while the pipeline runs, 0 before it has started and after it has stopped",
);
pub const ASSIGNED_PARTITIONS: Name =
    gauge("wasmill_assigned_partitions", &["pipeline"], "Partitions assigned to this process");
pub const REBALANCES: Name = counter(
    "wasmill_rebalances_total",
    &["pipeline", "kind"],
    "Rebalance events of the consumer, by what they brought",
);
pub const HANDOVER_DURATION: Name = histogram(
    "wasmill_handover_duration_seconds",
    HANDOVER_SECONDS,
    &["pipeline"],
    "Time from a revoke to the moment all workers had given the partitions up",
);
pub const TAKE_DURATION: Name = histogram(
    "wasmill_take_duration_seconds",
    HANDOVER_SECONDS,
    &["pipeline"],
    "Time from an assignment to the moment the partition was read",
);
pub const SEEK_RETRIES: Name = counter(
    "wasmill_seek_retries_total",
    &["pipeline"],
    "Seeks that failed although the partition is ours, and were made again; normal during rebalances",
);
pub const BROKER_ERRORS: Name =
    counter("wasmill_broker_errors_total", &["pipeline", "class"], "Errors that the client library reported, by class");

pub const STATE_CHANGES: Name = counter(
    "wasmill_state_changes_total",
    &["pipeline"],
    "Changes of keyed state written to changelogs; a key that a transaction changes twice is one",
);
pub const STATE_OVERLAY: Name = gauge(
    "wasmill_state_overlay_bytes",
    &["pipeline", "worker"],
    "Keys and values that the worker's open transaction has changed so far, each time",
);
pub const STATE_APPLY_FAILURES: Name = counter(
    "wasmill_state_apply_failures_total",
    &["pipeline"],
    "Committed state that could not be written to the local store at once, such as on a full disk; its partition waits",
);
pub const STATE_UNPLANNED_READS: Name = counter(
    "wasmill_state_unplanned_reads_total",
    &["pipeline"],
    "Keys that the plugin read one by one, because it had not said that it would need them",
);
pub const STATE_RESTORING: Name =
    gauge("wasmill_state_restoring_partitions", &["pipeline"], "Partitions whose state is being restored");
pub const STATE_CHANGELOG_LAG: Name = gauge(
    "wasmill_state_changelog_lag",
    &["pipeline"],
    "Offsets of changelogs that partitions being restored have still to read",
);
pub const STATE_RESTORED: Name = counter(
    "wasmill_state_restored_changes_total",
    &["pipeline"],
    "Changes read from changelogs at starts; none where the cache had everything",
);
pub const STATE_KEYS: Name = gauge(
    "wasmill_state_keys",
    &["pipeline", "store"],
    "Keys of the store in this process, about: deleted and overwritten ones count until they are compacted away",
);
pub const STATE_BYTES: Name =
    gauge("wasmill_state_bytes", &["pipeline", "store"], "What the store takes on this process's disk");

pub const BUILD: Name = Name {
    name: "wasmill_build_info",
    kind: Kind::Info,
    labels: &["version"],
    help: "The version that runs; the value is always 1",
};
pub const PROCESS_START: Name =
    gauge("process_start_time_seconds", &[], "When the process started, in seconds since 1970-01-01 UTC");
pub const PROCESS_CPU: Name =
    counter("process_cpu_seconds_total", &[], "CPU time the process has used, in user and system mode");
pub const PROCESS_MEMORY: Name = gauge("process_resident_memory_bytes", &[], "Memory of the process that is resident");

/// All of them under the headings of `docs/METRICS.md`.
pub const SECTIONS: &[(&str, &[Name])] = &[
    (
        "Records",
        &[
            RECORDS,
            BATCHES,
            BATCH_RECORDS,
            INVOKE_DURATION,
            INPUT_BYTES,
            OUTPUT_BYTES,
            OUTPUTS,
            REFUSED_OUTPUTS,
            DEAD_LETTERS,
            WAITING_PARTITIONS,
        ],
    ),
    (
        "Plugin",
        &[
            PLUGIN,
            PLUGIN_SWAPS,
            GUEST_FAILURES,
            PLUGIN_RENEWALS,
            PLUGIN_RECYCLES,
            PLUGIN_MEMORY,
            PLUGIN_COUNTERS,
            DROPPED_EMISSIONS,
            DROPPED_LOG_LINES,
        ],
    ),
    (
        "Transactions",
        &[
            TRANSACTIONS,
            TRANSACTION_FAILURES,
            TRANSACTION_OPEN,
            COMMIT_DURATION,
            PRODUCER_REPLACEMENTS,
            REWINDS,
            WATCHDOG_STALLS,
        ],
    ),
    (
        "Pipeline and consumer",
        &[PIPELINE_UP, ASSIGNED_PARTITIONS, REBALANCES, HANDOVER_DURATION, TAKE_DURATION, SEEK_RETRIES, BROKER_ERRORS],
    ),
    (
        "Keyed state",
        &[
            STATE_CHANGES,
            STATE_OVERLAY,
            STATE_APPLY_FAILURES,
            STATE_UNPLANNED_READS,
            STATE_RESTORING,
            STATE_CHANGELOG_LAG,
            STATE_RESTORED,
            STATE_KEYS,
            STATE_BYTES,
        ],
    ),
    ("Process", &[BUILD, PROCESS_START, PROCESS_CPU, PROCESS_MEMORY]),
];

/// What a label can say, in one metric or in all that have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Label {
    pub name: &'static str,
    /// `None`: in every metric that has the label.
    pub metric: Option<&'static str>,
    pub values: Values,
}

const fn label(name: &'static str, values: Values) -> Label {
    Label { name, metric: None, values }
}

/// The values of every label. Those of `class` and `code` depend on the metric.
pub const LABELS: &[Label] = &[
    label("pipeline", Values::Bounded("a pipeline's name in the configuration")),
    label("worker", Values::Bounded("the worker's number within its pipeline, from 0")),
    label("output", Values::Bounded("an output's name in the configuration")),
    label("store", Values::Bounded("the name of a store in the plugin's manifest")),
    label("version", Values::Bounded("the version that runs")),
    label("outcome", Values::OneOf(&["forward", "emit", "drop", "reject", "retry"])),
    label("verdict", Values::OneOf(&["swapped", "refused"])),
    label("plugin", Values::Bounded("a plugin's name in the configuration")),
    label("digest", Values::Bounded("`sha256:<hex>` of a plugin's file; one at a time")),
    label("counter", Values::Bounded("the name of a counter in the plugin's manifest")),
    Label {
        name: "code",
        metric: Some(DEAD_LETTERS.name),
        values: Values::Bounded(
            "a dead letter's code: ours, and those in the plugin's manifest, as far as they are among the first 64 that a \
             pipeline meets; `other` for the rest",
        ),
    },
    Label {
        name: "code",
        metric: Some(GUEST_FAILURES.name),
        values: Values::OneOf(&[
            "plugin-trap",
            "plugin-deadline",
            "plugin-memory",
            "plugin-protocol",
            "record-too-large",
            "state-too-large",
        ]),
    },
    label("result", Values::OneOf(&["committed", "aborted", "resolved"])),
    Label {
        name: "class",
        metric: Some(TRANSACTION_FAILURES.name),
        values: Values::OneOf(&["fatal", "abort", "retriable", "unknown", "guard", "corruption"]),
    },
    Label {
        name: "class",
        metric: Some(BROKER_ERRORS.name),
        values: Values::Bounded("a class of client error: a word of the program, never the error's text"),
    },
    label("reason", Values::OneOf(&["fatal", "abort_timeout", "end_txn_repeated", "unknown"])),
    label("kind", Values::OneOf(&["assigned", "revoked", "lost"])),
];
