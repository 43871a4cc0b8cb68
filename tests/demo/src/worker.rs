//! One `wasmill run`: started as anybody would, stopped, killed, its log kept.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use wasmill_chaos::{metrics, process};
use wasmill_cluster::signal;

use crate::board::Board;
use crate::kafka::PARTITIONS;
use crate::pipelines::{Example, Pipeline};

/// How long a process may take to hold its partitions: it compiles its plugins, and a killed member has to be given up.
const START_MAX: Duration = Duration::from_secs(60);
/// How long a worker may take to commit and end.
const END_MAX: Duration = Duration::from_secs(30);
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// What is needed to start a worker, the first time and again.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) example: Example,
    pub(crate) binary: PathBuf,
    pub(crate) configuration: PathBuf,
    /// Where it keeps its state, also after it was killed.
    pub(crate) state: PathBuf,
    /// Keeps its transactional ids, so that a successor ends what it left open.
    pub(crate) instance: String,
    pub(crate) bootstrap: String,
    pub(crate) admin_port: u16,
}

/// A running process. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    name: &'static str,
    pipelines: &'static [Pipeline],
    log: PathBuf,
    admin_port: u16,
}

impl Worker {
    /// Starts it. It is killed when this thread ends: a demo that is interrupted leaves nothing behind.
    pub(crate) fn start(setting: &Setting, life: u32) -> Result<Worker> {
        let log = setting.configuration.with_extension(format!("{life}.log"));
        let file = File::create(&log).with_context(|| format!("failed to write {}", log.display()))?;
        let mut command = Command::new(&setting.binary);
        command.arg("run").arg(&setting.configuration).args(["--instance-id", &setting.instance]);
        command.env("KAFKA_BOOTSTRAP", &setting.bootstrap).env("WASMILL_STATE", &setting.state);
        command.env_remove("WASMILL_LOG");
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        process::end_with_us(&mut command);
        let child = command.spawn().with_context(|| format!("failed to start {}", setting.binary.display()))?;
        let Example { name, pipelines, .. } = setting.example;
        Ok(Worker { child, name, pipelines, log, admin_port: setting.admin_port })
    }

    /// Waits until each of its pipelines holds every partition of its inputs.
    pub(crate) fn wait_ready(&mut self, board: &Board) -> Result<()> {
        let pipelines = self.pipelines;
        let held = |text: &str, pipeline| metrics::sum(text, metrics::ASSIGNED_PARTITIONS, pipeline);
        let holds = |text: &str, pipeline| held(text, pipeline).is_some_and(|held| held >= f64::from(PARTITIONS));
        let holds_all = |text: String| pipelines.iter().all(|pipeline| holds(&text, pipeline.name));
        for _ in 0..START_MAX.as_millis() / LOOK_INTERVAL.as_millis() {
            self.check_alive()?;
            if metrics::fetch(self.admin_port).is_ok_and(holds_all) {
                return Ok(());
            }
            board.pass(LOOK_INTERVAL);
        }
        bail!("the {} process has not all partitions after {START_MAX:?}:\n    {}", self.name, self.tail())
    }

    /// # Errors
    /// It has ended; with the end of its log.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        let name = self.name;
        match self.child.try_wait().context("failed to ask for a worker's status")? {
            None => Ok(()),
            Some(status) => {
                bail!("the {name} process ended with {}:\n    {}", process::describe(status), self.tail())
            }
        }
    }

    /// Sends a signal; after SIGSTOP every thread of it stands still.
    pub(crate) fn signal(&self, signal: i32) -> Result<()> {
        signal::send(&self.child, signal)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill().context("failed to kill a worker")?;
        self.child.wait().context("failed to wait for a killed worker")?;
        Ok(())
    }

    /// SIGTERM: it commits and ends by itself.
    pub(crate) fn terminate(mut self, board: &Board) -> Result<()> {
        let name = self.name;
        self.signal(libc::SIGTERM)?;
        for _ in 0..END_MAX.as_millis() / LOOK_INTERVAL.as_millis() {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    bail!("the {name} process was told to end and did with {}", process::describe(status))
                }
                None => board.pass(LOOK_INTERVAL),
            }
        }
        bail!("the {name} process did not end within {END_MAX:?} of SIGTERM:\n    {}", self.tail())
    }

    fn tail(&self) -> String {
        process::tail(&self.log)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended before; nothing else can be done about a failure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
