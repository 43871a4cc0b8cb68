//! The pipelines under test, native plugins and Wasm ones: their topics, their configuration, and what they promise.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::flow;
use wasmill_verify::compare::{Partition, Promise, Rejects};
use wasmill_verify::task::Task;

/// Partitions of each input and output.
pub const PARTITIONS: i32 = 8;
/// Fewer than the inputs have, so that "partition modulo count" is seen to happen.
pub const DEAD_LETTER_PARTITIONS: i32 = 4;
/// Workers of each pipeline in a process, at most.
pub const WORKERS_MAX: u64 = 2;
/// Long enough for commits under load, short enough for many time-outs in one run.
pub const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(4);
/// The least that the product allows.
pub const SESSION_TIMEOUT: Duration = Duration::from_secs(6);
/// What a record that the validator rejects has in its value.
pub const REJECT_MARKER: &str = "\"reject\":true";
/// The brokers look for timed-out transactions every second; the rest is for a busy machine.
const STABLE_DEADLINE: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy)]
pub struct Pipeline {
    /// Its group, too.
    pub name: &'static str,
    pub plugin: Plugin,
    pub partition: Partition,
    pub rejects: bool,
    /// Whether it keeps the count of each key and writes it before the value.
    pub counts: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plugin {
    /// Compiled in.
    Native(&'static str),
    /// The component of this name in [`Components`].
    Wasm(&'static str),
}

pub const ALL: [Pipeline; 5] = [
    Pipeline::new("identity", Plugin::Native("identity"), Partition::Source),
    Pipeline { rejects: true, ..Pipeline::new("validator", Plugin::Native("validator"), Partition::Key) },
    // An identity with a memory: a record that its instance has seen before is dropped. So an instance that outlives the
    // transaction of what it saw loses records.
    Pipeline::new("wasm-remember", Plugin::Wasm("remember"), Partition::Source),
    Pipeline { rejects: true, ..Pipeline::new("wasm-reject", Plugin::Wasm("reject"), Partition::Key) },
    // The smallest state that a lost, doubled or stale change shows in.
    Pipeline { counts: true, ..Pipeline::new("count", Plugin::Native("count"), Partition::Source) },
];

/// The changelog of [`Pipeline::counts`], as the product would create it; but segments are closed soon, because Kafka compacts
/// closed ones only, and compacted whenever the cleaner looks.
pub const CHANGELOG: [(&str, &str); 4] = [
    ("cleanup.policy", "compact"),
    ("delete.retention.ms", "604800000"),
    ("segment.ms", "5000"),
    ("min.cleanable.dirty.ratio", "0.01"),
];

/// The groups of all pipelines, and how many inputs each has.
pub fn groups() -> impl Iterator<Item = (&'static str, u64)> {
    let of_flow = flow::ALL.iter().map(|station| (station.name, station.inputs.len() as u64));
    ALL.iter().map(|pipeline| (pipeline.name, 1)).chain(of_flow)
}

/// Names of components, and where they are.
#[derive(Debug, Clone)]
pub struct Components(pub Vec<(&'static str, PathBuf)>);

impl Components {
    /// Builds them.
    ///
    /// # Errors
    /// They do not build, or the target is missing.
    pub fn build() -> anyhow::Result<Components> {
        let guests = wasmill_artifacts::guests(&wasmill_artifacts::root().join("tests/chaos/guests"))?;
        let plugins = wasmill_artifacts::plugins()?;
        Ok(Components(vec![
            ("remember", guests.join("remember.wasm")),
            ("reject", plugins.join("reject.wasm")),
            ("order-inventory", plugins.join("order_inventory.wasm")),
            ("loyalty", plugins.join("loyalty.wasm")),
        ]))
    }
}

impl Pipeline {
    const fn new(name: &'static str, plugin: Plugin, partition: Partition) -> Pipeline {
        Pipeline { name, plugin, partition, rejects: false, counts: false }
    }

    /// `None`: it keeps no state.
    pub fn changelog(&self) -> Option<String> {
        self.counts.then(|| format!("wasmill.{}.counts.changelog", self.name))
    }

    pub fn input(&self) -> String {
        format!("{}.in", self.name)
    }

    pub fn output(&self) -> String {
        format!("{}.out", self.name)
    }

    pub fn dead_letters(&self) -> String {
        format!("{}.dlq", self.name)
    }

    /// What the verifier is asked after `expected` records were sent to the input.
    pub fn task(&self, bootstrap: &str, expected: u64) -> Task {
        let rejects = Rejects { marker: REJECT_MARKER.into(), code: "rejected-by-rule".into() };
        Task {
            bootstrap: bootstrap.into(),
            promise: Promise {
                input: self.input(),
                group: self.name.into(),
                expected,
                rejects: self.rejects.then_some(rejects),
                partition: self.partition,
                counts: self.changelog(),
                sequence_header: "seq".into(),
            },
            outputs: vec![self.output()],
            dead_letters: Some(self.dead_letters()),
            stable_deadline: STABLE_DEADLINE,
        }
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Plugin::Native(name) => write!(f, "{{ native: {name} }}"),
            Plugin::Wasm(name) => f.write_str(name),
        }
    }
}

/// Workers of each pipeline in a process: another number in each life of a slot, so that partitions come to other workers, and
/// what a worker has left open may have no successor.
fn workers(life: u64) -> u64 {
    1 + life % WORKERS_MAX
}

/// The configuration file of one process.
pub fn configuration(bootstrap: &str, components: &Components, state: &Path, admin_port: u16, life: u64) -> String {
    let workers = workers(life);
    let mut text = format!("version: 1\nclusters:\n  main: {{ bootstrap_servers: \"{bootstrap}\" }}\nplugins:\n");
    for (name, file) in &components.0 {
        let config = flow::settings(name).map(|config| format!(", config: {config}")).unwrap_or_default();
        let _ = writeln!(text, "  {name}: {{ file: \"{}\"{config} }}", file.display());
    }
    text.push_str("pipelines:\n");
    for pipeline in ALL {
        let (input, output, dead_letters) = (pipeline.input(), pipeline.output(), pipeline.dead_letters());
        let partition = match pipeline.partition {
            Partition::Source => "source",
            Partition::Key => "key",
        };
        let (session, transaction) = (SESSION_TIMEOUT.as_millis(), TRANSACTION_TIMEOUT.as_millis());
        let _ = write!(
            text,
            "  {name}:
    group: {name}
    session_timeout_ms: {session}
    workers: {workers}
    inputs: {{ in: {{ topic: {input}, start: earliest }} }}
    plugin: {plugin}
    outputs: {{ out: {{ topic: {output}, partition: {partition} }} }}
    dead_letters: {{ topic: {dead_letters} }}
    commit: {{ interval_ms: 100, transaction_timeout_ms: {transaction} }}
",
            name = pipeline.name,
            plugin = pipeline.plugin,
        );
    }
    flow::ALL.iter().for_each(|station| text.push_str(&station.configuration(workers)));
    let _ = writeln!(text, "state: {{ directory: \"{}\" }}", state.display());
    let _ = writeln!(text, "admin: {{ listen: \"127.0.0.1:{admin_port}\" }}");
    text
}
