//! Who is measured: the product with an identity plugin, native or in Wasm, or with one that validates orders, and the raw
//! loop, each exactly once and at least once.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::http;
use crate::process::Process;
use crate::setting::{DEAD_LETTERS, Setting, WORKERS};
use crate::wait;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Delivery {
    ExactlyOnce,
    AtLeastOnce,
}

impl fmt::Display for Delivery {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Delivery::ExactlyOnce => "exactly_once",
            Delivery::AtLeastOnce => "at_least_once",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contestant {
    Raw(Delivery),
    /// The product, its identity plugin compiled in.
    Native(Delivery),
    /// The product as users run it, with `plugins/identity`.
    Wasm(Delivery),
    /// The same with `plugins/order-validation`.
    Orders(Delivery),
    /// The same with a file that changes: [`Setting::swapped`].
    Swapped(Delivery),
}

impl Contestant {
    pub(crate) fn delivery(self) -> Delivery {
        match self {
            Contestant::Raw(delivery)
            | Contestant::Native(delivery)
            | Contestant::Wasm(delivery)
            | Contestant::Orders(delivery)
            | Contestant::Swapped(delivery) => delivery,
        }
    }
}

/// What a contestant is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task<'a> {
    pub(crate) group: &'a str,
    pub(crate) input: &'a str,
    pub(crate) output: &'a str,
    pub(crate) interval: Duration,
}

/// A contestant at work.
pub(crate) struct Running {
    pub(crate) process: Process,
    ready: Ready,
}

/// How a contestant says that it is ready.
enum Ready {
    File(PathBuf),
    Port(u16),
}

const READY_DEADLINE: Duration = Duration::from_secs(20);
/// Far above what a compilation takes.
const SWAP_DEADLINE: Duration = Duration::from_secs(60);

impl Contestant {
    pub(crate) fn start(self, setting: &Setting, task: &Task<'_>) -> Result<Running> {
        let file = |end: &str| setting.directory.path().join(format!("{}.{end}", setting.name("contestant")));
        let log = file("log");
        let (command, ready) = match self {
            Contestant::Raw(delivery) => {
                let ready = file("ready");
                let mut command = Command::new(std::env::current_exe().context("no path to this program")?);
                command.arg("raw").args(["--bootstrap", &setting.bootstrap]);
                command.args(["--group", task.group, "--input", task.input, "--output", task.output]);
                command.args(["--interval-ms", &task.interval.as_millis().to_string()]);
                command.args(["--workers", &WORKERS.to_string(), "--delivery", &delivery.to_string()]);
                command.arg("--ready-file").arg(&ready);
                (command, Ready::File(ready))
            }
            Contestant::Native(_) | Contestant::Wasm(_) | Contestant::Orders(_) | Contestant::Swapped(_) => {
                return product(setting, |port| configuration(setting, self, task, port));
            }
        };
        Ok(Running { process: Process::start(command, &log)?, ready })
    }
}

/// The product, with the configuration that is made of the port on which it is to say how it does.
pub(crate) fn product(setting: &Setting, configuration: impl FnOnce(u16) -> String) -> Result<Running> {
    let file = |end: &str| setting.directory.path().join(format!("{}.{end}", setting.name("product")));
    let port = http::free_port()?;
    let path = file("yaml");
    fs::write(&path, configuration(port))?;
    let mut command = Command::new(&setting.binary);
    command.arg("run").arg(&path).env_remove("WASMILL_INSTANCE_ID");
    // Compiled code is kept from one start to the next, and goes with the bench.
    command.env("XDG_CACHE_HOME", setting.directory.path());
    Ok(Running { process: Process::start(command, &file("log"))?, ready: Ready::Port(port) })
}

impl Running {
    /// Waits until it is about to join its group: nothing was read yet. Looks every `interval`.
    pub(crate) fn wait_ready(&mut self, interval: Duration) -> Result<()> {
        wait::until("a contestant to be ready", READY_DEADLINE, interval, || {
            self.process.check()?;
            let ready = match &self.ready {
                Ready::File(path) => path.exists(),
                // Refused until it listens.
                Ready::Port(port) => http::get(*port, "/readyz").is_ok_and(|answer| answer.is_some()),
            };
            Ok(ready.then_some(()))
        })
    }

    /// The text of `/metrics`.
    ///
    /// # Errors
    /// The raw loop has none.
    pub(crate) fn metrics(&self) -> Result<String> {
        http::get(self.port()?, "/metrics")?.context("no metrics")
    }

    /// Has the plugin swapped; what the product says of it.
    ///
    /// # Errors
    /// The raw loop has none, or the new one is refused.
    pub(crate) fn swap(&self) -> Result<String> {
        http::post(self.port()?, "/pipelines/bench/swap", SWAP_DEADLINE)?.context("no swap")
    }

    fn port(&self) -> Result<u16> {
        let Ready::Port(port) = self.ready else { anyhow::bail!("the raw loop listens nowhere") };
        Ok(port)
    }

    /// Waits until it holds `partitions` partitions.
    pub(crate) fn wait_assigned(&mut self, partitions: f64) -> Result<()> {
        self.wait_ready(Duration::from_millis(10))?;
        wait::until("an assignment", READY_DEADLINE, Duration::from_millis(10), || {
            self.process.check()?;
            let held = crate::metrics::sum(&self.metrics()?, "wasmill_assigned_partitions");
            Ok((held == Some(partitions)).then_some(()))
        })
    }
}

fn configuration(setting: &Setting, contestant: Contestant, task: &Task<'_>, port: u16) -> String {
    let Task { group, input, output, interval } = task;
    let (bootstrap, interval_ms, delivery) = (&setting.bootstrap, interval.as_millis(), contestant.delivery());
    let of_file = |file: PathBuf| format!("plugins: {{ it: {{ file: \"{}\" }} }}", file.display());
    let plugin_of = |file: &str| of_file(setting.plugins.join(file));
    let (plugins, plugin, output_name) = match contestant {
        Contestant::Wasm(_) => (plugin_of("identity.wasm"), "it", "out"),
        Contestant::Orders(_) => (plugin_of("order_validation.wasm"), "it", "valid"),
        Contestant::Swapped(_) => (of_file(setting.swapped()), "it", "out"),
        Contestant::Raw(_) | Contestant::Native(_) => (String::new(), "{ native: identity }", "out"),
    };
    format!(
        "version: 1
clusters:
  main: {{ bootstrap_servers: \"{bootstrap}\" }}
{plugins}
pipelines:
  bench:
    group: {group}
    session_timeout_ms: 6000
    delivery: {delivery}
    workers: {WORKERS}
    inputs: {{ in: {{ topic: {input}, start: earliest }} }}
    plugin: {plugin}
    outputs: {{ {output_name}: {{ topic: {output}, partition: source }} }}
    dead_letters: {{ topic: {DEAD_LETTERS} }}
    commit: {{ interval_ms: {interval_ms} }}
admin: {{ listen: \"127.0.0.1:{port}\" }}
"
    )
}
