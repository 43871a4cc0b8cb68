//! What all parts share: the cluster, the product's binary, a directory, and topics that are made and removed.

use std::cell::Cell;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use tempfile::TempDir;
use wasmill_cluster::{Cluster, Options};
use wasmill_devbroker::{self as devbroker, Broker};

/// Of every topic.
pub(crate) const PARTITIONS: i32 = 8;
/// Of every contestant.
pub(crate) const WORKERS: usize = 2;
/// The product wants one; nothing is ever written to it.
pub(crate) const DEAD_LETTERS: &str = "bench.dlq";

const ADMIN_TIMEOUT: Duration = Duration::from_secs(20);

/// What contestants run on.
enum Kafka {
    Apache(Cluster),
    /// In this process, whose CPU time is nobody's figure.
    Embedded(Broker),
}

/// Of all records at once; a part removes its topics.
const EMBEDDED_BYTES_MAX: u64 = 8 << 30;

pub(crate) struct Setting {
    kafka: Kafka,
    pub(crate) bootstrap: String,
    pub(crate) binary: PathBuf,
    /// Where the product's own plugins are.
    pub(crate) plugins: PathBuf,
    /// Configuration files and logs.
    pub(crate) directory: TempDir,
    admin: AdminClient<DefaultClientContext>,
    names: Cell<u32>,
}

impl Setting {
    pub(crate) fn new(binary: PathBuf, embedded: bool) -> Result<Setting> {
        let kafka = if embedded {
            let options = devbroker::Options { bytes_max: EMBEDDED_BYTES_MAX, ..devbroker::Options::default() };
            Kafka::Embedded(Broker::start(options)?)
        } else {
            // Removed topics free their disk at once: a run writes gigabytes.
            Kafka::Apache(Cluster::start(Options::one().property("log.segment.delete.delay.ms", "100"))?)
        };
        let bootstrap = match &kafka {
            Kafka::Apache(cluster) => cluster.bootstrap(),
            Kafka::Embedded(broker) => broker.bootstrap(),
        };
        let admin = ClientConfig::new().set("bootstrap.servers", &bootstrap).create().context("no admin client")?;
        let plugins = wasmill_artifacts::plugins()?;
        let directory = tempfile::tempdir().context("no temporary directory")?;
        let setting = Setting { kafka, bootstrap, binary, plugins, directory, admin, names: Cell::new(0) };
        setting.create(DEAD_LETTERS, 1)?;
        Ok(setting)
    }

    fn create(&self, name: &str, partitions: i32) -> Result<()> {
        match &self.kafka {
            Kafka::Apache(cluster) => cluster.topic(name, partitions, &[]),
            Kafka::Embedded(broker) => broker
                .create_topic(name, partitions, &[])
                .map_err(|error| anyhow::anyhow!("failed to make topic `{name}`: {error:?}")),
        }
    }

    /// A name that was not used before in this run.
    pub(crate) fn name(&self, kind: &str) -> String {
        self.names.set(self.names.get() + 1);
        format!("{kind}-{}", self.names.get())
    }

    /// A new topic with [`PARTITIONS`] partitions.
    pub(crate) fn topic(&self, kind: &str) -> Result<String> {
        let name = self.name(kind);
        self.create(&name, PARTITIONS)?;
        Ok(name)
    }

    /// The plugin of [`Contestant::Swapped`](crate::contestant::Contestant::Swapped), for its part to write.
    pub(crate) fn swapped(&self) -> PathBuf {
        self.directory.path().join("swapped.wasm")
    }

    pub(crate) fn remove(&self, topics: &[&str]) -> Result<()> {
        let options = AdminOptions::new().request_timeout(Some(ADMIN_TIMEOUT));
        let removed =
            block_on(self.admin.delete_topics(topics, &options), ADMIN_TIMEOUT * 2).context("no answer")??;
        for outcome in removed {
            outcome.map_err(|(name, code)| anyhow::anyhow!("failed to remove topic `{name}`: {code}"))?;
        }
        Ok(())
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread; `None` when it is not done after the timeout.
fn block_on<F: Future>(future: F, timeout: Duration) -> Option<F::Output> {
    let deadline = Instant::now() + timeout;
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut task = TaskContext::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut task) {
            return Some(output);
        }
        std::thread::park_timeout(deadline.checked_duration_since(Instant::now())?);
    }
}
