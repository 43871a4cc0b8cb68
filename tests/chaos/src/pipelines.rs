//! The two pipelines under test: their topics, their configuration, and what they promise.

use std::fmt::Write as _;
use std::time::Duration;

use wasmill_verify::compare::{Partition, Promise, Rejects};
use wasmill_verify::task::Task;

/// Partitions of each input and output.
pub const PARTITIONS: i32 = 8;
/// Fewer than the inputs have, so that "partition modulo count" is seen to happen.
pub const DEAD_LETTER_PARTITIONS: i32 = 4;
/// Workers of each pipeline in each process.
pub const WORKERS: usize = 2;
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
    pub plugin: &'static str,
    pub partition: Partition,
    pub rejects: bool,
}

pub const ALL: [Pipeline; 2] = [
    Pipeline { name: "identity", plugin: "identity", partition: Partition::Source, rejects: false },
    Pipeline { name: "validator", plugin: "validator", partition: Partition::Key, rejects: true },
];

impl Pipeline {
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
                sequence_header: "seq".into(),
            },
            outputs: vec![self.output()],
            dead_letters: Some(self.dead_letters()),
            stable_deadline: STABLE_DEADLINE,
        }
    }
}

/// The configuration file of one process.
pub fn configuration(bootstrap: &str, admin_port: u16) -> String {
    let mut text = format!("version: 1\nclusters:\n  main: {{ bootstrap_servers: \"{bootstrap}\" }}\npipelines:\n");
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
    workers: {WORKERS}
    inputs: {{ in: {{ topic: {input}, start: earliest }} }}
    plugin: {{ native: {plugin} }}
    outputs: {{ out: {{ topic: {output}, partition: {partition} }} }}
    dead_letters: {{ topic: {dead_letters} }}
    commit: {{ interval_ms: 100, transaction_timeout_ms: {transaction} }}
",
            name = pipeline.name,
            plugin = pipeline.plugin,
        );
    }
    let _ = writeln!(text, "admin: {{ listen: \"127.0.0.1:{admin_port}\" }}");
    text
}
