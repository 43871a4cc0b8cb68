//! The binary on a real Kafka: its exit codes, its signals, its plugins, and what README.md and docs/PLUGINS.md do with it.

// clippy.toml exempts test functions only, not the functions that they share.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod digest;
mod newcomer;
mod process;
mod swap;
mod walk;

use process::Process;
use wasmill_broker::client::Isolation::ReadCommitted;
use wasmill_broker::client::{committed, producer, read_count, send, values, wait_until};
use wasmill_broker::pipeline::Setup;
use wasmill_cluster::{Cluster, SASL_USER};

fn cluster() -> Option<&'static Cluster> {
    wasmill_cluster::required_or_skipped().then(|| Cluster::shared().unwrap())
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("v{i}")).collect()
}

#[test]
fn missing_topics_end_it_with_1_and_the_commands_that_create_them() {
    let Some(cluster) = cluster() else { return };
    let setup = Setup::new("absent", &cluster.bootstrap());
    for verb in [&["run"][..], &["lint", "--online"]] {
        let (code, said) = Process::start(verb, &setup.yaml(), &[]).end();
        assert_eq!(code, Some(1), "{verb:?}: {said}");
        for topic in [&setup.input, &setup.output, &setup.dead_letters] {
            let create = format!("kafka-topics.sh --bootstrap-server {} --create --topic {topic} ", setup.bootstrap);
            assert!(said.contains(&create), "{verb:?}: {said}");
        }
    }
}

#[test]
fn a_refused_login_ends_it_with_1_and_names_the_mechanism() {
    let Some(cluster) = cluster() else { return };
    let setup = Setup::new("refused", &cluster.sasl_bootstrap())
        .property("security.protocol", "SASL_SSL")
        .property("ssl.ca.location", cluster.ca_file().display().to_string())
        .property("sasl.mechanisms", "SCRAM-SHA-256")
        .property("sasl.username", SASL_USER)
        .property("sasl.password", "wrong-password");
    let (code, said) = Process::start(&["run"], &setup.yaml(), &[]).end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("SASL SCRAM-SHA-256"), "{said}");
    assert!(!said.contains("wrong-password"), "a secret is in the log: {said}");
}

/// R2.2. The other one goes on, and nothing is written twice.
#[test]
fn of_two_processes_with_one_instance_id_one_ends_with_1_and_says_so() {
    let Some(cluster) = cluster() else { return };
    let setup = Setup::new("twins", &cluster.bootstrap());
    setup.topics(&setup.bootstrap, 2, &[], &[]);
    let start = || Process::start(&["run"], &setup.yaml(), &[("WASMILL_INSTANCE_ID", "twin")]);
    let mut twins = [start(), start()];
    let writer = producer(&setup.bootstrap, &[]);
    let mut sent = 0;
    wait_until("one of the twins ends", || {
        (0..2).for_each(|partition| send(&writer, &setup.input, partition, sent..sent + 1));
        sent += 1;
        twins.iter_mut().any(|twin| twin.has_ended())
    });
    let [mut first, second] = twins;
    let (gone, stays) = if first.has_ended() { (first, second) } else { (second, first) };
    let (code, said) = gone.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("another process uses the instance id `twin`"), "{said}");
    for partition in 0..2 {
        wait_until("the other one has read everything", || {
            committed(&setup.bootstrap, &setup.name, &setup.input, partition).is_some_and(|(at, _)| at == sent as i64)
        });
    }
    stays.terminate();
    let (code, said) = stays.end();
    assert_eq!(code, Some(0), "{said}");
    let mut written = values(&setup.written(&setup.bootstrap, 2));
    let mut expected = [names(sent), names(sent)].concat();
    written.sort_unstable();
    expected.sort_unstable();
    assert_eq!(written, expected);
}

#[test]
fn sigterm_commits_what_is_open_and_ends_it_with_0() {
    let Some(cluster) = cluster() else { return };
    let mut setup = Setup::new("sigterm", &cluster.bootstrap());
    // Nothing is committed before the signal but by it.
    (setup.interval_ms, setup.transaction_timeout_ms) = (10_000, 60_000);
    setup.topics(&setup.bootstrap, 1, &[], &[]);
    send(&producer(&setup.bootstrap, &[]), &setup.input, 0, 0..20);
    let process = Process::start(&["run"], &setup.yaml(), &[]);
    read_count(&setup.bootstrap, &setup.output, 1, 20, wasmill_broker::client::Isolation::ReadUncommitted);
    process.terminate();
    let (code, said) = process.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(values(&read_count(&setup.bootstrap, &setup.output, 1, 20, ReadCommitted)), names(20));
    assert_eq!(committed(&setup.bootstrap, &setup.name, &setup.input, 0).map(|(at, _)| at), Some(20), "{said}");
}
