//! Pipelines with several inputs: what the group does not know of, wasmill has to do itself.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use rdkafka::message::OwnedMessage;
use rdkafka::producer::BaseRecord;
use rdkafka::{Message as _, Timestamp};
use wasmill_broker::Broker;
use wasmill_broker::client::{
    Producer, WITHIN, add_partitions, committed, create_topic, drain, producer, queue, send, unique, values, wait_until,
};
use wasmill_broker::pipeline::{Running, Setup};
use wasmill_pipeline::Failed;
use wasmill_proxy::{Api, OnHold};

wasmill_broker::on_both_brokers! {
    nothing_of_any_input_is_lost_or_doubled_while_partitions_move,
    inputs_with_different_numbers_of_partitions_do_not_start_and_both_are_told,
    a_first_input_that_outgrows_another_one_ends_the_pipeline_with_the_command,
    partitions_that_are_added_to_the_first_input_last_are_taken_with_those_of_the_others,
    an_input_that_is_added_to_a_group_begins_by_its_own_policy,
    what_has_been_fetched_of_several_inputs_takes_turns_by_its_timestamps,
    a_process_that_the_group_has_dropped_loses_every_input,
}

const PARTITIONS: i32 = 4;

/// Which records are in partition `partition` of input `input`: no value is in two of them.
fn numbers(input: usize, partition: i32, range: Range<usize>) -> Range<usize> {
    let base = input * 1_000_000 + usize::try_from(partition).unwrap() * 10_000;
    base + range.start..base + range.end
}

fn topics(setup: &Setup) -> Vec<&str> {
    [&setup.input].into_iter().chain(&setup.followers).map(String::as_str).collect()
}

/// Writes these records to each partition of each input.
fn put_everywhere(producer: &Producer, setup: &Setup, range: Range<usize>) {
    for (input, topic) in topics(setup).into_iter().enumerate() {
        for partition in 0..PARTITIONS {
            send(producer, topic, partition, numbers(input, partition, range.clone()));
        }
    }
}

#[track_caller]
fn wait_for_position(running: &Running, setup: &Setup, topic: &str, partition: i32, position: i64) {
    wait_until(&format!("position {position} of {topic} [{partition}]"), || {
        assert!(!running.is_finished(), "{:?}", running.reasons());
        committed(&setup.bootstrap, &setup.name, topic, partition).is_some_and(|(at, _)| at == position)
    });
}

fn has_committed(running: &Running, setup: &Setup) -> bool {
    (0..setup.workers).any(|worker| running.metrics(worker).transactions.committed.get() > 0)
}

/// Every partition of the output has exactly the records of its partition of each input, each input's in their order.
#[track_caller]
fn assert_exact(setup: &Setup, count: usize) {
    let mut of: BTreeMap<i32, Vec<OwnedMessage>> = BTreeMap::new();
    for record in setup.written(&setup.bootstrap, PARTITIONS) {
        of.entry(record.partition()).or_default().push(record);
    }
    for partition in 0..PARTITIONS {
        let written = values(&of.remove(&partition).unwrap_or_default());
        assert_eq!(written.len(), count * topics(setup).len(), "partition {partition}");
        for input in 0..topics(setup).len() {
            let expected: Vec<String> =
                numbers(input, partition, 0..count).map(|number| format!("v{number}")).collect();
            let found: Vec<String> = written.iter().filter(|value| expected.contains(value)).cloned().collect();
            assert_eq!(found, expected, "partition {partition} of input {input}");
        }
    }
}

/// R3.7, R4.7: two processes, one of which comes and goes, while records are written to both inputs.
fn nothing_of_any_input_is_lost_or_doubled_while_partitions_move(broker: &dyn Broker) {
    let mut setup = Setup::new("moves", &broker.bootstrap()).with_follower();
    setup.workers = 2;
    setup.topics(&setup.bootstrap, PARTITIONS, &[], &[]);
    let producer = producer(&setup.bootstrap, &[]);
    let mut count = 0;
    let mut put = |rounds: usize| {
        for _ in 0..rounds {
            put_everywhere(&producer, &setup, count..count + 10);
            count += 10;
        }
        count
    };
    put(3);
    let first = setup.run();
    put(3);
    for visit in ["b", "c"] {
        let other = Setup { instance: format!("{}-{visit}", setup.name), client_id: unique(visit), ..setup.clone() };
        let second = other.run();
        // The first commit is that of the positions it starts at, so it has partitions then.
        while !has_committed(&second, &setup) {
            put(1);
            assert!(!first.is_finished() && !second.is_finished(), "{:?} {:?}", first.reasons(), second.reasons());
        }
        put(3);
        second.stop().unwrap();
        put(3);
    }
    let count = put(1);
    for topic in topics(&setup) {
        for partition in 0..PARTITIONS {
            wait_for_position(&first, &setup, topic, partition, i64::try_from(count).unwrap());
        }
    }
    first.stop().unwrap();
    assert_exact(&setup, count);
}

fn inputs_with_different_numbers_of_partitions_do_not_start_and_both_are_told(broker: &dyn Broker) {
    let setup = Setup::new("unequal", &broker.bootstrap()).with_follower();
    setup.topics(&setup.bootstrap, 2, &[], &[]);
    add_partitions(&setup.bootstrap, &setup.input, 3);
    let follower = &setup.followers[0];
    let command =
        format!("kafka-topics.sh --bootstrap-server {} --alter --topic {follower} --partitions 3", setup.bootstrap);
    let at_start = setup.start().wait().err().expect("it does not start").to_string();
    let (pipeline, plugin) = (setup.config().pipelines.remove(0), setup.plugin());
    let by_lint = wasmill_pipeline::start::check_brokers(&pipeline, &plugin, WITHIN).unwrap_err().to_string();
    for text in [at_start, by_lint] {
        assert!(text.contains(&format!("`in0` (topic {}) has 3", setup.input)), "{text}");
        assert!(text.contains(&format!("`in1` (topic {follower}) has 2")), "{text}");
        assert!(text.contains(&command), "{text}");
    }
}

/// A pipeline with two inputs of one partition each that looks for new partitions all the time, and has read from both.
fn two_inputs(what: &str, bootstrap: &str) -> (Setup, Running) {
    let setup = Setup::new(what, bootstrap).with_follower();
    let setup = setup.property("topic.metadata.refresh.interval.ms", "200");
    setup.topics(bootstrap, 1, &[], &[]);
    let producer = producer(bootstrap, &[]);
    send(&producer, &setup.input, 0, 0..3);
    send(&producer, &setup.followers[0], 0, 100..102);
    let running = setup.run();
    wait_for_position(&running, &setup, &setup.input, 0, 3);
    wait_for_position(&running, &setup, &setup.followers[0], 0, 2);
    (setup, running)
}

fn a_first_input_that_outgrows_another_one_ends_the_pipeline_with_the_command(broker: &dyn Broker) {
    let (setup, running) = two_inputs("outgrown", &broker.bootstrap());
    add_partitions(&setup.bootstrap, &setup.input, 2);
    send(&producer(&setup.bootstrap, &[]), &setup.input, 1, 3..6);
    let failed = running.end().unwrap_err();
    assert!(matches!(&failed, Failed::Topic { topic, .. } if *topic == setup.input), "{failed}");
    let command = format!("--alter --topic {} --partitions 2", setup.followers[0]);
    assert!(failed.to_string().contains(&command), "{failed}");
    assert_eq!(setup.written(&setup.bootstrap, 1).len(), 5, "nothing of the new partition");
    assert_eq!(committed(&setup.bootstrap, &setup.name, &setup.input, 1), None);
}

fn partitions_that_are_added_to_the_first_input_last_are_taken_with_those_of_the_others(broker: &dyn Broker) {
    let (setup, running) = two_inputs("grown", &broker.bootstrap());
    let follower = &setup.followers[0];
    let producer = producer(&setup.bootstrap, &[]);
    add_partitions(&setup.bootstrap, follower, 2);
    send(&producer, follower, 1, 102..104);
    add_partitions(&setup.bootstrap, &setup.input, 2);
    send(&producer, &setup.input, 1, 3..6);
    wait_for_position(&running, &setup, &setup.input, 1, 3);
    wait_for_position(&running, &setup, follower, 1, 2);
    running.stop().unwrap();
    let mut written = values(&setup.written(&setup.bootstrap, 1));
    written.sort_unstable();
    let mut expected: Vec<String> = (0..6).chain(100..104).map(|number| format!("v{number}")).collect();
    expected.sort_unstable();
    assert_eq!(written, expected);
}

/// R3.3, for an input of its own.
fn an_input_that_is_added_to_a_group_begins_by_its_own_policy(broker: &dyn Broker) {
    let alone = Setup { start: "latest", ..Setup::new("added", &broker.bootstrap()) };
    alone.topics(&alone.bootstrap, 1, &[], &[]);
    let running = alone.run();
    wait_for_position(&running, &alone, &alone.input, 0, 0);
    running.stop().unwrap();

    let both = alone.clone().with_follower();
    create_topic(&both.bootstrap, &both.followers[0], 1, &[]);
    let producer = producer(&both.bootstrap, &[]);
    send(&producer, &both.input, 0, 0..3);
    send(&producer, &both.followers[0], 0, 100..102);
    let running = both.run();
    wait_for_position(&running, &both, &both.input, 0, 3);
    wait_for_position(&running, &both, &both.followers[0], 0, 2);
    running.stop().unwrap();
    assert_eq!(values(&both.written(&both.bootstrap, 1)), ["v0", "v1", "v2"], "the input that is new: its end");
}

/// The order between inputs, as far as it goes: while a commit keeps the worker, everything arrives in its queue.
fn what_has_been_fetched_of_several_inputs_takes_turns_by_its_timestamps(broker: &dyn Broker) {
    let proxied = broker.proxied();
    let mut setup = Setup::new("turns", &proxied.proxy.address()).with_follower();
    setup.transaction_timeout_ms = 60_000;
    setup.topics(&proxied.direct, 1, &[], &[]);
    let producer = producer(&proxied.direct, &[]);
    let commit = proxied.proxy.rule(Api::EndTxn).of_client(&setup.client_id).hold(OnHold::KeepClient);
    let running = setup.run();
    commit.wait_until_caught(1, WITHIN).unwrap();

    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    // Turns of three, two of them with the same times.
    let turn = |number: i64| (number / 3) % 2 == 0;
    let put = |topic: &str, is_turn: &dyn Fn(i64) -> bool| {
        for number in (0..30).filter(|number| is_turn(*number)) {
            let value = format!("v{number}");
            queue(&producer, BaseRecord::<(), _>::to(topic).partition(0).payload(&value).timestamp(now + number));
        }
        assert!(drain(&producer).is_empty());
    };
    put(&setup.input, &turn);
    put(&setup.followers[0], &|number| !turn(number));
    let fetches = || proxied.proxy.requests_by(Api::Fetch, &setup.client_id);
    let before = fetches();
    // The library asks for more once it has put in the queue what came.
    wait_until("everything has been fetched", || fetches() >= before + 3);
    commit.release();
    wait_until("everything is through", || {
        assert!(!running.is_finished(), "{:?}", running.reasons());
        [&setup.input, &setup.followers[0]]
            .iter()
            .all(|topic| committed(&proxied.direct, &setup.name, topic, 0).is_some_and(|(at, _)| at == 15))
    });
    running.stop().unwrap();
    let written = setup.written(&proxied.direct, 1);
    let times: Vec<Timestamp> = written.iter().map(|record| record.timestamp()).collect();
    assert_eq!(times, (0..30).map(|number| Timestamp::CreateTime(now + number)).collect::<Vec<_>>());
}

/// R4.2, R4.7: a process that the group has dropped hears of it late; somebody else has all inputs of its partition by then.
fn a_process_that_the_group_has_dropped_loses_every_input(broker: &dyn Broker) {
    let proxied = broker.proxied();
    let first = Setup::new("dropped", &proxied.proxy.address()).with_follower();
    let second = Setup { instance: format!("{}-b", first.name), client_id: unique("second"), ..first.clone() };
    first.topics(&proxied.direct, 1, &[], &[]);
    let producer = producer(&proxied.direct, &[]);
    let put = |range: Range<usize>| {
        send(&producer, &first.input, 0, range.clone());
        send(&producer, &first.followers[0], 0, range.start + 100..range.end + 100);
    };
    let wait_for = |position: i64, by: &str| {
        for topic in topics(&first) {
            wait_until(&format!("position {position} of {topic} by {by}"), || {
                committed(&proxied.direct, &first.name, topic, 0)
                    .is_some_and(|(at, token)| at == position && token.starts_with(by))
            });
        }
    };
    let dropped = first.run();
    put(0..3);
    wait_for(3, &first.instance);
    let heartbeats = proxied.proxy.rule(Api::Heartbeat).of_client(&first.client_id).times(100);
    let heartbeats = heartbeats.hold(OnHold::KeepClient);
    heartbeats.wait_until_caught(1, WITHIN).unwrap();
    let running = second.run();
    put(3..6);
    // Whoever read them, the second process begins where they ended.
    wait_until("the second process has the partition", || has_committed(&running, &second));
    put(6..9);
    wait_for(9, &second.instance);
    heartbeats.release();
    put(9..12);
    wait_for(12, &second.instance);
    dropped.stop().unwrap();
    put(12..15);
    wait_for(15, &second.instance);
    running.stop().unwrap();
    let mut written = values(&first.written(&proxied.direct, 1));
    written.sort_unstable();
    let mut expected: Vec<String> = (0..15).chain(100..115).map(|number| format!("v{number}")).collect();
    expected.sort_unstable();
    assert_eq!(written, expected);
}
