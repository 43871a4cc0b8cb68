//! Keyed state with several inputs: one state for a partition of all of them.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::ops::Range;

use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::producer::BaseRecord;
use wasmill_broker::Broker;
use wasmill_broker::client::{
    Producer, add_partitions, committed, consumer, create_topic, drain, key_values, position, producer, queue, values,
    wait_until,
};
use wasmill_broker::pipeline::{Running, Setup};
use wasmill_pipeline::Failed;

wasmill_broker::on_both_brokers! {
    a_key_has_one_count_over_all_inputs_while_partitions_move,
    a_position_of_one_input_that_somebody_else_has_set_stops_the_pipeline,
    state_is_read_again_for_an_input_that_is_new,
    an_input_that_grows_ends_a_pipeline_that_keeps_state,
}

const PARTITIONS: i32 = 2;

fn topics(setup: &Setup) -> Vec<&str> {
    [&setup.input].into_iter().chain(&setup.followers).map(String::as_str).collect()
}

/// To each partition of each input one record for each number; a key has its partition, in every input the same.
fn put(writer: &Producer, setup: &Setup, partitions: i32, numbers: Range<usize>) {
    for (input, topic) in topics(setup).into_iter().enumerate() {
        for partition in 0..partitions {
            for number in numbers.clone() {
                let (key, value) = (format!("k{partition}"), format!("{input}-{number}"));
                queue(writer, BaseRecord::to(topic).partition(partition).key(&key).payload(&value));
            }
        }
    }
    assert!(drain(writer).is_empty());
}

/// Waits until `count` records of each partition of each input are committed.
#[track_caller]
fn done(running: &Running, setup: &Setup, partitions: i32, count: i64) {
    wait_until(&format!("{count} records of each partition"), || {
        assert!(!running.is_finished(), "{:?}", running.reasons());
        let at = |topic: &str, partition| committed(&setup.bootstrap, &setup.name, topic, partition);
        topics(setup)
            .into_iter()
            .all(|topic| (0..partitions).all(|partition| at(topic, partition).is_some_and(|(at, _)| at == count)))
    });
}

/// Every record of every input came once, those of an input in their order, and each key's were counted in the order in
/// which they were written.
#[track_caller]
fn assert_counted(setup: &Setup, partitions: i32, count: usize) {
    let mut of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in key_values(&setup.written(&setup.bootstrap, partitions)) {
        of.entry(key).or_default().push(value);
    }
    assert_eq!(of.len(), usize::try_from(partitions).unwrap());
    for (key, written) in of {
        let (counts, records): (Vec<usize>, Vec<&str>) = written
            .iter()
            .map(|value| value.split_once(' ').expect("a count and a value"))
            .map(|(count, value)| (count.parse::<usize>().expect("a number"), value))
            .unzip();
        assert_eq!(counts, (1..=count * topics(setup).len()).collect::<Vec<_>>(), "{key}");
        for input in 0..topics(setup).len() {
            let prefix = format!("{input}-");
            let found: Vec<&str> = records.iter().copied().filter(|value| value.starts_with(&prefix)).collect();
            assert_eq!(found, (0..count).map(|number| format!("{input}-{number}")).collect::<Vec<_>>(), "{key}");
        }
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn a_key_has_one_count_over_all_inputs_while_partitions_move(broker: &dyn Broker) {
    let (first, second) = (folder(), folder());
    let a = Setup { workers: 2, ..Setup::new("counted", &broker.bootstrap()) }.with_follower().counting(first.path());
    let b = Setup { instance: format!("{}-b", a.name), ..a.clone() }.counting(second.path());
    a.topics(&a.bootstrap, PARTITIONS, &[], &[]);
    let writer = producer(&a.bootstrap, &[]);
    let one = a.run();
    let mut count = 0;
    let mut more = |records: usize| {
        put(&writer, &a, PARTITIONS, count..count + records);
        count += records;
        count
    };
    more(20);
    for _ in 0..2 {
        let two = b.run();
        more(20);
        wait_until("the second process has some", || {
            assert!(!two.is_finished() && !one.is_finished(), "{:?} {:?}", one.reasons(), two.reasons());
            (0..2).any(|worker| two.metrics(worker).transactions.committed.get() > 0)
        });
        more(20);
        two.stop().unwrap();
    }
    let count = more(10);
    done(&one, &a, PARTITIONS, i64::try_from(count).unwrap());
    one.stop().unwrap();
    assert_counted(&a, PARTITIONS, count);
}

/// Also when the other input's position is as it should be.
fn a_position_of_one_input_that_somebody_else_has_set_stops_the_pipeline(broker: &dyn Broker) {
    for input in 0..2 {
        let cache = folder();
        let setup = Setup::new("half-reset", &broker.bootstrap()).with_follower().counting(cache.path());
        setup.topics(&setup.bootstrap, 1, &[], &[]);
        put(&producer(&setup.bootstrap, &[]), &setup, 1, 0..10);
        let running = setup.run();
        done(&running, &setup, 1, 10);
        running.stop().unwrap();
        let group = consumer(&setup.bootstrap, &setup.name, &[]);
        group.commit(&position(topics(&setup)[input], 0, 5), CommitMode::Sync).unwrap();
        let failed = setup.run().end().unwrap_err();
        assert_eq!(failed, Failed::OffsetsReset { group: setup.name.clone(), partition: 0 }, "input {input}");
        assert_counted(&setup, 1, 10);
    }
}

/// Its position is of no transaction, so the cache is not known to be exact.
fn state_is_read_again_for_an_input_that_is_new(broker: &dyn Broker) {
    let cache = folder();
    let alone = Setup::new("widened", &broker.bootstrap()).counting(cache.path());
    alone.topics(&alone.bootstrap, 1, &[], &[]);
    let writer = producer(&alone.bootstrap, &[]);
    put(&writer, &alone, 1, 0..10);
    let running = alone.run();
    done(&running, &alone, 1, 10);
    running.stop().unwrap();

    let both = alone.clone().with_follower();
    create_topic(&both.bootstrap, &both.followers[0], 1, &[]);
    let follower = Setup { input: both.followers[0].clone(), ..alone.clone() };
    put(&writer, &follower, 1, 10..20);
    let running = both.run();
    done(&running, &both, 1, 10);
    running.stop().unwrap();
    let counts: Vec<String> = values(&both.written(&both.bootstrap, 1));
    assert_eq!(counts, (0..20).map(|number| format!("{} 0-{number}", number + 1)).collect::<Vec<_>>());
    // From here on both positions are of one transaction.
    let running = both.run();
    put(&writer, &both, 1, 20..21);
    done(&running, &both, 1, 11);
    assert_eq!(running.control().restored_changes.get(), 0);
    running.stop().unwrap();
}

fn an_input_that_grows_ends_a_pipeline_that_keeps_state(broker: &dyn Broker) {
    for input in 0..2 {
        let cache = folder();
        let setup = Setup::new("keyed", &broker.bootstrap()).with_follower().counting(cache.path());
        setup.topics(&setup.bootstrap, 1, &[], &[]);
        let running = setup.run();
        done(&running, &setup, 1, 0);
        add_partitions(&setup.bootstrap, topics(&setup)[input], 2);
        let failed = running.end().unwrap_err();
        assert!(matches!(&failed, Failed::Topic { topic, .. } if topic == topics(&setup)[input]), "{failed}");
        let text = failed.to_string();
        assert!(text.contains("has 2 partitions by now and had 1"), "{text}");
    }
}
