//! A running cluster: started, hurt and taken down.
//!
//! Nodes are numbered from 0; the number is also the broker id. A node is ready when it answers a metadata request with
//! itself in it, not when its port is open or its log says so. Down means `kill -9`: three nodes that are asked nicely
//! at the same time can wait for each other for ever.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, anyhow, ensure};

use crate::java::Java;
use crate::node::{Node, PortTaken};
use crate::options::Options;
use crate::properties::Common;
use crate::tls::Keys;
use crate::{archive, client, distribution::Distribution, run_directory};

/// More than one lost race for a port is unlikely, three mean something else is wrong.
const STARTS_MAX: usize = 3;
/// Any 16 bytes in URL-safe base64; clusters never meet.
const CLUSTER_ID: &str = "d2FzbWlsbC10ZXN0cy0xMA";

/// A cluster that is killed and whose directory is removed when it is dropped. After a panic the directory stays, with
/// the logs, until the next start of any cluster.
pub struct Cluster {
    nodes: Vec<Node>,
    directory: PathBuf,
    keys: Option<Keys>,
    java: Java,
}

impl Cluster {
    /// Starts a cluster and waits until every node answers. The first start ever also fetches the jars (56 MB).
    ///
    /// # Errors
    /// When Kafka can not be run here ([`crate::available`]), or a node ends or does not answer within 90 s; the error
    /// has the part of its log that tells why.
    pub fn start(options: Options) -> anyhow::Result<Cluster> {
        let distribution = Distribution::fetched()?;
        let archive = archive::made(&distribution);
        Cluster::start_on(&options, Java::new(&distribution, archive))
    }

    pub(crate) fn start_on(options: &Options, java: Java) -> anyhow::Result<Cluster> {
        ensure!(matches!(options.nodes, 1 | 3), "a cluster has 1 or 3 nodes, not {}", options.nodes);
        ensure!(options.external.is_none() || options.nodes == 1, "an external listener goes with one node only");
        let mut start = 1;
        loop {
            match Cluster::try_start(options, &java) {
                Err(error) if error.is::<PortTaken>() && start < STARTS_MAX => start += 1,
                outcome => return outcome,
            }
        }
    }

    fn try_start(options: &Options, java: &Java) -> anyhow::Result<Cluster> {
        let keys = options.sasl.then(Keys::made).transpose()?;
        let directory = run_directory::make()?;
        // From here on a failed start is cleaned up by being dropped.
        let mut cluster = Cluster { nodes: Vec::new(), directory, keys, java: java.clone() };
        for id in 0..options.nodes {
            cluster.nodes.push(Node::new(id, options, &cluster.directory)?);
        }
        cluster.format(options)?;
        for node in &mut cluster.nodes {
            node.launch(java)?;
        }
        for node in &mut cluster.nodes {
            node.wait_ready(options.nodes, true)?;
        }
        Ok(cluster)
    }

    /// Formats all nodes at the same time: each takes the start of a JVM.
    fn format(&self, options: &Options) -> anyhow::Result<()> {
        let voters: Vec<String> = self.nodes.iter().map(Node::voter).collect();
        let common = Common { options, voters: voters.join(","), keys: self.keys.as_ref() };
        let java = self.java.for_tools();
        let format = |node: &Node| node.format(CLUSTER_ID, &common, &java);
        let format = &format;
        std::thread::scope(|scope| {
            let formats: Vec<_> = self.nodes.iter().map(|node| scope.spawn(move || format(node))).collect();
            formats.into_iter().try_for_each(|it| it.join().map_err(|_| anyhow!("a format panicked"))?)
        })
    }

    /// One cluster for all tests of this process: one node with SASL. It dies with the process.
    ///
    /// # Errors
    /// Those of the first call's [`Cluster::start`]; later calls get the same again.
    pub fn shared() -> anyhow::Result<&'static Cluster> {
        static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| Cluster::start(Options::one().sasl()).map_err(|error| format!("{error:#}")));
        shared.as_ref().map_err(|error| anyhow!("{error}"))
    }

    /// `bootstrap.servers` of the plaintext listeners of all nodes, dead ones too.
    pub fn bootstrap(&self) -> String {
        self.nodes.iter().map(Node::bootstrap).collect::<Vec<_>>().join(",")
    }

    /// Where the listener of [`Options::external`] really listens: what a proxy forwards to.
    ///
    /// # Panics
    /// Without such a listener.
    pub fn external_bootstrap(&self) -> String {
        let addresses: Vec<String> = self.nodes.iter().filter_map(Node::external).collect();
        assert!(!addresses.is_empty(), "this cluster has no external listener: Options::external");
        addresses.join(",")
    }

    /// `bootstrap.servers` of the SASL_SSL listeners. The users are [`crate::SASL_USER`] with [`crate::SASL_PASSWORD`]
    /// for PLAIN and SCRAM-SHA-256, and anyone with an [`crate::unsecured_token`] for OAUTHBEARER.
    ///
    /// # Panics
    /// Without [`Options::sasl`].
    pub fn sasl_bootstrap(&self) -> String {
        let addresses: Vec<String> = self.nodes.iter().filter_map(Node::secure).collect();
        assert!(!addresses.is_empty(), "this cluster has no SASL_SSL listener: Options::sasl");
        addresses.join(",")
    }

    /// The certificate that clients of the SASL_SSL listener must trust (PEM).
    ///
    /// # Panics
    /// Without [`Options::sasl`].
    pub fn ca_file(&self) -> &Path {
        let Some(keys) = &self.keys else { panic!("this cluster has no SASL_SSL listener: Options::sasl") };
        &keys.ca
    }

    /// Creates a topic with a replica on each node and waits until each partition has a leader.
    ///
    /// # Errors
    /// Also when there is a topic of that name.
    pub fn topic(&self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> anyhow::Result<()> {
        let replicas = i32::try_from(self.nodes.len().min(3))?;
        client::Client::new(&self.bootstrap())?.create_topic(name, partitions, replicas, configs)
    }

    /// Kills a node as `kill -9` does and waits for its end.
    pub fn kill(&mut self, node: usize) -> anyhow::Result<()> {
        self.node_mut(node)?.kill()
    }

    /// Starts a killed node again, with the same ports and data, and waits until it answers. When all nodes run, also
    /// until every partition has a leader.
    pub fn restart(&mut self, node: usize) -> anyhow::Result<()> {
        let java = self.java.clone();
        self.node_mut(node)?.launch(&java)?;
        let all = self.nodes.iter().all(Node::is_running);
        let brokers = if all { self.nodes.len() } else { 1 };
        self.node_mut(node)?.wait_ready(brokers, all)
    }

    /// Sends a signal to a node, such as `libc::SIGSTOP` and `libc::SIGCONT`.
    pub fn signal(&self, node: usize, signal: i32) -> anyhow::Result<()> {
        self.nodes.get(node).with_context(|| format!("there is no node {node}"))?.signal(signal)
    }

    /// The log file of a node; it is gone with the cluster.
    pub fn log_file(&self, node: usize) -> anyhow::Result<PathBuf> {
        Ok(self.nodes.get(node).with_context(|| format!("there is no node {node}"))?.log())
    }

    pub(crate) fn terminate(&mut self, node: usize) -> anyhow::Result<()> {
        self.node_mut(node)?.terminate()
    }

    fn node_mut(&mut self, node: usize) -> anyhow::Result<&mut Node> {
        self.nodes.get_mut(node).with_context(|| format!("there is no node {node}"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Each node kills its process.
        self.nodes.clear();
        if std::thread::panicking() {
            eprintln!("the logs of the brokers are in `{}` until the next start", self.directory.display());
            return;
        }
        // What is left behind is removed by the next start.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
