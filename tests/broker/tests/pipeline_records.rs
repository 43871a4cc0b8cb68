//! A record that went through a pipeline is the record that was written: bytes, nulls, headers, timestamp, partition.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use rdkafka::message::Message as _;
use rdkafka::producer::{BaseRecord, Producer as _};
use wasmill_broker::Broker;
use wasmill_broker::client::Isolation::ReadCommitted;
use wasmill_broker::client::{
    Producer, WITHIN, committed, create_topic, drain, producer, queue, read_count, send, transactional, unique, values,
    wait_until,
};
use wasmill_broker::pipeline::Setup;
use wasmill_broker::raw::{Raw, queue_raw, read_raw};
use wasmill_broker::wire;

wasmill_broker::on_both_brokers! {
    whatever_the_client_can_carry_is_carried_unchanged,
    what_the_client_can_not_carry_is_changed_in_the_documented_way,
    a_record_with_more_headers_than_the_client_reads_is_set_aside,
    aborted_records_and_markers_are_jumped_over,
    every_codec_is_read_and_written,
    keys_go_to_the_partitions_that_java_clients_choose_and_null_keys_stay,
    the_source_partition_is_kept_modulo_the_number_of_output_partitions,
}

/// No retention may take records dated 1970, and the largest is 1 MiB and a bit.
const ROOMY: [(&str, &str); 2] = [("max.message.bytes", "2097152"), ("retention.ms", "-1")];

fn writer(bootstrap: &str) -> Producer {
    producer(bootstrap, &[("message.max.bytes", "3000000")])
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_millis() as i64
}

/// Runs the pipeline until it has committed `end` of partition 0, the only one.
#[track_caller]
fn run_to(setup: &Setup, end: i64) {
    let running = setup.run();
    wait_until("the input is read to its end", || {
        assert!(!running.is_finished(), "{:?}", running.reasons());
        committed(&setup.bootstrap, &setup.name, &setup.input, 0).is_some_and(|(at, _)| at == end)
    });
    running.stop().unwrap();
}

fn raws(bootstrap: &str, topic: &str) -> Vec<Raw> {
    read_raw(bootstrap, topic).into_iter().map(|(_, raw)| raw).collect()
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    Some(text.as_bytes().to_vec())
}

fn whatever_the_client_can_carry_is_carried_unchanged(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let setup = Setup::new("records", &bootstrap);
    setup.topics(&bootstrap, 1, &ROOMY, &ROOMY);
    let plain = Raw { key: bytes("key"), value: bytes("value"), timestamp: now_ms(), headers: vec![] };
    let header = |name: &[u8], value: Option<&[u8]>| (name.to_vec(), value.map(<[u8]>::to_vec));
    let records = [
        plain.clone(),
        Raw { key: None, ..plain.clone() },
        Raw { value: None, ..plain.clone() },
        Raw { key: None, value: None, ..plain.clone() },
        Raw { key: bytes(""), value: bytes(""), ..plain.clone() },
        Raw { value: Some((0..1 << 20).map(|i: u32| (i % 251) as u8).collect()), ..plain.clone() },
        Raw { timestamp: 1, ..plain.clone() },
        Raw {
            headers: (0..10_000).map(|i| header(format!("h{i}").as_bytes(), Some(i.to_string().as_bytes()))).collect(),
            ..plain.clone()
        },
        Raw {
            headers: vec![
                header(b"b", Some(b"1")),
                header(b"a", None),
                header(b"b", Some(b"\xff\x00")),
                header(b"", Some(b"")),
                header(b"b", Some(b"1")),
            ],
            ..plain.clone()
        },
        Raw { headers: vec![header(b"\xff\xfe\x80", Some(b"not text")), header(b"\xc3\x28", None)], ..plain },
    ];
    let writer = writer(&bootstrap);
    records.iter().for_each(|record| queue_raw(&writer, &setup.input, 0, record));
    assert_eq!(drain(&writer), []);
    assert!(raws(&bootstrap, &setup.input) == records, "the input is not what was written");
    run_to(&setup, records.len() as i64);
    let written = raws(&bootstrap, &setup.output);
    assert_eq!(written.len(), records.len());
    for (at, (written, record)) in written.iter().zip(&records).enumerate() {
        assert!(written == record, "record {at} came out changed: {}", shown(written));
    }
}

/// The first characters: a record may have a mebibyte.
fn shown(raw: &Raw) -> String {
    format!("{raw:?}").chars().take(400).collect()
}

/// What other clients may write and ours can't send as it was.
fn what_the_client_can_not_carry_is_changed_in_the_documented_way(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let setup = Setup::new("uncarried", &bootstrap);
    setup.topics(&bootstrap, 1, &ROOMY, &ROOMY);
    let plain = Raw { key: bytes("key"), value: bytes("value"), timestamp: 5, headers: vec![] };
    let named = |name: &[u8]| vec![(name.to_vec(), bytes("1"))];
    let records = [
        Raw { timestamp: -1, ..plain.clone() },
        Raw { timestamp: 0, ..plain.clone() },
        Raw { headers: named(b"before\0after"), ..plain.clone() },
        plain.clone(),
    ];
    for record in &records {
        assert_eq!(wire::put(&bootstrap, &setup.input, record), 0, "the broker refused {record:?}");
    }
    let before = now_ms();
    run_to(&setup, records.len() as i64);
    let written = raws(&bootstrap, &setup.output);
    assert_eq!(written.len(), records.len());
    assert_eq!(written[0], records[0], "no timestamp stays none");
    assert!((before..=now_ms()).contains(&written[1].timestamp), "timestamp 0 became {}", written[1].timestamp);
    assert_eq!(Raw { timestamp: 0, ..written[1].clone() }, records[1]);
    // The reader of this test stops at the NUL as well: what is behind it in the log is not seen.
    assert_eq!(written[2], Raw { headers: named(b"before"), ..plain.clone() });
    assert_eq!(written[3], plain);
}

fn a_record_with_more_headers_than_the_client_reads_is_set_aside(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let setup = Setup::new("unreadable", &bootstrap);
    setup.topics(&bootstrap, 1, &ROOMY, &ROOMY);
    let plain = Raw { key: bytes("key"), value: bytes("value"), timestamp: now_ms(), headers: vec![] };
    let many = (0..100_001).map(|_| (b"h".to_vec(), None)).collect();
    for record in [&plain, &Raw { headers: many, ..plain.clone() }, &plain] {
        assert_eq!(wire::put(&bootstrap, &setup.input, record), 0, "the broker refused it");
    }
    run_to(&setup, 3);
    assert_eq!(raws(&bootstrap, &setup.output), [plain.clone(), plain.clone()]);
    let letters = raws(&bootstrap, &setup.dead_letters);
    let said = |name: &str| letters[0].headers.iter().find(|(own, _)| own == name.as_bytes()).unwrap().1.clone();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].key.clone(), letters[0].value.clone()), (plain.key, plain.value));
    assert_eq!(said("__wasmill.errors.offset"), bytes("1"));
    assert_eq!(said("__wasmill.errors.code"), bytes("output-refused"));
}

fn aborted_records_and_markers_are_jumped_over(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let setup = Setup::new("markers", &bootstrap);
    setup.topics(&bootstrap, 1, &[], &[]);
    let writer = transactional(&bootstrap, &unique("writer"));
    for (range, commits) in [(0..5, true), (5..10, false), (10..12, true), (12..20, false)] {
        writer.begin_transaction().unwrap();
        send(&writer, &setup.input, 0, range);
        if commits {
            writer.commit_transaction(WITHIN).unwrap();
        } else {
            writer.abort_transaction(WITHIN).unwrap();
        }
    }
    let running = setup.run();
    // Five records, a marker, five aborted, a marker, two records: the position is behind the last record that counts.
    wait_until("the last committed record is settled", || {
        committed(&bootstrap, &setup.name, &setup.input, 0).is_some_and(|(at, _)| at >= 14)
    });
    running.stop().unwrap();
    let expected: Vec<String> = (0..5).chain(10..12).map(|i| format!("v{i}")).collect();
    assert_eq!(values(&setup.written(&bootstrap, 1)), expected);
    // A restart reads nothing again.
    send(&producer(&bootstrap, &[]), &setup.input, 0, 20..21);
    run_to(&setup, 25);
    assert_eq!(values(&setup.written(&bootstrap, 1)).last().map(String::as_str), Some("v20"));
    assert_eq!(setup.written(&bootstrap, 1).len(), 8);
}

fn every_codec_is_read_and_written(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let codecs = ["none", "gzip", "snappy", "lz4", "zstd"];
    let setups = codecs.map(|codec| Setup::new(codec, &bootstrap).property("compression.type", codec));
    for (codec, setup) in codecs.iter().zip(&setups) {
        setup.topics(&bootstrap, 1, &[], &[]);
        let writer = producer(&bootstrap, &[("compression.type", codec), ("linger.ms", "20")]);
        send(&writer, &setup.input, 0, 0..300);
    }
    std::thread::scope(|scope| {
        for setup in &setups {
            scope.spawn(|| run_to(setup, 300));
        }
    });
    for setup in &setups {
        assert_eq!(raws(&bootstrap, &setup.output), raws(&bootstrap, &setup.input), "{}", setup.name);
    }
}

/// The output has another number of partitions than the input, as the reference topic that librdkafka's own Java-compatible
/// partitioner has written.
fn keys_go_to_the_partitions_that_java_clients_choose_and_null_keys_stay(broker: &dyn Broker) {
    const OUTPUTS: i32 = 7;
    let bootstrap = broker.bootstrap();
    let mut setup = Setup::new("keys", &bootstrap);
    setup.partition = "key";
    let reference = unique("reference");
    create_topic(&bootstrap, &setup.input, 3, &[]);
    for topic in [&setup.output, &setup.dead_letters, &reference] {
        create_topic(&bootstrap, topic, OUTPUTS, &[]);
    }
    let writer = producer(&bootstrap, &[("partitioner", "murmur2_random")]);
    let mut keys: Vec<String> = (0..400).map(|i| format!("{i:x}").repeat(i % 9)).collect();
    keys.sort();
    keys.dedup();
    for (at, key) in keys.iter().enumerate() {
        queue(&writer, BaseRecord::to(&setup.input).partition(at as i32 % 3).key(key).payload("v"));
        queue(&writer, BaseRecord::to(&reference).key(key).payload("v"));
    }
    for partition in 0..3 {
        queue(&writer, BaseRecord::<str, str>::to(&setup.input).partition(partition).payload("null key"));
    }
    assert_eq!(drain(&writer), []);
    let running = setup.run();
    let written = read_count(&bootstrap, &setup.output, OUTPUTS, keys.len() + 3, ReadCommitted);
    running.stop().unwrap();
    let expected = read_count(&bootstrap, &reference, OUTPUTS, keys.len(), ReadCommitted);
    let partitions = |records: &[rdkafka::message::OwnedMessage]| -> BTreeMap<Vec<u8>, i32> {
        records.iter().filter_map(|record| Some((record.key()?.to_vec(), record.partition()))).collect()
    };
    assert_eq!(partitions(&written), partitions(&expected));
    assert!(partitions(&written).values().any(|partition| *partition >= 3), "the keys prove nothing");
    let mut stayed: Vec<i32> =
        written.iter().filter(|record| record.key().is_none()).map(|record| record.partition()).collect();
    stayed.sort_unstable();
    assert_eq!(stayed, [0, 1, 2]);
}

fn the_source_partition_is_kept_modulo_the_number_of_output_partitions(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let mut setup = Setup::new("source", &bootstrap);
    setup.workers = 2;
    create_topic(&bootstrap, &setup.input, 5, &[]);
    create_topic(&bootstrap, &setup.output, 3, &[]);
    create_topic(&bootstrap, &setup.dead_letters, 1, &[]);
    let writer = producer(&bootstrap, &[]);
    for partition in 0..5 {
        send(&writer, &setup.input, partition, partition as usize..partition as usize + 1);
    }
    let running = setup.run();
    let written = read_count(&bootstrap, &setup.output, 3, 5, ReadCommitted);
    running.stop().unwrap();
    let mut places: Vec<(String, i32)> =
        values(&written).into_iter().zip(written.iter().map(|r| r.partition())).collect();
    places.sort();
    assert_eq!(
        places,
        [("v0", 0), ("v1", 1), ("v2", 2), ("v3", 0), ("v4", 1)].map(|(value, at)| (value.to_owned(), at))
    );
}
