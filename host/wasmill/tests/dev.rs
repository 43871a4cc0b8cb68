//! `wasmill dev`: the real binary on its own Kafka. Needs no Java.

// clippy.toml exempts test functions only, not the functions that they share.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use wasmill_broker::client::{Isolation, drain, producer, queue_values, read_all, send_pairs, values, wait_until};

/// Far above what a loaded machine needs, far below a hang.
const WITHIN: Duration = Duration::from_secs(60);

/// Lines that a test has not looked at; with more the process waits.
const LINES_MAX: usize = 10_000;

const CONFIGURATION: &str = "version: 1
clusters:
  # Nobody is there, and nobody is asked.
  main: { bootstrap_servers: \"127.0.0.1:1\", properties: { security.protocol: SASL_SSL } }
plugins:
  it: { file: it.wasm }
pipelines:
  copy:
    inputs: { in: { topic: orders } }
    plugin: it
    outputs: { out: { topic: orders.copy } }
    dead_letters: { topic: orders.dlq }
";

/// One `wasmill dev` in a folder of its own. Killed when dropped.
struct Dev {
    child: Child,
    printed: Receiver<String>,
    folder: Rc<tempfile::TempDir>,
}

impl Dev {
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pipelines.yaml"), CONFIGURATION).unwrap();
        install("identity.wasm", folder.path());
        folder
    }

    fn start(folder: impl Into<Rc<tempfile::TempDir>>, arguments: &[&str]) -> Dev {
        let folder = folder.into();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut child = command(folder.path(), arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, printed) = sync_channel(LINES_MAX);
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Dev { child, printed, folder }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Where clients reach its Kafka: the log says so.
    fn bootstrap(&self) -> String {
        let mut bootstrap = String::new();
        wait_until("the log names the address", || {
            let log = self.log();
            let found = log.split_once("\"bootstrap\":\"").and_then(|(_, rest)| rest.split_once('"'));
            bootstrap = found.map(|(address, _)| address.to_owned()).unwrap_or_default();
            !bootstrap.is_empty()
        });
        bootstrap
    }

    /// The values of the next lines on standard output.
    fn values(&self, count: usize) -> Vec<String> {
        (0..count)
            .map(|at| {
                value(&self.printed.recv_timeout(WITHIN).unwrap_or_else(|_| panic!("{at} lines: {}", self.log())))
            })
            .collect()
    }

    /// `kill -9`.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// After SIGINT: the exit code, and the lines that were still printed.
    fn end(mut self) -> (Option<i32>, Vec<String>) {
        assert!(Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap().success());
        let code = self.child.wait().unwrap().code();
        (code, self.printed.iter().map(|line| value(&line)).collect())
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // Ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmill"));
    command.args(["dev", "pipelines.yaml"]).args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env("WASMILL_LOG", "info").env_remove("WASMILL_INSTANCE_ID");
    command
}

/// As careful people do it: never half a file under that name.
fn install(plugin: &str, folder: &Path) {
    let built: PathBuf = wasmill_artifacts::plugins().unwrap().join(plugin);
    fs::copy(built, folder.join("new.wasm")).unwrap();
    fs::rename(folder.join("new.wasm"), folder.join("it.wasm")).unwrap();
}

fn value(line: &str) -> String {
    let record: serde_json::Value = serde_json::from_str(line).unwrap();
    record["value"].as_str().unwrap().to_owned()
}

fn lines(count: usize) -> (String, BTreeSet<String>) {
    let values: Vec<String> = (0..count).map(|n| format!("{{\"order\":{n}}}")).collect();
    (values.join("\n"), values.into_iter().collect())
}

#[test]
fn every_line_that_is_fed_comes_out_once_whatever_the_kafka_does_wrong() {
    const COUNT: usize = 3000;
    let folder = Dev::folder();
    let (text, expected) = lines(COUNT);
    fs::write(folder.path().join("orders.jsonl"), text).unwrap();
    let faults = ["EndTxn:cut-answer:2", "TxnOffsetCommit:cut-answer", "Produce:disconnect:3", "markers:delay=300ms"];
    let mut arguments = vec!["--port", "0", "--feed", "orders=orders.jsonl", "--print", "orders.copy"];
    faults.iter().for_each(|fault| arguments.extend(["--fault", fault]));
    let dev = Dev::start(folder, &arguments);
    let printed = dev.values(COUNT);
    assert_eq!(printed.iter().cloned().collect::<BTreeSet<_>>(), expected);
    let (code, rest) = dev.end();
    assert_eq!((code, rest), (Some(0), vec![]), "nothing twice");
}

#[test]
fn a_plugin_that_is_built_anew_runs_without_a_restart_and_a_broken_one_does_not() {
    let dev = Dev::start(Dev::folder(), &["--port", "0", "--watch", "--print", "orders.copy", "--print", "orders.dlq"]);
    // Any Kafka client reaches it.
    let writer = producer(&dev.bootstrap(), &[]);
    let send = |value: &str| send_pairs(&writer, "orders", &[("k", value)]);
    send(r#"{"reject":true,"n":1}"#);
    assert_eq!(dev.values(1), [r#"{"reject":true,"n":1}"#]);

    fs::write(dev.folder.path().join("it.wasm"), b"half a file").unwrap();
    wait_until("the broken one is refused", || dev.log().contains("not swapped, the last good version goes on"));
    install("reject.wasm", dev.folder.path());
    wait_until("the new one runs", || dev.log().contains("\"message\":\"swapped\""));
    send(r#"{"reject":true,"n":2}"#);
    let line = dev.printed.recv_timeout(WITHIN).unwrap();
    assert!(line.contains("rejected-by-rule") && line.contains("orders.dlq"), "{line}");
    assert_eq!(value(&line), r#"{"reject":true,"n":2}"#);
    assert!(!dev.log().contains("\"message\":\"given up\""), "a swap is no rebalance: {}", dev.log());
    assert_eq!(dev.end(), (Some(0), vec![]));
}

#[test]
fn what_was_acknowledged_survives_kill_9_and_nothing_comes_out_twice() {
    let folder = Rc::new(Dev::folder());
    let arguments = ["--port", "0", "--data-dir", "data", "--print", "orders.copy"];
    let mut acknowledged = BTreeSet::new();
    for run in 0..3 {
        let dev = Dev::start(Rc::clone(&folder), &arguments);
        let writer = producer(&dev.bootstrap(), &[("enable.idempotence", "true")]);
        let batch = |number| -> Vec<String> { (0..100).map(|n| format!("{run}.{number}.{n}")).collect() };
        for number in 0..20 {
            queue_values(&writer, "orders", &batch(number));
            assert!(drain(&writer).is_empty());
            acknowledged.extend(batch(number));
            // Of those of earlier runs, some are printed only now.
            while number == 0 && !dev.values(1)[0].starts_with(&format!("{run}.")) {}
        }
        // Records are on their way in and out while the process dies.
        queue_values(&writer, "orders", &batch(20));
        dev.kill();
    }
    let dev = Dev::start(folder, &arguments);
    let written = values(&read_all(&dev.bootstrap(), "orders", 3, Isolation::ReadCommitted));
    let orders: BTreeSet<String> = written.iter().cloned().collect();
    assert_eq!(written.len(), orders.len(), "nothing was written twice");
    assert_eq!(acknowledged.difference(&orders).count(), 0, "of {}", acknowledged.len());
    let copied: BTreeSet<String> = dev.values(orders.len()).into_iter().collect();
    assert_eq!(copied, orders);
    assert_eq!(dev.end(), (Some(0), vec![]), "nothing twice");
}

#[test]
fn a_directory_has_one_process_and_a_damaged_one_is_named() {
    let folder = Rc::new(Dev::folder());
    let arguments = ["--port", "0", "--data-dir", "data"];
    let dev = Dev::start(Rc::clone(&folder), &arguments);
    let address = dev.bootstrap();
    let refused = |says: &str| {
        let output = command(folder.path(), &arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(says), "{says}: {said}");
    };
    refused(&format!("`data` is in use by process {} on host ", dev.child.id()));
    refused(&format!(", at {address}; take another directory with --data-dir"));
    assert_eq!(dev.end(), (Some(0), vec![]));
    fs::write(folder.path().join("data/journal"), "nothing of ours").unwrap();
    refused("`data/journal` is damaged at byte 0");
}

#[test]
fn one_of_three_brokers_is_gone_for_a_while_and_every_line_comes_out_once() {
    const COUNT: usize = 300;
    let folder = Dev::folder();
    let (text, expected) = lines(COUNT);
    fs::write(folder.path().join("orders.jsonl"), text).unwrap();
    let fault = "broker-2:cut=1500ms";
    let dev = Dev::start(
        folder,
        &["--port", "0", "--brokers", "3", "--fault", fault, "--feed", "orders=orders.jsonl", "--print", "orders.copy"],
    );
    assert_eq!(dev.bootstrap().split(',').count(), 3);
    let printed = dev.values(COUNT);
    assert_eq!(printed.iter().cloned().collect::<BTreeSet<_>>(), expected);
    // Each broker leads a third: without the second one they can't all have come.
    let log = dev.log();
    let (gone, back) = (log.find("the broker is off the network"), log.find("the broker is back"));
    assert!(gone.is_some() && gone < back, "{log}");
    assert_eq!(dev.end(), (Some(0), vec![]), "nothing twice");
}

#[test]
fn what_is_wrong_with_the_command_line_is_said_before_anything_runs() {
    let folder = Dev::folder();
    let refused = |arguments: &[&str], says: &str| {
        let output = command(folder.path(), arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(says), "{says}: {said}");
    };
    refused(
        &["--port", "0", "--print", "nothing"],
        "no pipeline has the topic `nothing`; there are: orders, orders.copy, orders.dlq",
    );
    refused(&["--port", "0", "--feed", "orders=absent.jsonl"], "absent.jsonl can't be read");
    refused(&["--fault", "EndTxn:explode"], "`explode` is none of drop-answer");
    refused(&["--brokers", "3", "--fault", "broker-4:cut"], "there is no broker 4, --brokers poses as 3");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refused(&["--port", &port], "take another one with --port");
}
