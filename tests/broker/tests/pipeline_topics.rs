//! Topics that are missing, go, come back, grow and shrink: what the pipeline does and what `readyz` says.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::ops::Range;

use wasmill_broker::Broker;
use wasmill_broker::client::Isolation::{ReadCommitted, ReadUncommitted};
use wasmill_broker::client::{
    add_partitions, committed, create_topic, delete_records, delete_topic, producer, read_count, send, values,
    wait_until,
};
use wasmill_broker::pipeline::{Running, Setup};
use wasmill_pipeline::Failed;

wasmill_broker::on_both_brokers! {
    missing_topics_are_named_all_at_once_with_the_commands_that_create_them,
    an_input_deleted_under_way_ends_the_pipeline_with_the_reason,
    an_input_created_again_under_way_ends_the_pipeline_with_the_reason,
    a_position_in_an_input_is_not_committed_for_the_one_that_was_created_in_its_place,
    nothing_is_committed_when_the_output_was_created_again,
    an_output_deleted_under_way_ends_the_pipeline_with_the_reason,
    latest_skips_old_records_once_and_later_partitions_are_taken_from_their_first_record,
    a_partition_whose_offset_is_gone_stands_still_and_the_others_go_on,
}

fn names(range: Range<usize>) -> Vec<String> {
    range.map(|i| format!("v{i}")).collect()
}

fn put(setup: &Setup, partition: i32, range: Range<usize>) {
    send(&producer(&setup.bootstrap, &[]), &setup.input, partition, range);
}

fn wait_for_position(running: &Running, setup: &Setup, partition: i32, position: i64) {
    wait_until(&format!("position {position} of partition {partition}"), || {
        assert!(!running.is_finished(), "{:?}", running.reasons());
        committed(&setup.bootstrap, &setup.name, &setup.input, partition).is_some_and(|(at, _)| at == position)
    });
}

fn missing_topics_are_named_all_at_once_with_the_commands_that_create_them(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let setup = Setup::new("missing", &bootstrap);
    create_topic(&bootstrap, &setup.input, 3, &[]);
    let stopped = setup.start().wait().err().expect("it does not start").to_string();
    let create =
        |topic: &str| format!("kafka-topics.sh --bootstrap-server {bootstrap} --create --topic {topic} --partitions 3");
    assert!(stopped.contains(&create(&setup.output)), "{stopped}");
    assert!(stopped.contains(&create(&setup.dead_letters)), "{stopped}");
    assert!(!stopped.contains(&create(&setup.input)), "{stopped}");
}

/// Runs until three records are through, then does `what` to the input; the pipeline's end and its reasons.
fn input_changes(setup: &Setup, what: impl FnOnce()) -> (Failed, Vec<String>) {
    setup.topics(&setup.bootstrap, 1, &[], &[]);
    put(setup, 0, 0..3);
    let running = setup.run();
    wait_for_position(&running, setup, 0, 3);
    what();
    let health = running.health.clone();
    let failed = running.end().unwrap_err();
    (failed, health.ready().unwrap_err())
}

fn an_input_deleted_under_way_ends_the_pipeline_with_the_reason(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let setup = Setup::new("deleted", &bootstrap);
    let (failed, reasons) = input_changes(&setup, || delete_topic(&bootstrap, &setup.input));
    assert!(matches!(&failed, Failed::Topic { topic, .. } if *topic == setup.input), "{failed}");
    assert!(reasons.iter().any(|reason| reason.contains("failed") && reason.contains(&setup.input)), "{reasons:?}");
    assert_eq!(values(&setup.written(&bootstrap, 1)), names(0..3));
}

fn an_input_created_again_under_way_ends_the_pipeline_with_the_reason(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let setup = Setup::new("again", &bootstrap);
    let (failed, reasons) = input_changes(&setup, || {
        delete_topic(&bootstrap, &setup.input);
        create_topic(&bootstrap, &setup.input, 1, &[]);
        put(&setup, 0, 100..110);
    });
    assert!(matches!(&failed, Failed::Topic { topic, .. } if *topic == setup.input), "{failed}");
    assert!(reasons.iter().any(|reason| reason.contains("failed") && reason.contains(&setup.input)), "{reasons:?}");
    // The new topic has a record at the position of the old one, and the client reads on there.
    assert_eq!(values(&setup.written(&bootstrap, 1)), names(0..3));
    assert_eq!(
        committed(&bootstrap, &setup.name, &setup.input, 0),
        None,
        "the broker forgets positions with the topic"
    );
}

/// R1.7: with a transaction open, a topic is deleted and created again, and the pipeline is stopped at once.
fn a_stop_commits_nothing_after(broker: &dyn Broker, what: &str, change: impl FnOnce(&Setup)) {
    let bootstrap = broker.bootstrap();
    let mut setup = Setup::new(what, &bootstrap);
    setup.topics(&bootstrap, 1, &[], &[]);
    // The first start commits its position; the next one has none to commit, and keeps its transaction open.
    let first = setup.run();
    wait_for_position(&first, &setup, 0, 0);
    first.stop().unwrap();
    (setup.interval_ms, setup.transaction_timeout_ms) = (10_000, 60_000);
    let running = setup.run();
    put(&setup, 0, 0..3);
    read_count(&bootstrap, &setup.output, 1, 3, ReadUncommitted);
    change(&setup);
    let failed = running.stop().unwrap_err();
    assert!(matches!(&failed, Failed::Topic { .. }), "{failed}");
    assert!(failed.to_string().contains("created again"), "{failed}");
    let position = committed(&bootstrap, &setup.name, &setup.input, 0).map_or(0, |(at, _)| at);
    assert_eq!((position, values(&setup.written(&bootstrap, 1))), (0, names(0..0)));
}

fn a_position_in_an_input_is_not_committed_for_the_one_that_was_created_in_its_place(broker: &dyn Broker) {
    a_stop_commits_nothing_after(broker, "in-again", |setup| {
        delete_topic(&setup.bootstrap, &setup.input);
        create_topic(&setup.bootstrap, &setup.input, 1, &[]);
    });
}

fn nothing_is_committed_when_the_output_was_created_again(broker: &dyn Broker) {
    a_stop_commits_nothing_after(broker, "out-again", |setup| {
        delete_topic(&setup.bootstrap, &setup.output);
        create_topic(&setup.bootstrap, &setup.output, 1, &[]);
    });
}

fn an_output_deleted_under_way_ends_the_pipeline_with_the_reason(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let setup = Setup::new("output", &bootstrap);
    let (failed, reasons) = input_changes(&setup, || delete_topic(&bootstrap, &setup.output));
    assert!(matches!(&failed, Failed::Topic { topic, .. } if *topic == setup.output), "{failed}");
    assert!(reasons.iter().any(|reason| reason.contains(&setup.output)), "{reasons:?}");
    assert_eq!(committed(&bootstrap, &setup.name, &setup.input, 0).map(|(at, _)| at), Some(3));
}

/// `start: latest` is for the first start of a group, and for no partition that appears afterwards.
fn latest_skips_old_records_once_and_later_partitions_are_taken_from_their_first_record(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    // The library looks for new partitions every five minutes by default.
    let mut setup = Setup::new("latest", &bootstrap).property("topic.metadata.refresh.interval.ms", "500");
    setup.start = "latest";
    setup.topics(&bootstrap, 1, &[], &[]);
    put(&setup, 0, 0..3);
    let running = setup.run();
    wait_for_position(&running, &setup, 0, 3);
    put(&setup, 0, 3..6);
    wait_for_position(&running, &setup, 0, 6);
    running.stop().unwrap();
    put(&setup, 0, 6..9);

    let running = setup.run();
    wait_for_position(&running, &setup, 0, 9);
    add_partitions(&bootstrap, &setup.input, 2);
    put(&setup, 1, 9..12);
    wait_for_position(&running, &setup, 1, 3);
    running.stop().unwrap();
    assert_eq!(values(&setup.written(&bootstrap, 1)), names(3..12));
}

fn a_partition_whose_offset_is_gone_stands_still_and_the_others_go_on(broker: &dyn Broker) {
    let bootstrap = broker.bootstrap();
    let setup = Setup::new("gone", &bootstrap);
    setup.topics(&bootstrap, 2, &[], &[]);
    (0..2).for_each(|partition| put(&setup, partition, 0..3));
    let running = setup.run();
    (0..2).for_each(|partition| wait_for_position(&running, &setup, partition, 3));
    running.stop().unwrap();
    put(&setup, 0, 3..10);
    delete_records(&bootstrap, &setup.input, 0, 6);

    let running = setup.run();
    wait_until("the reason is told", || {
        running.reasons().iter().any(|reason| reason.contains("offset 3 does not exist"))
    });
    put(&setup, 1, 3..6);
    wait_for_position(&running, &setup, 1, 6);
    assert_eq!(committed(&bootstrap, &setup.name, &setup.input, 0).unwrap().0, 3);
    let reasons = running.reasons();
    assert!(reasons.iter().any(|reason| reason.contains(&format!("{} [0]", setup.input))), "{reasons:?}");
    running.stop().unwrap();
    let written = read_count(&bootstrap, &setup.output, 2, 9, ReadCommitted);
    assert_eq!(setup.written(&bootstrap, 2).len(), written.len());
}
