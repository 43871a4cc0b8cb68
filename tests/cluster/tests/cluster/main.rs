//! The cluster does what the broker tests take for granted: it starts, keeps its data, can be hurt, and dies with us.
// Reason: a failed step of a test is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use support::{Asker, wait_until};
use wasmill_cluster::{Cluster, Options, required_or_skipped};

#[test]
fn a_node_that_is_killed_and_restarted_keeps_its_topics_and_its_address() {
    if !required_or_skipped() {
        return;
    }
    let mut cluster = Cluster::start(Options::one()).unwrap();
    cluster.topic("kept", 3, &[("cleanup.policy", "compact")]).unwrap();
    let (address, asker) = (cluster.bootstrap(), Asker::plain(&cluster.bootstrap()));
    assert_eq!(asker.partitions("kept"), Some(3));

    cluster.kill(0).unwrap();
    assert_eq!(asker.partitions("kept"), None, "a killed node still answers");
    assert!(cluster.kill(0).is_err(), "a dead node was killed again");

    cluster.restart(0).unwrap();
    assert_eq!(cluster.bootstrap(), address);
    assert_eq!(asker.partitions("kept"), Some(3));
}

#[test]
fn a_topic_that_is_there_is_refused_by_name() {
    if !required_or_skipped() {
        return;
    }
    let cluster = Cluster::shared().unwrap();
    cluster.topic("twice", 1, &[]).unwrap();
    let error = cluster.topic("twice", 1, &[]).unwrap_err();
    assert!(format!("{error:#}").contains("`twice`"), "{error:#}");
}

#[test]
fn a_stopped_node_answers_again_when_it_is_continued() {
    if !required_or_skipped() {
        return;
    }
    let cluster = Cluster::start(Options::one()).unwrap();
    let asker = Asker::plain(&cluster.bootstrap());
    assert!(asker.answers());
    cluster.signal(0, libc::SIGSTOP).unwrap();
    assert!(!asker.answers(), "a stopped node answered");
    cluster.signal(0, libc::SIGCONT).unwrap();
    wait_until("the continued node answers", || asker.answers());
}

#[test]
fn three_nodes_lose_one_and_take_it_back() {
    if !required_or_skipped() {
        return;
    }
    let mut cluster = Cluster::start(Options::three()).unwrap();
    cluster.topic("spread", 6, &[]).unwrap();
    let asker = Asker::plain(&cluster.bootstrap());
    assert_eq!(asker.brokers(), 3);
    cluster.kill(2).unwrap();
    wait_until("the dead node is fenced", || asker.brokers() == 2);
    cluster.restart(2).unwrap();
    wait_until("the node is back", || asker.brokers() == 3);
    assert_eq!(asker.partitions("spread"), Some(6));
}

#[test]
fn the_sasl_listener_takes_plain_scram_and_unsecured_tokens() {
    if !required_or_skipped() {
        return;
    }
    let cluster = Cluster::shared().unwrap();
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"] {
        let asker = Asker::sasl(cluster, mechanism, "secret");
        wait_until(mechanism, || asker.answers());
    }
}

#[test]
fn the_sasl_listener_refuses_a_wrong_password() {
    if !required_or_skipped() {
        return;
    }
    let cluster = Cluster::shared().unwrap();
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        let asker = Asker::sasl(cluster, mechanism, "wrong");
        wait_until("the refusal", || asker.was_refused());
        assert!(!asker.answers());
    }
}

#[test]
fn clients_of_the_external_listener_are_told_the_advertised_address() {
    if !required_or_skipped() {
        return;
    }
    let cluster = Cluster::start(Options::one().external("127.0.0.1:1")).unwrap();
    let asker = Asker::plain(&cluster.external_bootstrap());
    assert_eq!(asker.broker_addresses(), ["127.0.0.1:1"]);
    assert_eq!(Asker::plain(&cluster.bootstrap()).broker_addresses(), [cluster.bootstrap()]);
}

#[test]
fn a_broker_that_does_not_start_shows_the_error_of_its_log() {
    if !required_or_skipped() {
        return;
    }
    let options = Options::one().property("authorizer.class.name", "no.such.Class");
    let error = Cluster::start(options).err().expect("a broker with a bad setting started");
    assert!(format!("{error:#}").contains("no.such.Class"), "{error:#}");
}

#[test]
fn a_port_that_another_program_took_is_told_from_a_broken_start() {
    if !required_or_skipped() {
        return;
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let [client, controller] = [taken.local_addr().unwrap(), free_address()];
    let options = Options::one()
        .property("listeners", format!("CLIENT://{client},CONTROLLER://{controller}"))
        .property("controller.quorum.voters", format!("0@{controller}"));
    let error = Cluster::start(options).err().expect("a broker started on a taken port");
    assert!(format!("{error:#}").contains("a port of node 0 was taken"), "{error:#}");
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn a_dropped_cluster_leaves_no_process_and_no_file() {
    if !required_or_skipped() {
        return;
    }
    let cluster = Cluster::start(Options::one()).unwrap();
    let (log, asker) = (cluster.log_file(0).unwrap(), Asker::plain(&cluster.bootstrap()));
    assert!(log.is_file());
    drop(cluster);
    assert!(!log.exists());
    assert!(!asker.answers());
}

#[test]
fn brokers_die_with_a_process_that_is_killed() {
    if !required_or_skipped() {
        return;
    }
    let mut owner = support::Owner::start();
    let asker = Asker::plain(&owner.bootstrap());
    assert!(asker.answers());
    owner.kill();
    wait_until("the orphan dies", || !asker.answers_within(Duration::from_millis(200)));
}
