//! The sections of the file as written: every value of the right type and within its own bounds, or reported and left out.
//!
//! The doc comments are the descriptions in the JSON Schema: they are written for the user and say unit, bounds and default.
//! Does not compare values with each other; that is `check`.

mod plugin;
mod property;
mod state;

pub(crate) use plugin::{DEFINE_AND_NAME, Limits, Plugin, WasmPlugin};
pub(crate) use property::{ClusterName, Property};
pub(crate) use state::{State, Store, Stores};

use crate::checked::{Delivery, Partitioner, Start};
use crate::reader::{KeyRule, Named, section};
use crate::scalar::{BootstrapServers, FilePath, GroupName, Int, Listen, One, RetryOrder, TopicName, Version, is_word};

/// Names of clusters, inputs and outputs.
pub(crate) struct AnyName;

impl KeyRule for AnyName {
    const PATTERN: &'static str = "^[a-zA-Z0-9_-]{1,64}$";

    fn allows(key: &str) -> bool {
        is_word(key, 64, "_-")
    }
}

/// Names of pipelines and of plugins: they become labels of metrics and parts of other names.
pub(crate) struct LabelName;

impl KeyRule for LabelName {
    const PATTERN: &'static str = "^[a-z0-9-]{1,64}$";

    fn allows(key: &str) -> bool {
        is_word(key, 64, "-") && !key.contains(|c: char| c.is_ascii_uppercase())
    }
}

/// Names of librdkafka properties: the client library says which there are.
pub(crate) struct PropertyName;

impl KeyRule for PropertyName {
    const PATTERN: &'static str = "^[a-z0-9._]{1,128}$";

    fn allows(key: &str) -> bool {
        is_word(key, 128, "._") && !key.contains(|c: char| c.is_ascii_uppercase())
    }
}

pub(crate) type Clusters = Named<Cluster, AnyName>;
pub(crate) type Plugins = Named<WasmPlugin, LabelName>;
pub(crate) type Pipelines = Named<Pipeline, LabelName>;
pub(crate) type Inputs = Named<Input, AnyName>;
pub(crate) type Outputs = Named<Output, AnyName>;

section! {
    /// A wasmill configuration: records go from input topics through a plugin to output topics. `${NAME}` and
    /// `${NAME:-default}` in a value are replaced from the environment; `$$` is a literal `$`. Paths are relative to the
    /// folder of this file.
    Raw {
        /// The version of this format: 1.
        version: Version,
        /// The Kafka clusters, by name.
        clusters: Clusters,
        /// The plugins, by name: 1 to 64 of a-z 0-9 -. Each pipeline names one; several may name the same. Default: none.
        #[schemars(default)]
        plugins: Plugins,
        /// The pipelines, by name: 1 to 64 of a-z 0-9 -.
        pipelines: Pipelines,
        /// What this process keeps on disk. Default: nothing.
        #[schemars(default)]
        state: State,
        /// Health and metrics. Default: not served.
        #[schemars(default)]
        admin: Admin,
    }
}

section! {
    /// One Kafka cluster.
    Cluster {
        /// The brokers to begin with, `host:port`, several with commas between.
        bootstrap_servers: BootstrapServers,
        /// Properties of librdkafka, by their names there, except those that wasmill sets itself. A secret is better given as
        /// `{ file: /run/secrets/x }`.
        #[schemars(default)]
        properties: Named<Property, PropertyName>,
        /// Authentication by bearer token; set `sasl.mechanisms: OAUTHBEARER` in `properties` too.
        #[schemars(default)]
        oauthbearer: OauthBearer,
    }
}

section! {
    /// Authentication by a bearer token that something else keeps fresh.
    OauthBearer {
        /// The file with the token; read again before the token expires.
        token_file: FilePath,
    }
}

section! {
    /// From input topics through a plugin to outputs.
    Pipeline {
        /// The cluster of all its topics. Default: the only cluster there is.
        #[schemars(default)]
        cluster: ClusterName,
        /// The consumer group, 1 to 64 of a-z A-Z 0-9 _ -; no two pipelines of a cluster share one. Default: the pipeline's
        /// name.
        #[schemars(default)]
        group: GroupName,
        /// After how many ms of silence a process loses its partitions to others. 6000 to 300000, default 30000.
        #[schemars(default)]
        session_timeout_ms: Int<6_000, 300_000, 30_000>,
        /// `exactly_once` (default): outputs, dead letters and positions in one transaction. `at_least_once`: without.
        #[schemars(default)]
        delivery: One<Delivery>,
        /// Worker threads, 1 to 64. Default: the number of cores.
        #[schemars(default)]
        workers: Int<1, 64, 0>,
        /// The input topics, by name, 1 to 16; no two have one topic, and all have equal numbers of partitions. Partition n of
        /// each is read by one worker. The first one leads: partitions are added to it last.
        inputs: Inputs,
        /// What is done with each record: the name of a plugin in `plugins`.
        plugin: Plugin,
        /// The output topics, by name; the order counts. May be empty (`{}`) for a plugin that only drops or refuses.
        outputs: Outputs,
        /// Where records go that the plugin refuses.
        #[schemars(default)]
        dead_letters: DeadLetters,
        /// How much is handed to the plugin at once.
        #[schemars(default)]
        batch: Batch,
        /// When the open transaction is committed.
        #[schemars(default)]
        commit: Commit,
        /// What happens to records that the plugin wants to see again.
        #[schemars(default)]
        retry: Retry,
        /// What is set about the plugin's stores, by name: 1 to 64 of a-z 0-9 -. Which stores there are, the plugin says; one
        /// that is not named here has the defaults.
        #[schemars(default)]
        stores: Stores,
    }
}

section! {
    /// One topic to read.
    Input {
        /// The topic.
        topic: TopicName,
        /// Where a partition begins that the group has not committed yet: `earliest` (default) or `latest`. Partitions that
        /// are added later begin at the earliest record.
        #[schemars(default)]
        start: One<Start>,
    }
}

section! {
    /// One topic to write.
    Output {
        /// The topic; another one than the inputs'.
        topic: TopicName,
        /// `key` (default): by the hash of the key, as Java clients do. `source`: the partition the input came from, modulo
        /// the number of partitions of the output.
        #[schemars(default)]
        partition: One<Partitioner>,
    }
}

section! {
    /// Where records go that the plugin refuses.
    DeadLetters {
        /// The topic. Default: the first input's topic with `.dlq` behind it.
        #[schemars(default)]
        topic: TopicName,
    }
}

section! {
    /// How much is handed to the plugin at once; whichever is reached first. A batch holds at least one record.
    Batch {
        /// Records, 1 to 10000, default 256.
        #[schemars(default)]
        records_max: Int<1, 10_000, 256>,
        /// Bytes, 1024 to 16777216 (16 MiB), default 262144 (256 KiB).
        #[schemars(default)]
        bytes_max: Int<1_024, { 16 << 20 }, { 256 << 10 }>,
    }
}

section! {
    /// When the open transaction is committed; whichever is reached first.
    Commit {
        /// After so many ms, 5 to 10000, default 100. Less than half of `transaction_timeout_ms`.
        #[schemars(default)]
        interval_ms: Int<5, 10_000, 100>,
        /// After how many ms the broker aborts a transaction that nobody ends, 4000 to 60000, default 10000. Readers of
        /// committed records may have to wait that long after a crash.
        #[schemars(default)]
        transaction_timeout_ms: Int<4_000, 60_000, 10_000>,
        /// After so many records, 1 to 10000000, default 100000.
        #[schemars(default)]
        records_max: Int<1, 10_000_000, 100_000>,
        /// After so many bytes of output, 65536 (64 KiB) to 1073741824 (1 GiB), default 67108864 (64 MiB).
        #[schemars(default)]
        bytes_max: Int<{ 64 << 10 }, { 1 << 30 }, { 64 << 20 }>,
        /// With several inputs: after so many ms at most positions are committed although nothing came, 1000 to 86400000
        /// (24 h), default 3600000 (1 h). Far below the brokers' `offsets.retention.minutes`, after which they forget those of
        /// every input but the first.
        #[schemars(default)]
        refresh_interval_ms: Int<1_000, 86_400_000, 3_600_000>,
    }
}

section! {
    /// What happens to records that the plugin wants to see again.
    Retry {
        /// Attempts in all, 1 to 1000, default 5; then the record is a dead letter.
        #[schemars(default)]
        attempts: Int<1, 1_000, 5>,
        /// How long to wait between attempts when the plugin does not say: doubled each time.
        #[schemars(default)]
        backoff_ms: Backoff,
        /// What waits with the record: `partition` (default), the whole partition.
        #[schemars(default)]
        order: RetryOrder,
    }
}

section! {
    /// How long to wait between attempts.
    Backoff {
        /// Before the second attempt, ms, 1 to 3600000 (1 h), default 100.
        #[schemars(default)]
        initial: Int<1, 3_600_000, 100>,
        /// At most, ms, 1 to 86400000 (24 h), default 10000. Not less than `initial`.
        #[schemars(default)]
        max: Int<1, 86_400_000, 10_000>,
    }
}

section! {
    /// Health and metrics over HTTP.
    Admin {
        /// IP address and port, such as `127.0.0.1:8090`; port 0 takes a free one.
        listen: Listen,
    }
}
