//! What a worker needs of the configuration, in the units it uses.

use crate::changelogs::Changelogs;
use crate::token;
use std::time::Duration;
use wasmill_config::{PluginKind, StateLimits};
use wasmill_record::BatchLimits;
use wasmill_settle::{Backoff, Policy};

/// Of a record batch with one change, beside key and value.
const CHANGE_OVERHEAD_BYTES: usize = 512;

/// Settings of one worker; all durations are derived in one place, so that their order is visible.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    pub worker: usize,
    pub workers: usize,
    pub pipeline: String,
    pub group: String,
    /// Topic of each input, by its number.
    pub topics: Vec<String>,
    /// Name of each output, by its number.
    pub outputs: Vec<String>,
    pub dead_letter_topic: String,
    /// Name of each store, by its number.
    pub stores: Vec<String>,
    /// The end of every token: which changelogs the stores have.
    pub changelogs: String,
    /// Keys and values that one transaction changes, in all: reaching it commits.
    pub state_overlay_bytes_max: usize,
    pub state_key_bytes_max: usize,
    pub state_value_bytes_max: usize,
    pub config_digest: String,
    /// `<instance>:<run>`: the start of every token.
    pub instance: String,
    pub run: String,
    pub batch: BatchLimits,
    pub policy: Policy,
    pub commit_interval: Duration,
    pub commit_records_max: usize,
    pub commit_bytes_max: usize,
    pub transaction_timeout: Duration,
    /// Positions of several inputs are committed at least so often.
    pub refresh_interval: Duration,
    /// A new instance of the plugin may take this long to start; zero where it takes nothing.
    pub start_deadline: Duration,
}

impl WorkerSettings {
    pub fn new(config: &wasmill_config::Pipeline, worker: usize, instance: &str, run: &str) -> WorkerSettings {
        WorkerSettings {
            worker,
            workers: config.workers,
            pipeline: config.name.clone(),
            group: config.group.clone(),
            topics: config.inputs.iter().map(|input| input.topic.clone()).collect(),
            outputs: config.outputs.iter().map(|output| output.name.clone()).collect(),
            dead_letter_topic: config.dead_letters.topic.clone(),
            stores: Vec::new(),
            changelogs: String::new(),
            state_overlay_bytes_max: usize::MAX,
            state_key_bytes_max: 0,
            state_value_bytes_max: 0,
            config_digest: config.digest.clone(),
            instance: instance.to_owned(),
            run: run.to_owned(),
            batch: BatchLimits { records_max: config.batch.records_max, bytes_max: config.batch.bytes_max },
            policy: Policy {
                attempts_max: config.retry.attempts,
                backoff: Backoff { initial: config.retry.backoff_initial, max: config.retry.backoff_max },
                outputs: u16::try_from(config.outputs.len()).unwrap_or(u16::MAX),
            },
            commit_interval: config.commit.interval,
            commit_records_max: config.commit.records_max,
            commit_bytes_max: config.commit.bytes_max,
            transaction_timeout: config.commit.transaction_timeout,
            refresh_interval: config.commit.refresh_interval,
            start_deadline: match &config.plugin.kind {
                PluginKind::Native(_) => Duration::ZERO,
                PluginKind::Wasm(plugin) => plugin.limits.start_deadline,
            },
        }
    }

    /// The worker keeps state in these stores. A change may be as large as their topics take.
    pub(crate) fn keep(&mut self, stores: &[String], limits: &StateLimits, changelogs: &Changelogs) {
        let ids = changelogs.topics.iter().map(|topic| topic.id.as_str());
        self.changelogs = token::changelogs(stores.iter().map(String::as_str).zip(ids));
        let topic_bytes_max = changelogs.bytes_max();
        self.stores = stores.to_vec();
        self.state_overlay_bytes_max = limits.overlay_bytes;
        let most = topic_bytes_max.unwrap_or(usize::MAX).saturating_sub(CHANGE_OVERHEAD_BYTES);
        self.state_key_bytes_max = limits.key_bytes_max.min(most / 2);
        self.state_value_bytes_max = limits.value_bytes_max.min(most.saturating_sub(self.state_key_bytes_max));
    }

    /// A transaction may be open this long before it is closed with what is decided (R5.7).
    pub fn budget(&self) -> Duration {
        self.transaction_timeout / 3
    }

    /// Ending one may take this long (R2.3).
    pub fn commit_deadline(&self) -> Duration {
        self.transaction_timeout / 2
    }

    /// No EndTxn is waited for longer after begin than this: past the timeout the coordinator aborts by itself.
    pub fn last_moment(&self) -> Duration {
        self.transaction_timeout.mul_f64(0.9)
    }

    pub fn topic(&self, input: u16) -> &str {
        self.topics.get(usize::from(input)).map_or("", String::as_str)
    }
}
