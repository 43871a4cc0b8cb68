//! Keyed state on a broker: a pipeline that numbers the records of each key, through restarts, rebuilds and rebalances.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::Path;

use rdkafka::consumer::Consumer as _;
use rdkafka::producer::{BaseRecord, Producer as _};
use wasmill_broker::Broker;
use wasmill_broker::client::Isolation::ReadUncommitted;
use wasmill_broker::client::{
    Producer, WITHIN, committed, consumer, create_topic, delete_group, delete_topic, drain, key_values, position,
    producer, queue, read_all, transactional, unique, values, wait_until,
};
use wasmill_broker::counting::{KEYS, is_done, put};
use wasmill_broker::pipeline::{Running, Setup};
use wasmill_broker::{GroupMetadata, on_dev_broker, send_offsets};
use wasmill_devbroker::MarkerTarget;
use wasmill_pipeline::Failed;
use wasmill_proxy::Api;

wasmill_broker::on_both_brokers! {
    counts_go_on_after_a_restart_and_nothing_is_read_again,
    counts_are_rebuilt_where_the_cache_is_gone,
    a_cache_that_was_left_behind_catches_up,
    counts_move_with_their_partitions,
    changelogs_are_made_as_they_must_be_and_refused_where_they_are_not,
    offsets_that_somebody_else_has_set_stop_the_pipeline,
    offsets_that_were_deleted_stop_the_pipeline,
    offsets_that_were_accepted_once_need_not_be_accepted_again,
    a_changelog_that_was_created_anew_stops_the_pipeline,
    a_changelog_that_was_created_anew_is_noticed_without_a_cache,
    a_first_transaction_that_was_aborted_has_left_no_state,
}

/// Waits until the pipeline has committed every record of the input.
#[track_caller]
fn done(running: &Running, setup: &Setup, partitions: i32) {
    wait_until("the input is read to its end", || {
        assert!(!running.is_finished(), "{:?}", running.reasons());
        is_done(setup, partitions)
    });
}

/// Every record of every key has its number, in order, without a gap.
#[track_caller]
fn assert_numbered(setup: &Setup, partitions: i32, records: usize) {
    let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in key_values(&setup.written(&setup.bootstrap, partitions)) {
        by_key.entry(key).or_default().push(value);
    }
    let expected = (0..KEYS).map(|key| {
        let numbers = (key..records).step_by(KEYS);
        (format!("k{key}"), numbers.zip(1..).map(|(number, count)| format!("{count} v{number}")).collect())
    });
    assert_eq!(by_key, expected.collect::<BTreeMap<String, Vec<String>>>());
}

/// How many changes were read from the changelogs at the start.
#[track_caller]
fn run_to_end(setup: &Setup, partitions: i32) -> u64 {
    let running = setup.run();
    done(&running, setup, partitions);
    let restored = running.control().restored_changes.get();
    running.stop().unwrap();
    restored
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn counts_go_on_after_a_restart_and_nothing_is_read_again(broker: &dyn Broker) {
    let cache = folder();
    let setup = Setup::new("restart", &broker.bootstrap()).counting(cache.path());
    setup.topics(&setup.bootstrap, 2, &[], &[]);
    let writer = producer(&setup.bootstrap, &[]);
    put(&writer, &setup.input, 2, 0..20);
    run_to_end(&setup, 2);
    put(&writer, &setup.input, 2, 20..40);
    assert_eq!(run_to_end(&setup, 2), 0, "changes that were read again");
    assert_numbered(&setup, 2, 40);
}

fn counts_are_rebuilt_where_the_cache_is_gone(broker: &dyn Broker) {
    let (first, second) = (folder(), folder());
    let setup = Setup::new("rebuild", &broker.bootstrap()).counting(first.path());
    setup.topics(&setup.bootstrap, 2, &[], &[]);
    let writer = producer(&setup.bootstrap, &[]);
    put(&writer, &setup.input, 2, 0..30);
    run_to_end(&setup, 2);
    put(&writer, &setup.input, 2, 30..50);
    // All five keys, changed by one transaction or several.
    assert!(run_to_end(&Setup { state: Some(second.path().to_owned()), ..setup.clone() }, 2) >= 5);
    assert_numbered(&setup, 2, 50);
}

/// A runs, B runs, A runs: what B has changed is read from where A's cache ends.
fn a_cache_that_was_left_behind_catches_up(broker: &dyn Broker) {
    let (first, second) = (folder(), folder());
    let a = Setup::new("behind", &broker.bootstrap()).counting(first.path());
    let b = Setup { instance: format!("{}-b", a.name), ..a.clone() }.counting(second.path());
    a.topics(&a.bootstrap, 1, &[], &[]);
    let writer = producer(&a.bootstrap, &[]);
    let mut restored = Vec::new();
    for (round, setup) in [&a, &b, &a, &b].into_iter().enumerate() {
        put(&writer, &a.input, 1, round * 10..round * 10 + 10);
        restored.push(run_to_end(setup, 1));
    }
    assert_eq!(restored[0], 0);
    assert!(restored[1..].iter().all(|restored| *restored > 0), "{restored:?}");
    assert_numbered(&a, 1, 40);
}

fn counts_move_with_their_partitions(broker: &dyn Broker) {
    let (first, second) = (folder(), folder());
    let a = Setup { workers: 2, ..Setup::new("moves", &broker.bootstrap()) }.counting(first.path());
    let b = Setup { instance: format!("{}-b", a.name), ..a.clone() }.counting(second.path());
    a.topics(&a.bootstrap, 3, &[], &[]);
    let writer = producer(&a.bootstrap, &[]);
    let one = a.run();
    put(&writer, &a.input, 3, 0..30);
    for round in 1..4 {
        let two = b.run();
        // Otherwise the first one may be through with them before the second one has anything.
        wait_until("the second process is given some", || {
            assert!(!two.is_finished() && !one.is_finished(), "{:?} {:?}", one.reasons(), two.reasons());
            two.control().assigned_partitions.get() > 0
        });
        put(&writer, &a.input, 3, round * 60 - 30..round * 60 + 30);
        done(&one, &a, 3);
        two.stop().unwrap();
    }
    done(&one, &a, 3);
    one.stop().unwrap();
    assert_numbered(&a, 3, 210);
}

fn changelogs_are_made_as_they_must_be_and_refused_where_they_are_not(broker: &dyn Broker) {
    let cache = folder();
    let setup = Setup::new("topics", &broker.bootstrap()).counting(cache.path());
    setup.topics(&setup.bootstrap, 2, &[], &[]);
    let refused = |setup: &Setup| setup.start().wait().err().expect("it does not start").to_string();

    let other = Setup::new("other", &broker.bootstrap()).counting(cache.path());
    other.topics(&other.bootstrap, 2, &[], &[]);
    create_topic(&other.bootstrap, &other.changelog(), 3, &[("cleanup.policy", "compact")]);
    let text = refused(&other);
    assert!(text.contains("has 3 partitions and the input has 2"), "{text}");
    assert!(text.contains(&format!("--delete --topic {}", other.changelog())), "{text}");

    let other = Setup::new("deleting", &broker.bootstrap()).counting(cache.path());
    other.topics(&other.bootstrap, 2, &[], &[]);
    create_topic(&other.bootstrap, &other.changelog(), 2, &[("cleanup.policy", "delete")]);
    let text = refused(&other);
    assert!(text.contains("cleanup.policy=delete") && text.contains("--add-config cleanup.policy=compact"), "{text}");

    run_to_end(&setup, 2);
    assert_eq!(setup.plugin().stores(), ["counts"]);
}

/// As `kafka-consumer-groups --reset-offsets` does.
fn offsets_that_somebody_else_has_set_stop_the_pipeline(broker: &dyn Broker) {
    let cache = folder();
    let setup = Setup::new("reset", &broker.bootstrap()).counting(cache.path());
    setup.topics(&setup.bootstrap, 1, &[], &[]);
    let writer = producer(&setup.bootstrap, &[]);
    put(&writer, &setup.input, 1, 0..10);
    run_to_end(&setup, 1);
    let group = consumer(&setup.bootstrap, &setup.name, &[]);
    group.commit(&position(&setup.input, 0, 5), rdkafka::consumer::CommitMode::Sync).unwrap();
    assert_reset(&setup);
    let accepting = Setup { accept_offsets: true, ..setup.clone() };
    run_to_end(&accepting, 1);
    // Five records came twice, because the operator wanted it so.
    let counts: Vec<String> = values(&setup.written(&setup.bootstrap, 1));
    assert_eq!((counts.len(), counts.last().map(String::as_str)), (15, Some("3 v9")));
}

#[track_caller]
fn assert_reset(setup: &Setup) {
    let failed = setup.run().end().unwrap_err();
    assert_eq!(failed, Failed::OffsetsReset { group: setup.name.clone(), partition: 0 });
    assert!(failed.to_string().contains("wasmill state reset"), "{failed}");
}

fn offsets_that_were_deleted_stop_the_pipeline(broker: &dyn Broker) {
    let cache = folder();
    let setup = Setup::new("deleted", &broker.bootstrap()).counting(cache.path());
    setup.topics(&setup.bootstrap, 1, &[], &[]);
    let writer = producer(&setup.bootstrap, &[]);
    put(&writer, &setup.input, 1, 0..10);
    run_to_end(&setup, 1);
    delete_group(&setup.bootstrap, &setup.name);
    assert_reset(&setup);
}

/// The partition has no record after them, which would have had them committed anyway.
fn offsets_that_were_accepted_once_need_not_be_accepted_again(broker: &dyn Broker) {
    let cache = folder();
    let setup = Setup::new("accepted", &broker.bootstrap()).counting(cache.path());
    setup.topics(&setup.bootstrap, 1, &[], &[]);
    put(&producer(&setup.bootstrap, &[]), &setup.input, 1, 0..10);
    run_to_end(&setup, 1);
    let group = consumer(&setup.bootstrap, &setup.name, &[]);
    group.commit(&position(&setup.input, 0, 10), rdkafka::consumer::CommitMode::Sync).unwrap();
    assert_reset(&setup);
    let accepting = Setup { accept_offsets: true, ..setup.clone() }.run();
    wait_until("the position is committed with a token", || {
        committed(&setup.bootstrap, &setup.name, &setup.input, 0)
            .is_some_and(|(at, token)| at == 10 && !token.is_empty())
    });
    accepting.stop().unwrap();
    run_to_end(&setup, 1);
    assert_numbered(&setup, 1, 10);
}

fn a_changelog_that_was_created_anew_stops_the_pipeline(broker: &dyn Broker) {
    let cache = folder();
    let setup = Setup::new("anew", &broker.bootstrap()).counting(cache.path());
    setup.topics(&setup.bootstrap, 1, &[], &[]);
    let writer = producer(&setup.bootstrap, &[]);
    put(&writer, &setup.input, 1, 0..10);
    run_to_end(&setup, 1);
    delete_topic(&setup.bootstrap, &setup.changelog());
    create_topic(&setup.bootstrap, &setup.changelog(), 1, &[("cleanup.policy", "compact")]);
    put(&writer, &setup.input, 1, 10..15);
    let failed = setup.run().end().unwrap_err();
    let (group, store) = (setup.name.clone(), "counts".to_owned());
    assert_eq!(failed, Failed::ChangelogReplaced { group, store, partition: 0 });
    assert!(failed.to_string().contains("wasmill state reset"), "{failed}");
    run_to_end(&Setup { accept_offsets: true, ..setup.clone() }, 1);
    let counts = values(&setup.written(&setup.bootstrap, 1));
    assert_eq!((counts.len(), counts.last().map(String::as_str)), (15, Some("1 v14")));
}

/// By the process that creates it, too: it is gone, and the offsets are not. Nothing is written that would have them
/// committed anyway once they are accepted.
fn a_changelog_that_was_created_anew_is_noticed_without_a_cache(broker: &dyn Broker) {
    let former = folder();
    let setup = Setup::new("forgotten", &broker.bootstrap()).counting(former.path());
    setup.topics(&setup.bootstrap, 1, &[], &[]);
    put(&producer(&setup.bootstrap, &[]), &setup.input, 1, 0..10);
    run_to_end(&setup, 1);
    delete_topic(&setup.bootstrap, &setup.changelog());
    let cache = folder();
    let setup = setup.counting(cache.path());
    let failed = setup.run().end().unwrap_err();
    let (group, store) = (setup.name.clone(), "counts".to_owned());
    assert_eq!(failed, Failed::ChangelogReplaced { group, store, partition: 0 });
    let token = || committed(&setup.bootstrap, &setup.name, &setup.input, 0).unwrap().1;
    let refused = token();
    let accepting = Setup { accept_offsets: true, ..setup.clone() }.run();
    wait_until("the position is committed beside the new changelog", || token() != refused);
    accepting.stop().unwrap();
    run_to_end(&setup, 1);
}

/// The changelog's end has moved, but nobody has state or offsets: a start is a first one.
fn a_first_transaction_that_was_aborted_has_left_no_state(broker: &dyn Broker) {
    let cache = folder();
    let setup = Setup::new("first", &broker.bootstrap()).counting(cache.path());
    setup.topics(&setup.bootstrap, 1, &[], &[]);
    create_topic(&setup.bootstrap, &setup.changelog(), 1, &[("cleanup.policy", "compact")]);
    let former = transactional(&setup.bootstrap, &unique("former"));
    former.begin_transaction().unwrap();
    queue(&former, BaseRecord::to(&setup.changelog()).partition(0).key("k0").payload("7"));
    drain(&former);
    former.abort_transaction(WITHIN).unwrap();
    put(&producer(&setup.bootstrap, &[]), &setup.input, 1, 0..1);
    run_to_end(&setup, 1);
    assert_eq!(values(&setup.written(&setup.bootstrap, 1)), ["1 v0"]);
}

/// A change of the former owner: committed together with positions, its marker not yet written.
fn change_of_a_former_owner(bootstrap: &str, setup: &Setup, count: &str) -> Producer {
    let former = transactional(bootstrap, &unique("former"));
    former.begin_transaction().unwrap();
    queue(&former, BaseRecord::to(&setup.changelog()).partition(0).key("k0").payload(count));
    drain(&former);
    let positions = position(&setup.input, 0, 1);
    positions.find_partition(&setup.input, 0).unwrap().set_metadata("former:run:0:1");
    send_offsets(&former, &positions, &GroupMetadata::of_nobody(&setup.name)).unwrap();
    former
}

/// R3.4: offsets are stable, the changelog's marker is late. Whoever restores only what is stable counts from the beginning.
fn a_restore_waits_for_a_late_marker_of_the_changelog(broker: &dyn Broker) {
    let cache = folder();
    let proxied = broker.proxied();
    let setup = Setup::new("late", &proxied.proxy.address()).counting(cache.path());
    setup.topics(&proxied.direct, 1, &[], &[]);
    create_topic(&proxied.direct, &setup.changelog(), 1, &[("cleanup.policy", "compact")]);
    let writer = producer(&proxied.direct, &[]);
    put(&writer, &setup.input, 1, 0..1);
    let faults = proxied.dev().faults();
    let markers = faults.hold_markers(Some(MarkerTarget::Partition(setup.changelog(), 0)));
    let former = change_of_a_former_owner(&proxied.direct, &setup, "7");
    former.commit_transaction(WITHIN).unwrap();
    let stable = || committed(&proxied.direct, &setup.name, &setup.input, 0).is_some_and(|(at, _)| at == 1);
    wait_until("the positions are stable", stable);

    queue(&writer, BaseRecord::to(&setup.input).partition(0).key("k0").payload("next"));
    drain(&writer);
    let running = setup.run();
    let restoring = || running.control().restoring_partitions.get() == 1;
    let written = || values(&read_all(&proxied.direct, &setup.output, 1, ReadUncommitted));
    wait_until("the restore has begun", || restoring() || !written().is_empty());
    // The input is not fetched yet, so it is the changelog that is asked for, again and again.
    let fetches = || proxied.proxy.requests_by(Api::Fetch, &setup.client_id);
    let before = fetches();
    wait_until("the changelog is asked for", || fetches() >= before + 4 || !written().is_empty());
    assert_eq!(written(), [""; 0], "a record was processed before the changelog was stable");
    assert!(restoring());
    // `readyz` says how far it is: of the change and its marker, which count as one offset each, the change is not stable.
    let reasons = running.reasons().join("\n");
    assert!(reasons.contains("restoring state, 0 of 1 offsets are read"), "{reasons}");
    markers.release();
    done(&running, &setup, 1);
    running.stop().unwrap();
    assert_eq!(values(&setup.written(&proxied.direct, 1)), ["8 next"]);
}

/// An aborted change lies below the high watermark, too, and is none.
fn a_restore_passes_over_what_was_aborted(broker: &dyn Broker) {
    let cache = folder();
    let proxied = broker.proxied();
    let setup = Setup::new("aborted", &proxied.direct).counting(cache.path());
    setup.topics(&setup.bootstrap, 1, &[], &[]);
    create_topic(&setup.bootstrap, &setup.changelog(), 1, &[("cleanup.policy", "compact")]);
    let former = change_of_a_former_owner(&setup.bootstrap, &setup, "7");
    former.commit_transaction(WITHIN).unwrap();
    let another = change_of_a_former_owner(&setup.bootstrap, &setup, "100");
    another.abort_transaction(WITHIN).unwrap();
    let writer = producer(&setup.bootstrap, &[]);
    put(&writer, &setup.input, 1, 0..1);
    queue(&writer, BaseRecord::to(&setup.input).partition(0).key("k0").payload("next"));
    drain(&writer);
    run_to_end(&setup, 1);
    assert_eq!(values(&setup.written(&setup.bootstrap, 1)), ["8 next"]);
}

/// A first transaction that was aborted leaves records in the changelog and no offsets: that is no state.
fn a_first_transaction_that_was_aborted_is_no_state(broker: &dyn Broker) {
    let cache = folder();
    let proxied = broker.proxied();
    let setup = Setup::new("first", &proxied.direct).counting(cache.path());
    setup.topics(&setup.bootstrap, 1, &[], &[]);
    create_topic(&setup.bootstrap, &setup.changelog(), 1, &[("cleanup.policy", "compact")]);
    change_of_a_former_owner(&setup.bootstrap, &setup, "7").abort_transaction(WITHIN).unwrap();
    let writer = producer(&setup.bootstrap, &[]);
    put(&writer, &setup.input, 1, 0..1);
    run_to_end(&setup, 1);
    assert_eq!(values(&setup.written(&setup.bootstrap, 1)), ["1 v0"]);
}

fn a_folder_that_is_in_use_is_refused_with_its_holder(_: &dyn Broker) {
    let cache = folder();
    let open = |path: &Path| wasmill_state::Database::open(path, &wasmill_state::CacheLimits::default());
    let _held = open(cache.path()).unwrap();
    let error = open(cache.path()).err().expect("it is held").to_string();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
}

mod only_dev_broker {
    #[test]
    fn a_restore_waits_for_a_late_marker_of_the_changelog() {
        super::on_dev_broker(
            "a_restore_waits_for_a_late_marker_of_the_changelog",
            super::a_restore_waits_for_a_late_marker_of_the_changelog,
        );
    }

    #[test]
    fn a_restore_passes_over_what_was_aborted() {
        super::on_dev_broker("a_restore_passes_over_what_was_aborted", super::a_restore_passes_over_what_was_aborted);
    }

    #[test]
    fn a_first_transaction_that_was_aborted_is_no_state() {
        super::on_dev_broker(
            "a_first_transaction_that_was_aborted_is_no_state",
            super::a_first_transaction_that_was_aborted_is_no_state,
        );
    }

    #[test]
    fn a_folder_that_is_in_use_is_refused_with_its_holder() {
        super::on_dev_broker(
            "a_folder_that_is_in_use_is_refused_with_its_holder",
            super::a_folder_that_is_in_use_is_refused_with_its_holder,
        );
    }
}
