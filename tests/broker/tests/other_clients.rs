//! Clients that are not librdkafka in Rust, on the dev broker: the Java client, kcat, and confluent-kafka for Python.
//!
//! Java comes with Apache Kafka. The other two are looked for on the PATH and in `target/clients/python`; where one is not
//! there its test says so and passes, unless `WASMILL_REQUIRE_CLIENTS=1`, as in continuous integration.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use wasmill_broker::client::{Isolation, key_values, producer, read_count, send, values};
use wasmill_devbroker::{Broker, Options};

const RECORDS: usize = 1000;
const REQUIRE: &str = "WASMILL_REQUIRE_CLIENTS";

fn broker() -> Broker {
    let broker = Broker::start(Options { nodes: 3, ..Options::default() }).unwrap();
    broker.create_topic("t", 3, &[]).unwrap();
    broker
}

/// What it prints. It must succeed.
fn run(program: &PathBuf, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Where a client is; `None` after a line that says how to get it.
fn client(program: PathBuf, install: &str) -> Option<PathBuf> {
    let is_there = Command::new(&program).arg("-V").output().is_ok();
    assert!(
        is_there || std::env::var_os(REQUIRE).is_none(),
        "{REQUIRE}=1, and {} is not there: {install}",
        program.display()
    );
    if !is_there {
        eprintln!("!!!! LEFT OUT: {} is not there: {install}", program.display());
    }
    is_there.then_some(program)
}

#[test]
fn the_java_clients_produce_in_transactions_consume_in_a_group_and_describe() {
    if !wasmill_cluster::required_or_skipped() {
        return;
    }
    let broker = broker();
    let bootstrap = broker.bootstrap();
    let tool = |class: &str, arguments: &[&str]| {
        let class = format!("org.apache.kafka.tools.{class}");
        wasmill_cluster::tool(&class, &[&["--bootstrap-server", &bootstrap], arguments].concat()).unwrap()
    };
    // Many small transactions, the last one committed at the end.
    let records = RECORDS.to_string();
    let produced = tool(
        "ProducerPerformance",
        &[
            "--topic",
            "t",
            "--num-records",
            &records,
            "--record-size",
            "64",
            "--throughput",
            "5000",
            "--transactional-id",
            "java",
            "--transaction-duration-ms",
            "20",
        ],
    );
    assert!(produced.contains(&format!("{RECORDS} records sent")), "{produced}");
    assert_eq!(read_count(&bootstrap, "t", 3, RECORDS, Isolation::ReadCommitted).len(), RECORDS);
    let markers: i64 =
        (0..3).filter_map(|partition| broker.ends("t", partition)).map(|ends| ends.end).sum::<i64>() - RECORDS as i64;
    assert!(markers > 3, "{markers} markers: one transaction after the other");

    let consumed = tool(
        "ConsumerPerformance",
        &["--topic", "t", "--num-records", &records, "--group", "java-group", "--timeout", "20000"],
    );
    assert!(consumed.contains(&format!(", {RECORDS}, ")), "{consumed}");
    let described = tool("TransactionsCommand", &["describe", "--transactional-id", "java"]);
    assert!(described.contains("CompleteCommit"), "{described}");
    let groups = tool("consumer.group.ConsumerGroupCommand", &["--describe", "--group", "java-group", "--offsets"]);
    assert_eq!(groups.lines().filter(|line| line.starts_with("java-group")).count(), 3, "{groups}");
}

#[test]
fn kcat_produces_and_consumes_with_keys_headers_and_a_group() {
    let Some(kcat) = client("kcat".into(), "apt-get install -y kcat") else { return };
    let broker = broker();
    let bootstrap = broker.bootstrap();
    let input: String = (0..RECORDS).map(|n| format!("k{n}:v{n}\n")).collect();
    run(&kcat, &["-b", &bootstrap, "-P", "-t", "t", "-K:", "-H", "h=1", "-X", "enable.idempotence=true"], &input);
    let mut written = key_values(&read_count(&bootstrap, "t", 3, RECORDS, Isolation::ReadCommitted));
    written.sort_unstable();
    let mut expected: Vec<_> = (0..RECORDS).map(|n| (format!("k{n}"), format!("v{n}"))).collect();
    expected.sort_unstable();
    assert_eq!(written, expected);
    let read = run(&kcat, &["-b", &bootstrap, "-C", "-t", "t", "-e", "-q", "-f", "%k %s %h\n"], "");
    assert_eq!(read.lines().count(), RECORDS);
    assert!(read.lines().all(|line| line.ends_with(" h=1")), "{read}");
    let count = RECORDS.to_string();
    let group = ["-b", &bootstrap, "-G", "kcat-group", "-c", &count, "-q", "-X", "auto.offset.reset=earliest", "t"];
    assert_eq!(run(&kcat, &group, "").lines().count(), RECORDS);
}

const PYTHON: &str = "
import sys
from confluent_kafka import Consumer, Producer
bootstrap, count = sys.argv[1], int(sys.argv[2])
consumer = Consumer({'bootstrap.servers': bootstrap, 'group.id': 'python', 'auto.offset.reset': 'earliest',
                     'enable.auto.commit': False, 'isolation.level': 'read_committed'})
consumer.subscribe(['t'])
producer = Producer({'bootstrap.servers': bootstrap, 'transactional.id': 'python'})
producer.init_transactions()
copied = 0
while copied < count:
    messages = [m for m in consumer.consume(100, timeout=1.0) if m.error() is None]
    if not messages:
        continue
    producer.begin_transaction()
    for m in messages:
        producer.produce('copy', value=m.value(), key=m.key())
    producer.send_offsets_to_transaction(consumer.position(consumer.assignment()), consumer.consumer_group_metadata())
    producer.commit_transaction()
    copied += len(messages)
consumer.close()
print(copied)
";

#[test]
fn confluent_kafka_for_python_copies_in_transactions_with_its_positions() {
    let python = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/clients/python/bin/python"));
    let install =
        "python3 -m venv target/clients/python && target/clients/python/bin/pip install confluent-kafka==2.16.1";
    let Some(python) = client(python, install) else { return };
    let broker = broker();
    let bootstrap = broker.bootstrap();
    broker.create_topic("copy", 1, &[]).unwrap();
    for partition in 0..3 {
        send(&producer(&bootstrap, &[]), "t", partition, 0..RECORDS / 2);
    }
    let count = 3 * (RECORDS / 2);
    let copied = run(&python, &["-c", PYTHON, &bootstrap, &count.to_string()], "");
    assert_eq!(copied.trim(), count.to_string());
    let written = values(&read_count(&bootstrap, "copy", 1, count, Isolation::ReadCommitted));
    for n in 0..RECORDS / 2 {
        assert_eq!(written.iter().filter(|value| **value == format!("v{n}")).count(), 3, "v{n}");
    }
}
