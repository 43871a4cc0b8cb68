//! TLS and every way to authenticate, and what is said when it does not work.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use wasmill_broker::client::Isolation::ReadCommitted;
use wasmill_broker::client::{WITHIN, producer, read_count, send, values};
use wasmill_broker::pipeline::Setup;
use wasmill_cluster::{Cluster, Options, SASL_PASSWORD, SASL_USER, unsecured_token};

fn names(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("v{i}")).collect()
}

fn secure(what: &str, cluster: &Cluster, mechanism: &str) -> Setup {
    let ca = cluster.ca_file().display().to_string();
    Setup::new(what, &cluster.sasl_bootstrap())
        .property("security.protocol", "SASL_SSL")
        .property("ssl.ca.location", ca)
        .property("sasl.mechanisms", mechanism)
}

fn with_password(what: &str, mechanism: &str, password: &str) -> Setup {
    let setup = secure(what, Cluster::shared().unwrap(), mechanism);
    setup.property("sasl.username", SASL_USER).property("sasl.password", password)
}

fn records_pass(setup: &Setup, direct: &str) {
    setup.topics(direct, 1, &[], &[]);
    send(&producer(direct, &[]), &setup.input, 0, 0..20);
    let running = setup.run();
    read_count(direct, &setup.output, 1, 20, ReadCommitted);
    running.stop().unwrap();
    assert_eq!(values(&setup.written(direct, 1)), names(20));
}

fn refused(mechanism: &str) {
    if !wasmill_cluster::required_or_skipped() {
        return;
    }
    let setup = with_password("wrong", mechanism, "wrong");
    let stopped = setup.start().wait().err().expect("it does not start").to_string();
    assert!(stopped.contains(&format!("SASL {mechanism}")), "{stopped}");
    assert!(stopped.contains(&setup.bootstrap), "{stopped}");
    assert!(!stopped.contains("no broker"), "{stopped}");
}

#[test]
fn records_pass_with_plain() {
    if wasmill_cluster::required_or_skipped() {
        records_pass(&with_password("plain", "PLAIN", SASL_PASSWORD), &Cluster::shared().unwrap().bootstrap());
    }
}

#[test]
fn records_pass_with_scram() {
    if wasmill_cluster::required_or_skipped() {
        let direct = Cluster::shared().unwrap().bootstrap();
        records_pass(&with_password("scram", "SCRAM-SHA-256", SASL_PASSWORD), &direct);
    }
}

#[test]
fn a_wrong_password_ends_the_start_and_names_plain() {
    refused("PLAIN");
}

#[test]
fn a_wrong_password_ends_the_start_and_names_scram() {
    refused("SCRAM-SHA-256");
}

#[test]
fn a_certificate_that_is_not_trusted_ends_the_start() {
    if !wasmill_cluster::required_or_skipped() {
        return;
    }
    let cluster = Cluster::shared().unwrap();
    let mut setup = with_password("untrusted", "PLAIN", SASL_PASSWORD);
    // Another certificate authority than the broker's: the machine's own ones.
    setup.properties.retain(|(name, _)| *name != "ssl.ca.location");
    assert_ne!(setup.bootstrap, cluster.bootstrap());
    let stopped = setup.start().wait().err().expect("it does not start").to_string();
    assert!(stopped.to_lowercase().contains("certificate"), "{stopped}");
}

/// Replaces the file in one step, as a projected volume does.
fn write_token(file: &Path, lifetime: Duration) {
    let new = file.with_extension("new");
    std::fs::write(&new, unsecured_token("wasmill", lifetime)).unwrap();
    std::fs::rename(new, file).unwrap();
}

/// The broker ends connections whose token has expired: records that still pass have come by a later one.
#[test]
fn a_bearer_token_is_read_again_before_it_expires() {
    const LIFETIME: Duration = Duration::from_secs(6);
    if !wasmill_cluster::required_or_skipped() {
        return;
    }
    let cluster = Cluster::start(Options::one().sasl().property("connections.max.reauth.ms", "60000")).unwrap();
    let direct = cluster.bootstrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let mut setup = secure("bearer", &cluster, "OAUTHBEARER");
    setup.token_file = Some(file.clone());
    setup.topics(&direct, 1, &[], &[]);
    let writer = producer(&direct, &[]);
    write_token(&file, LIFETIME);
    let (began, mut sent) = (Instant::now(), 0);
    let running = setup.run();
    // Two lifetimes: the first token is gone, and so is the one that replaced it.
    while began.elapsed() < 2 * LIFETIME + Duration::from_secs(1) {
        assert!(began.elapsed() < WITHIN + 2 * LIFETIME);
        write_token(&file, LIFETIME);
        send(&writer, &setup.input, 0, sent..sent + 5);
        sent += 5;
        read_count(&direct, &setup.output, 1, sent, ReadCommitted);
    }
    assert_eq!(running.reasons(), [""; 0]);
    running.stop().unwrap();
    assert_eq!(values(&setup.written(&direct, 1)), names(sent));
}
