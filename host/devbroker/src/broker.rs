//! The handle: starts the broker on a thread of its own, and what a test or `wasmill dev` asks of it without a client.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kafka_protocol::ResponseError;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::api::text;
use crate::core::Core;
use crate::directory::{DirectoryError, Lock};
use crate::faults::{Faults, NotSeen};
use crate::options::Options;
use crate::server::{driver, listener};
use crate::shared::Shared;
use crate::transactions::TransactionState;

/// Requests are short and the state has one lock: more threads would only wait for it.
const THREADS: usize = 2;
/// How long a stop waits for the tasks' ends.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);
const NODES_MAX: i32 = 9;

/// Why a broker does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The options name a number of nodes that can't be posed as.
    #[error("{0} nodes: 1 to {NODES_MAX} can be posed as")]
    Nodes(i32),
    /// A port is taken.
    #[error("failed to listen on port {port}")]
    Port {
        /// The port asked for, 0 for any.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The directory is in use, or not as it was left.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// No threads, or no random numbers.
    #[error("failed to start the dev broker's threads")]
    Threads(#[from] io::Error),
}

/// Where a partition begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The first offset there is.
    pub start: i64,
    /// Where readers of committed data stop.
    pub last_stable: i64,
    /// The next offset to be written.
    pub end: i64,
}

/// A running broker on loopback ports of this machine. Dropping it stops it.
pub struct Broker {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    runtime: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Broker {
    /// Starts a broker; clients can connect when it returns.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(options: Options) -> Result<Broker, StartError> {
        if !(1..=NODES_MAX).contains(&options.nodes) {
            return Err(StartError::Nodes(options.nodes));
        }
        // Before ports are taken: who starts a second broker by mistake is told of the first one by its directory.
        let lock = options.directory.as_deref().map(Lock::take).transpose()?;
        let mut listeners = Vec::new();
        for node in 1..=options.nodes {
            let behind = u16::try_from(node - 1).unwrap_or_default();
            let port = if options.port == 0 { 0 } else { options.port.saturating_add(behind) };
            let listener = listener::bind(port).map_err(|source| StartError::Port { port, source })?;
            listeners.push((node, listener));
        }
        let addresses: Vec<SocketAddr> =
            listeners.iter().map(|(_, listener)| listener.local_addr()).collect::<Result<_, _>>()?;
        let (mut core, now) = (Core::new(options.clone(), random()), options.clock.now());
        if let Some(lock) = lock {
            core.open(lock, &joined(&addresses), now)?;
        }
        core.addresses.push(addresses.iter().map(|it| (text(it.ip().to_string()), i32::from(it.port()))).collect());
        let shared = Arc::new(Shared::new(core));
        let runtime =
            Builder::new_multi_thread().worker_threads(THREADS).thread_name("devbroker").enable_all().build()?;
        let handle = runtime.handle().clone();
        for (node, listener) in listeners {
            handle.spawn(listener::run(Arc::clone(&shared), listener, node, 0));
        }
        let driven = Arc::clone(&shared);
        let thread = thread::Builder::new().name("devbroker".into()).spawn(move || drive(runtime, driven))?;
        Ok(Broker { shared, addresses, runtime: handle, thread: Some(thread) })
    }

    /// `bootstrap.servers`: all nodes.
    pub fn bootstrap(&self) -> String {
        joined(&self.addresses)
    }

    /// Where a node listens; nodes count from 1.
    pub fn address(&self, node: i32) -> Option<SocketAddr> {
        self.addresses.get(usize::try_from(node.checked_sub(1)?).ok()?).copied()
    }

    /// Opens a further port for each node, whose clients are told these addresses (`host:port`, one for each node)
    /// instead of the broker's own: those of proxies that forward to the ports. Returns the ports' addresses.
    ///
    /// # Errors
    /// Not as many addresses as nodes, one that is none, or no port to be had.
    pub fn listen_behind(&self, advertised: &[&str]) -> io::Result<Vec<SocketAddr>> {
        let told = advertised.iter().map(|address| {
            let (host, port) = address.rsplit_once(':')?;
            Some((text(host), i32::from(port.parse::<u16>().ok()?)))
        });
        let told = told.collect::<Option<Vec<_>>>().filter(|told| told.len() == self.addresses.len());
        let told = told.ok_or(io::ErrorKind::InvalidInput)?;
        let bound = told.iter().map(|_| listener::bind(0)).collect::<io::Result<Vec<_>>>()?;
        let addresses = bound.iter().map(std::net::TcpListener::local_addr).collect::<io::Result<_>>()?;
        let listeners = self.shared.change(|core, _| {
            core.addresses.push(told);
            core.addresses.len() - 1
        });
        for (node, listener) in (1..).zip(bound) {
            self.runtime.spawn(listener::run(Arc::clone(&self.shared), listener, node, listeners));
        }
        Ok(addresses)
    }

    /// Makes a topic with these configs.
    ///
    /// # Errors
    /// What a client's CreateTopics would be answered.
    pub fn create_topic(&self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Result<(), ResponseError> {
        let configs: BTreeMap<String, String> =
            configs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let made = self.shared.change(|core, _| core.cluster.create_topic(name, partitions, configs, false));
        match made {
            _ if self.shared.is_closed() => Err(ResponseError::KafkaStorageError),
            made => made.map(|_| ()).map_err(|(error, _)| error),
        }
    }

    /// How many partitions the topic has, `None` when there is no such topic.
    pub fn partitions(&self, topic: &str) -> Option<i32> {
        self.shared.read(|core| i32::try_from(core.cluster.topic(topic).ok()?.partitions.len()).ok())
    }

    /// Where the partition begins and ends, `None` when there is none.
    pub fn ends(&self, topic: &str, partition: i32) -> Option<Ends> {
        self.shared.read(|core| {
            let partition = core.cluster.partition(topic, partition).ok()?;
            Some(Ends { start: partition.start, last_stable: partition.last_stable(), end: partition.end })
        })
    }

    /// The coordinator's view of a transactional id, `None` when nobody has used it.
    pub fn transaction_state(&self, transactional_id: &str) -> Option<TransactionState> {
        self.shared.read(|core| core.transactions.view(transactional_id).map(|view| view.state))
    }

    /// Waits until the transactional id is in this state.
    ///
    /// # Errors
    /// It is not, `within` this time.
    pub fn wait_for_transaction_state(
        &self,
        transactional_id: &str,
        state: TransactionState,
        within: Duration,
    ) -> Result<(), NotSeen> {
        let is_there = || (self.transaction_state(transactional_id) == Some(state)).then_some(());
        let waited = self.shared.faults.wait(within, is_there);
        waited.ok_or_else(|| NotSeen::new(format!("`{transactional_id}` in the state {state:?}"), within))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Failures on demand.
    pub fn faults(&self) -> Faults {
        Faults::new(Arc::clone(&self.shared))
    }

    /// Carries out retention by time and compaction now.
    pub fn clean(&self) {
        self.shared.change(|core, now| core.clean(now));
    }

    /// Whether the last write was refused because the partitions together hold as many bytes as they may.
    pub fn full(&self) -> bool {
        self.shared.read(Core::is_full)
    }

    /// Bytes that all partitions hold, what a batch costs beside its records included.
    pub fn bytes_used(&self) -> u64 {
        self.shared.read(|core| core.cluster.budget.used())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.shared.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // It ends within the stop's timeout, and a panic of it has been reported already.
            let _ = thread.join();
        }
        // Handles of faults may live longer; the next start must not find the directory in use.
        self.shared.lock().close();
    }
}

/// Owns the runtime, so that dropping a [`Broker`] inside of another runtime is fine.
fn drive(runtime: Runtime, shared: Arc<Shared>) {
    runtime.block_on(driver::run(shared));
    runtime.shutdown_timeout(STOP_TIMEOUT);
}

fn joined(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(",")
}

fn random() -> u64 {
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    high ^ low
}
