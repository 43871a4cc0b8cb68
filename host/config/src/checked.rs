//! The configuration after every check has passed: types in which a bad state can't be written down.
//!
//! Built by [`crate::load`] and by nothing else outside tests; read by `kafka`, `pipeline` and the binary. A field holds
//! what was written, or the default that the raw file's docs name.

mod plugin;
mod state;

pub use plugin::*;
pub use state::*;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::place::Place;
use crate::problem::Problem;

/// A whole `wasmill.yaml`.
#[derive(Debug, Clone)]
pub struct Config {
    /// In the order of the file.
    pub pipelines: Vec<Pipeline>,
    /// Every plugin of the file in its order, whether a pipeline uses it or not.
    pub plugins: Vec<Arc<WasmPlugin>>,
    /// What is right but hardly meant.
    pub warnings: Vec<Problem>,
    /// Where health and metrics are served; `None`: nowhere.
    pub admin: Option<Admin>,
    /// Where the instance id and state are kept; `None`: a fresh id at each start, and no place for state.
    pub state_directory: Option<PathBuf>,
    pub state: StateLimits,
}

#[derive(Debug, Clone)]
pub struct Admin {
    pub listen: SocketAddr,
}

/// One Kafka cluster and how to reach it.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub name: String,
    /// `host:port`, comma separated, never empty.
    pub bootstrap_servers: String,
    /// librdkafka properties, none of which wasmill owns ([`crate::owned`]).
    pub properties: BTreeMap<String, Secret>,
    /// A file that holds a bearer token for SASL OAUTHBEARER; read again before the token expires.
    pub oauthbearer_token_file: Option<PathBuf>,
}

/// A value that may have to be hidden: `Debug` prints `***` when it came from a file or from the environment, or when its key
/// names a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    pub(crate) value: String,
    pub(crate) hidden: bool,
}

impl Secret {
    /// A value that may be shown.
    pub fn plain(value: impl Into<String>) -> Secret {
        Secret { value: value.into(), hidden: false }
    }

    /// A value that is shown as `***`.
    pub fn hidden(value: impl Into<String>) -> Secret {
        Secret { value: value.into(), hidden: true }
    }

    /// The value itself, for the client library only.
    pub fn expose(&self) -> &str {
        &self.value
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.hidden { "***" } else { &self.value })
    }
}

/// Inputs, a plugin, outputs.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// `[a-z0-9-]{1,64}`.
    pub name: String,
    pub cluster: Cluster,
    /// The consumer group; default the pipeline's name.
    pub group: String,
    /// 6 s to 300 s, default 30 s.
    pub session_timeout: Duration,
    pub delivery: Delivery,
    /// Worker threads, 1 to 64; default the number of cores.
    pub workers: usize,
    /// In the order of the file; an input's number is its position. At least one; the first one leads, the others follow.
    pub inputs: Vec<Input>,
    /// Where `inputs` is: the place of one that is missing.
    pub inputs_place: Place,
    pub plugin: Plugin,
    /// In the order of the file; an output's number is its position.
    pub outputs: Vec<Output>,
    /// Where `outputs` is: the place of one that is missing.
    pub outputs_place: Place,
    pub dead_letters: DeadLetters,
    pub batch: Batch,
    pub commit: Commit,
    pub retry: Retry,
    /// In the order of the file; only what is set about them.
    pub stores: Vec<Store>,
    /// `sha256:<hex>` of the pipeline's section after substitution, with the plugin's `config` and `limits` and without the
    /// cluster's properties, which may be secrets; goes into dead letters.
    pub digest: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    ExactlyOnce,
    AtLeastOnce,
}

#[derive(Debug, Clone)]
pub struct Input {
    pub name: String,
    pub topic: String,
    pub start: Start,
    /// Where its name is.
    pub place: Place,
}

/// Where a partition without a committed offset starts. Partitions that appear later start at earliest whatever is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Earliest,
    Latest,
}

#[derive(Debug, Clone)]
pub struct Output {
    pub name: String,
    pub topic: String,
    pub partition: Partitioner,
    /// Where its name is.
    pub place: Place,
}

/// Which partition of the output a record goes to unless the plugin names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partitioner {
    /// murmur2 of the key, as the Java client; without a key the source partition modulo the output's count.
    Key,
    /// The source partition modulo the output's count.
    Source,
}

#[derive(Debug, Clone)]
pub struct DeadLetters {
    /// Default `<topic of the first input>.dlq`.
    pub topic: String,
}

/// How much is polled and handed to the plugin at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// 1 to 10000, default 256.
    pub records_max: usize,
    /// 1 KiB to 16 MiB, default 256 KiB; a batch holds at least one record, however large.
    pub bytes_max: usize,
}

/// When the open transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// 5 ms to 10 s, default 100 ms.
    pub interval: Duration,
    /// 4 s to 60 s, default 10 s. The commit deadline is half of it, the budget a third.
    pub transaction_timeout: Duration,
    /// 1 to 10,000,000, default 100,000: reaching it commits at once.
    pub records_max: usize,
    /// 64 KiB to 1 GiB, default 64 MiB: reaching it commits at once.
    pub bytes_max: usize,
    /// 1 s to 24 h, default 1 h: positions of a pipeline with several inputs are committed at least so often.
    pub refresh_interval: Duration,
}

/// What a `retry` outcome leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all, 1 to 1000, default 5; then the record is a dead letter.
    pub attempts: u32,
    /// 1 ms to 1 h, default 100 ms.
    pub backoff_initial: Duration,
    /// >= initial, up to 24 h, default 10 s.
    pub backoff_max: Duration,
}
