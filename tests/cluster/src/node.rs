//! One node of the cluster: its ports, its directory, its process.
//!
//! It does not know the other nodes. Called by `cluster.rs`.

mod log;

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::java::Java;
use crate::options::Options;
use crate::ports::Port;
use crate::properties::{self, Addresses, Common};
use crate::{SASL_PASSWORD, SASL_USER, client, signal, spawn, wait};

/// Two to four seconds on an idle machine with two cores; a build beside it can make that ten times longer.
pub(crate) const READY_TIMEOUT: Duration = Duration::from_secs(90);
/// An exit after SIGTERM closes logs and may write a class archive of 50 MB.
const EXIT_TIMEOUT: Duration = Duration::from_secs(90);

/// Another program took one of our ports between the search and the start.
#[derive(Debug, thiserror::Error)]
#[error("a port of node {node} was taken:\n{log}")]
pub(crate) struct PortTaken {
    node: usize,
    log: String,
}

pub(crate) struct Node {
    id: usize,
    directory: PathBuf,
    client: Port,
    controller: Port,
    external: Option<Port>,
    secure: Option<Port>,
    child: Option<Child>,
    /// Length of the log when the node was launched last.
    log_begin: u64,
}

impl Node {
    pub(crate) fn new(id: usize, options: &Options, run_directory: &Path) -> anyhow::Result<Node> {
        let directory = run_directory.join(format!("node-{id}"));
        fs::create_dir(&directory)?;
        let external = options.external.is_some().then(Port::free).transpose()?;
        let secure = options.sasl.then(Port::free).transpose()?;
        let (client, controller) = (Port::free()?, Port::free()?);
        Ok(Node { id, directory, client, controller, external, secure, child: None, log_begin: 0 })
    }

    pub(crate) fn voter(&self) -> String {
        format!("{}@{}", self.id, self.controller.address())
    }

    pub(crate) fn bootstrap(&self) -> String {
        self.client.address()
    }

    pub(crate) fn external(&self) -> Option<String> {
        self.external.as_ref().map(Port::address)
    }

    pub(crate) fn secure(&self) -> Option<String> {
        self.secure.as_ref().map(Port::address)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("node.log")
    }

    pub(crate) fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Writes the configuration and formats the data directory.
    pub(crate) fn format(&self, cluster_id: &str, common: &Common<'_>, java: &Java) -> anyhow::Result<()> {
        let addresses = Addresses {
            client: self.client.address(),
            controller: self.controller.address(),
            external: self.external(),
            secure: self.secure(),
        };
        let server = properties::server(self.id, &addresses, &self.directory.join("data"), common);
        fs::write(self.properties(), server)?;
        fs::write(self.log4j(), properties::LOG4J)?;
        let mut arguments = vec!["format".to_owned(), "-t".into(), cluster_id.into(), "-c".into()];
        arguments.push(self.properties().display().to_string());
        if common.options.sasl {
            arguments.push("--add-scram".into());
            arguments.push(format!("SCRAM-SHA-256=[name={SASL_USER},password={SASL_PASSWORD}]"));
        }
        java.run("kafka.tools.StorageTool", &arguments)
    }

    pub(crate) fn launch(&mut self, java: &Java) -> anyhow::Result<()> {
        if self.is_running() {
            bail!("node {} is running", self.id);
        }
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        self.log_begin = log.metadata()?.len();
        let mut command = java.command(Some(&self.log4j()), "kafka.Kafka");
        command.arg(self.properties()).current_dir(&self.directory);
        command.stdin(Stdio::null()).stdout(File::try_clone(&log)?).stderr(log);
        self.child = Some(spawn::tied_to_this_process(command).context("failed to start `java`")?);
        Ok(())
    }

    /// Waits until this node answers and says that `nodes` brokers are there. With `leaders` also until every partition
    /// of every topic has a leader.
    pub(crate) fn wait_ready(&mut self, nodes: usize, leaders: bool) -> anyhow::Result<()> {
        let client = client::Client::new(&self.bootstrap())?;
        let broker = i32::try_from(self.id)?;
        let ready = wait::until(READY_TIMEOUT, || {
            self.check_alive()?;
            Ok(client.is_ready(broker, nodes, leaders).then_some(()))
        })?;
        ready.with_context(|| {
            let part = log::telling_part(&log::since(&self.log(), self.log_begin));
            format!("node {} was not ready after {} s:\n{part}", self.id, READY_TIMEOUT.as_secs())
        })
    }

    /// An error when the process has ended although nobody killed it.
    fn check_alive(&mut self) -> anyhow::Result<()> {
        let child = self.child.as_mut().context("the node was not launched")?;
        let Some(status) = child.try_wait()? else { return Ok(()) };
        self.child = None;
        let text = log::since(&self.log(), self.log_begin);
        let part = log::telling_part(&text);
        if log::says_port_taken(&text) {
            return Err(PortTaken { node: self.id, log: part }.into());
        }
        bail!("node {} ended with {status}:\n{part}", self.id)
    }

    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().with_context(|| format!("node {} is not running", self.id))?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Stops the node with SIGTERM, as an operator does, and waits for its end.
    pub(crate) fn terminate(&mut self) -> anyhow::Result<()> {
        self.signal(libc::SIGTERM)?;
        let child = self.child.as_mut().context("the node was not launched")?;
        wait::ended(child, EXIT_TIMEOUT)?.context("the node did not end after SIGTERM")?;
        self.child = None;
        Ok(())
    }

    pub(crate) fn signal(&self, number: i32) -> anyhow::Result<()> {
        let child = self.child.as_ref().with_context(|| format!("node {} is not running", self.id))?;
        signal::send(child, number).with_context(|| format!("node {}", self.id))
    }

    fn properties(&self) -> PathBuf {
        self.directory.join("server.properties")
    }

    fn log4j(&self) -> PathBuf {
        self.directory.join("log4j2.properties")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.is_running() {
            // SIGKILL reaches a stopped process too; an error means that it has ended already.
            let _ = self.kill();
        }
    }
}
