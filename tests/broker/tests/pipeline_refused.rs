//! Outputs that the broker refuses for good: each becomes a dead letter, that record and no other.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use rdkafka::message::{Header, Message as _, OwnedHeaders, OwnedMessage};
use rdkafka::producer::BaseRecord;
use wasmill_broker::Broker;
use wasmill_broker::client::{
    Producer, committed, create_topic, drain, header_map, producer, queue, values, wait_until,
};
use wasmill_broker::pipeline::Setup;

wasmill_broker::on_both_brokers! {
    a_record_that_a_compacted_topic_does_not_take_is_set_aside_with_the_documented_headers,
    several_culprits_in_one_batch_are_each_found,
    without_transactions_culprits_are_found_too_and_nothing_is_lost,
    a_record_larger_than_its_output_takes_is_refused_before_it_is_sent,
    a_record_that_only_its_framing_makes_too_large_is_refused_by_the_broker,
    a_compressed_record_too_large_for_its_output_is_refused_by_the_broker,
    a_dead_letter_too_large_for_its_topic_goes_without_its_value,
}

const RECORDS: usize = 60;
const AT: i64 = 1_700_000_000_123;
/// The records are old, and must stay.
const KEPT: (&str, &str) = ("retention.ms", "-1");

fn put(writer: &Producer, setup: &Setup, key: Option<&str>, value: &[u8]) {
    let header = OwnedHeaders::new().insert(Header { key: "own", value: Some("kept") });
    let record = BaseRecord::<str, [u8]>::to(&setup.input).partition(0).payload(value).timestamp(AT).headers(header);
    queue(writer, if let Some(key) = key { record.key(key) } else { record });
}

/// Bytes that no codec makes shorter.
fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..size).map(|_| next()).collect()
}

/// All records are written before the pipeline starts, so that they are one batch.
fn run(setup: &Setup) {
    let running = setup.run();
    wait_until("every record is settled", || {
        assert!(!running.is_finished(), "{:?}", running.reasons());
        committed(&setup.bootstrap, &setup.name, &setup.input, 0).is_some_and(|(at, _)| at == RECORDS as i64)
    });
    running.stop().unwrap();
}

fn source_offsets(letters: &[OwnedMessage]) -> Vec<usize> {
    letters.iter().map(|letter| header_map(letter)["__wasmill.errors.offset"].parse().unwrap()).collect()
}

/// Records with these numbers have no key, which a compacted topic does not take.
fn keyless(setup: &Setup, culprits: &[usize]) {
    let compacted = [("cleanup.policy", "compact")];
    setup.topics(&setup.bootstrap, 1, &[KEPT], &compacted);
    let writer = producer(&setup.bootstrap, &[]);
    for i in 0..RECORDS {
        let (key, value) = (format!("k{i}"), format!("v{i}"));
        put(&writer, setup, (!culprits.contains(&i)).then_some(&key), value.as_bytes());
    }
    assert_eq!(drain(&writer), []);
    run(setup);
}

fn others(culprits: &[usize]) -> Vec<String> {
    (0..RECORDS).filter(|i| !culprits.contains(i)).map(|i| format!("v{i}")).collect()
}

fn a_record_that_a_compacted_topic_does_not_take_is_set_aside_with_the_documented_headers(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let setup = Setup::new("keyless", &bootstrap);
    keyless(&setup, &[17]);
    assert_eq!(values(&setup.written(&bootstrap, 1)), others(&[17]));
    let letters = setup.set_aside(&bootstrap, 1);
    assert_eq!(values(&letters), ["v17"]);
    assert_eq!((letters[0].key(), letters[0].timestamp().to_millis()), (None, Some(AT)));
    let mut found = header_map(&letters[0]);
    assert_eq!(found.remove("own").as_deref(), Some("kept"));
    let mut take =
        |name: &str| found.remove(&format!("__wasmill.errors.{name}")).unwrap_or_else(|| panic!("no {name}"));
    for (name, expected) in [
        ("topic", setup.input.as_str()),
        ("partition", "0"),
        ("offset", "17"),
        ("timestamp", "2023-11-14T22:13:20.123Z"),
        ("group", &setup.name),
        ("stage", "write"),
        ("plugin", "identity"),
        ("code", "output-refused"),
        ("attempts", "1"),
    ] {
        assert_eq!(take(name), expected, "{name}");
    }
    let message = take("message");
    assert!(message.contains("INVALID_RECORD") && message.contains(&setup.output), "{message}");
    assert!(take("config.digest").starts_with("sha256:"));
    for name in ["first.failed.at", "last.failed.at", "now"] {
        let at = take(name);
        assert!(at.starts_with("20") && at.ends_with('Z'), "{name} is {at}");
    }
    assert_eq!(found, BTreeMap::new(), "headers that are not documented");
}

fn several_culprits_in_one_batch_are_each_found(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let culprits = [0, 1, 13, 40, RECORDS - 1];
    let setup = Setup::new("several", &bootstrap);
    keyless(&setup, &culprits);
    assert_eq!(values(&setup.written(&bootstrap, 1)), others(&culprits));
    assert_eq!(source_offsets(&setup.set_aside(&bootstrap, 1)), culprits);
}

fn without_transactions_culprits_are_found_too_and_nothing_is_lost(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let culprits = [5, 33];
    let setup = Setup { delivery: "at_least_once", ..Setup::new("at-least", &bootstrap) };
    keyless(&setup, &culprits);
    let mut first_seen = vec![];
    for value in values(&setup.written(&bootstrap, 1)) {
        if !first_seen.contains(&value) {
            first_seen.push(value);
        }
    }
    assert_eq!(first_seen, others(&culprits));
    let mut set_aside = source_offsets(&setup.set_aside(&bootstrap, 1));
    set_aside.sort_unstable();
    set_aside.dedup();
    assert_eq!(set_aside, culprits);
}

/// Small records, and some of `size` bytes for an output that takes 3000 in one request.
fn large(setup: &Setup, size: usize) {
    setup.topics(&setup.bootstrap, 1, &[KEPT], &[("max.message.bytes", "3000"), KEPT]);
    let writer = producer(&setup.bootstrap, &[]);
    for i in 0..RECORDS {
        let value = if is_large(i) { noise(size, i as u64) } else { format!("v{i}").into_bytes() };
        put(&writer, setup, Some("key"), &value);
    }
    assert_eq!(drain(&writer), []);
    run(setup);
    let (small, large): (Vec<usize>, Vec<usize>) = (0..RECORDS).partition(|i| !is_large(*i));
    let expected: Vec<String> = small.iter().map(|i| format!("v{i}")).collect();
    assert_eq!(values(&setup.written(&setup.bootstrap, 1)), expected);
    let letters = setup.set_aside(&setup.bootstrap, 1);
    assert_eq!(source_offsets(&letters), large);
    for (letter, i) in letters.iter().zip(large) {
        assert!(letter.payload() == Some(&noise(size, i as u64)), "the value of {i} is not what it was");
        let headers = header_map(letter);
        assert_eq!(headers["__wasmill.errors.code"], "output-refused");
        let message = &headers["__wasmill.errors.message"];
        assert!(message.contains("TOO_LARGE") && message.contains(&setup.output), "{message}");
    }
}

fn is_large(i: usize) -> bool {
    i % 20 == 7
}

fn a_record_larger_than_its_output_takes_is_refused_before_it_is_sent(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    large(&Setup::new("large", &bootstrap), 5000);
}

/// Key and value fit; with the framing around them they do not.
fn a_record_that_only_its_framing_makes_too_large_is_refused_by_the_broker(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    large(&Setup::new("framing", &bootstrap), 2990);
}

fn a_compressed_record_too_large_for_its_output_is_refused_by_the_broker(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    large(&Setup::new("compressed", &bootstrap).property("compression.type", "gzip"), 5000);
}

fn a_dead_letter_too_large_for_its_topic_goes_without_its_value(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let setup = Setup::new("letter", &bootstrap);
    create_topic(&bootstrap, &setup.input, 1, &[KEPT]);
    create_topic(&bootstrap, &setup.output, 1, &[("max.message.bytes", "3000"), KEPT]);
    create_topic(&bootstrap, &setup.dead_letters, 1, &[("max.message.bytes", "4000"), KEPT]);
    let writer = producer(&bootstrap, &[]);
    for i in 0..RECORDS {
        let value = if i == 30 { noise(5000, 30) } else { format!("v{i}").into_bytes() };
        put(&writer, &setup, Some("key"), &value);
    }
    assert_eq!(drain(&writer), []);
    run(&setup);
    assert_eq!(values(&setup.written(&bootstrap, 1)), others(&[30]));
    let letters = setup.set_aside(&bootstrap, 1);
    assert_eq!((source_offsets(&letters), letters[0].payload()), (vec![30], None));
    assert_eq!(header_map(&letters[0])["__wasmill.errors.truncated"], "value");
}
