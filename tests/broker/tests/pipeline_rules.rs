//! The rules of delivery, one test each, on a broker whose requests and answers a proxy holds, cuts and loses. Each
//! is red when its rule is switched off in the host.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::ops::Range;
use std::sync::Arc;

use rdkafka::producer::Producer as _;
use wasmill_broker::client::Isolation::{ReadCommitted, ReadUncommitted};
use wasmill_broker::client::{
    WITHIN, add_partitions, committed, last_committed, position, producer, read_all, read_count, send, transactional,
    unique, values, wait_until,
};
use wasmill_broker::pipeline::Setup;
use wasmill_broker::{Broker, GroupMetadata, Proxied, send_offsets};
use wasmill_proxy::{Api, OnHold};

wasmill_broker::on_both_brokers! {
    a_pipeline_starts_at_the_offset_that_an_open_transaction_commits_and_not_before,
    a_pipeline_starts_at_the_former_offset_when_the_open_transaction_is_aborted,
    a_commit_whose_answer_is_lost_is_known_by_its_token_and_nothing_is_written_twice,
    a_commit_that_never_reached_the_broker_is_done_again_and_nothing_is_lost,
    offsets_of_a_member_that_was_dropped_meanwhile_are_refused,
    a_late_end_of_a_transaction_does_not_touch_the_next_one,
    positions_that_arrive_late_do_not_take_the_place_of_the_next_ones,
    a_start_whose_seek_fails_while_another_workers_commit_is_unanswered_is_made_again,
}

/// INVALID_PRODUCER_EPOCH.
const OLD_EPOCH: i16 = 47;

fn names(range: Range<usize>) -> Vec<String> {
    range.map(|i| format!("v{i}")).collect()
}

/// A pipeline through the proxy, and its topics with one partition each.
fn scene(broker: &dyn Broker, what: &str, change: impl FnOnce(&mut Setup)) -> (Arc<Proxied>, Setup) {
    let proxied = broker.proxied();
    let mut setup = Setup::new(what, &proxied.proxy.address());
    change(&mut setup);
    setup.topics(&proxied.direct, 1, &[], &[]);
    (proxied, setup)
}

fn put(proxied: &Proxied, setup: &Setup, range: Range<usize>) {
    send(&producer(&proxied.direct, &[]), &setup.input, 0, range);
}

#[track_caller]
fn wait_for_output(proxied: &Proxied, setup: &Setup, count: usize) {
    read_count(&proxied.direct, &setup.output, 1, count, ReadCommitted);
}

/// R3.3: somebody's open transaction holds offsets of the group; nothing is read before it has ended, one way or the other.
fn a_start_waits_for_stable_offsets(broker: &dyn Broker, commits: bool, first: usize) {
    let (proxied, setup) = scene(broker, "stable", |_| {});
    put(&proxied, &setup, 0..12);
    let by = GroupMetadata::of_nobody(&setup.name);
    let foreign = transactional(&proxied.direct, &unique("foreign"));
    foreign.begin_transaction().unwrap();
    send_offsets(&foreign, &position(&setup.input, 0, 5), &by).unwrap();
    foreign.commit_transaction(WITHIN).unwrap();
    assert_eq!(committed(&proxied.direct, &setup.name, &setup.input, 0), Some((5, String::new())));
    foreign.begin_transaction().unwrap();
    send_offsets(&foreign, &position(&setup.input, 0, 8), &by).unwrap();

    let running = setup.run();
    // The offsets have been asked for, and asked for again; a pipeline that does not wait writes meanwhile.
    let written = || values(&read_all(&proxied.direct, &setup.output, 1, ReadUncommitted));
    wait_until("the pipeline asks for offsets", || {
        proxied.proxy.requests_by(Api::OffsetFetch, &setup.client_id) >= 6 || !written().is_empty()
    });
    assert_eq!(written(), names(0..0));
    if commits {
        foreign.commit_transaction(WITHIN).unwrap();
    } else {
        foreign.abort_transaction(WITHIN).unwrap();
    }
    wait_for_output(&proxied, &setup, 12 - first);
    running.stop().unwrap();
    assert_eq!(values(&setup.written(&proxied.direct, 1)), names(first..12));
}

fn a_pipeline_starts_at_the_offset_that_an_open_transaction_commits_and_not_before(broker: &dyn Broker) {
    a_start_waits_for_stable_offsets(broker, true, 8);
}

fn a_pipeline_starts_at_the_former_offset_when_the_open_transaction_is_aborted(broker: &dyn Broker) {
    a_start_waits_for_stable_offsets(broker, false, 5);
}

/// R1.4, R5.5: the broker has committed, and its answer never comes.
fn a_commit_whose_answer_is_lost_is_known_by_its_token_and_nothing_is_written_twice(broker: &dyn Broker) {
    let (proxied, setup) = scene(broker, "answer", |setup| setup.transaction_timeout_ms = 4000);
    let running = setup.run();
    put(&proxied, &setup, 0..3);
    wait_for_output(&proxied, &setup, 3);
    let lost = proxied.proxy.rule(Api::EndTxn).of_client(&setup.client_id).drop_answer();
    put(&proxied, &setup, 3..6);
    lost.wait_for_hits(1, WITHIN).unwrap();
    wait_until("the transaction is resolved", || running.metrics(0).transactions.resolved.get() == 1);
    put(&proxied, &setup, 6..9);
    wait_for_output(&proxied, &setup, 9);
    running.stop().unwrap();
    assert_eq!(values(&setup.written(&proxied.direct, 1)), names(0..9));
    assert_eq!(committed(&proxied.direct, &setup.name, &setup.input, 0).unwrap().0, 9);
}

/// R1.4, R5.5: the request itself was lost, so the token is not there.
fn a_commit_that_never_reached_the_broker_is_done_again_and_nothing_is_lost(broker: &dyn Broker) {
    let (proxied, setup) = scene(broker, "request", |setup| setup.transaction_timeout_ms = 4000);
    let running = setup.run();
    put(&proxied, &setup, 0..3);
    wait_for_output(&proxied, &setup, 3);
    let lost = proxied.proxy.rule(Api::EndTxn).of_client(&setup.client_id).hold(OnHold::KeepClient);
    put(&proxied, &setup, 3..6);
    lost.wait_until_caught(1, WITHIN).unwrap();
    wait_until("the transaction is resolved", || running.metrics(0).transactions.resolved.get() == 1);
    put(&proxied, &setup, 6..9);
    wait_for_output(&proxied, &setup, 9);
    running.stop().unwrap();
    assert_eq!(values(&setup.written(&proxied.direct, 1)), names(0..9));
}

/// R1.5: the offsets of a process that the group has dropped reach the broker when its partition is somebody else's.
fn offsets_of_a_member_that_was_dropped_meanwhile_are_refused(broker: &dyn Broker) {
    let patient = |setup: &mut Setup| setup.transaction_timeout_ms = 60_000;
    let (proxied, first) = scene(broker, "dropped", patient);
    let second = Setup { instance: format!("{}-b", first.name), client_id: unique("second"), ..first.clone() };
    let dropped = first.run();
    put(&proxied, &first, 0..3);
    wait_for_output(&proxied, &first, 3);

    let offsets = proxied.proxy.rule(Api::TxnOffsetCommit).of_client(&first.client_id).hold(OnHold::KeepClient);
    put(&proxied, &first, 3..6);
    offsets.wait_until_caught(1, WITHIN).unwrap();
    let heartbeats = proxied.proxy.rule(Api::Heartbeat).of_client(&first.client_id).times(100);
    let heartbeats = heartbeats.hold(OnHold::KeepClient);
    let running = second.run();
    wait_until("the second process has the partition and commits", || {
        last_committed(&proxied.direct, &first.name, &first.input, 0)
            .is_some_and(|(at, by)| at == 6 && by.contains("-b:"))
    });
    let ended = proxied.proxy.requests_by(Api::EndTxn, &first.client_id);
    offsets.release();
    wait_until("the first process ends its transaction", || {
        proxied.proxy.requests_by(Api::EndTxn, &first.client_id) > ended
            && dropped.metrics(0).transaction_open.get() == 0
    });
    heartbeats.release();
    dropped.stop().unwrap();
    put(&proxied, &first, 6..9);
    wait_until("the second process has everything", || {
        last_committed(&proxied.direct, &first.name, &first.input, 0).is_some_and(|(at, _)| at == 9)
    });
    running.stop().unwrap();
    assert_eq!(values(&first.written(&proxied.direct, 1)), names(0..9));
}

/// R5.4: an EndTxn that was sent twice was answered once; the other copy arrives when the next transaction is half written.
fn a_late_end_of_a_transaction_does_not_touch_the_next_one(broker: &dyn Broker) {
    let slow = |setup: &mut Setup| {
        setup.transaction_timeout_ms = 20_000;
        setup.interval_ms = 3000;
    };
    let (proxied, setup) = scene(broker, "late", slow);
    put(&proxied, &setup, 0..3);
    let late = proxied.proxy.rule(Api::EndTxn).of_client(&setup.client_id).hold(OnHold::CutClient);
    let running = setup.run();
    late.wait_until_caught(1, WITHIN).unwrap();
    // Whether the first records were in that transaction does not matter; from here on there is a second one.
    wait_until("the transaction is committed by the second copy", || {
        running.metrics(0).transactions.committed.get() == 1
    });
    let before = read_all(&proxied.direct, &setup.output, 1, ReadUncommitted).len();
    put(&proxied, &setup, 3..6);
    // The first half of the next transaction is in the log.
    read_count(&proxied.direct, &setup.output, 1, before + 3, ReadUncommitted);
    assert_eq!(running.metrics(0).transactions.committed.get(), 1, "the next transaction has ended too early");
    late.release();
    let answer = late.answer(0, WITHIN).unwrap();
    put(&proxied, &setup, 6..9);
    wait_until("everything is committed", || {
        last_committed(&proxied.direct, &setup.name, &setup.input, 0).is_some_and(|(at, _)| at == 9)
    });
    running.stop().unwrap();
    assert_eq!(values(&setup.written(&proxied.direct, 1)), names(0..9));
    assert_eq!(answer.error, Some(OLD_EPOCH), "the late EndTxn was taken");
}

/// R5.4: positions were sent twice, because the connection broke, and answered once; the other copy arrives in the next
/// transaction, behind that one's own positions and before its end.
fn positions_that_arrive_late_do_not_take_the_place_of_the_next_ones(broker: &dyn Broker) {
    let (proxied, setup) = scene(broker, "overtaken", |setup| setup.transaction_timeout_ms = 20_000);
    let running = setup.run();
    let late = proxied.proxy.rule(Api::TxnOffsetCommit).of_client(&setup.client_id).hold(OnHold::CutClient);
    put(&proxied, &setup, 0..3);
    late.wait_until_caught(1, WITHIN).unwrap();
    wait_for_output(&proxied, &setup, 3);
    let end = proxied.proxy.rule(Api::EndTxn).of_client(&setup.client_id).hold(OnHold::KeepClient);
    put(&proxied, &setup, 3..6);
    end.wait_until_caught(1, WITHIN).unwrap();
    late.release();
    let answer = late.answer(0, WITHIN).unwrap();
    end.release();
    wait_for_output(&proxied, &setup, 6);
    running.stop().unwrap();
    // Whoever takes the partition next would read records again.
    assert_eq!(committed(&proxied.direct, &setup.name, &setup.input, 0).map(|(at, _)| at), Some(6));
    assert_eq!(answer.error, Some(OLD_EPOCH), "the late positions were taken");
}

/// R4.3: while a commit of the consumer is unanswered, librdkafka holds back the start of every partition it is given, and
/// seeks there fail with `_STATE`. The partition is ours all the same, and is read as soon as the commit is through.
fn a_start_whose_seek_fails_while_another_workers_commit_is_unanswered_is_made_again(broker: &dyn Broker) {
    let two_workers = |setup: &mut Setup| {
        setup.delivery = "at_least_once";
        setup.workers = 2;
        // Room for the test: a seek is tried again for half of it.
        setup.transaction_timeout_ms = 60_000;
        // The library looks for new partitions every five minutes by default.
        setup.properties.push(("topic.metadata.refresh.interval.ms", "100".to_owned()));
    };
    let (proxied, setup) = scene(broker, "seek", two_workers);
    let running = setup.run();
    put(&proxied, &setup, 0..3);
    wait_for_output(&proxied, &setup, 3);
    let unanswered = proxied.proxy.rule(Api::OffsetCommit).of_client(&setup.client_id).hold_answer();
    put(&proxied, &setup, 3..6);
    unanswered.wait_until_caught(1, WITHIN).unwrap();

    add_partitions(&proxied.direct, &setup.output, 2);
    add_partitions(&proxied.direct, &setup.input, 2);
    send(&producer(&proxied.direct, &[]), &setup.input, 1, 6..9);
    wait_until("a start of the second partition has failed", || running.metrics(1).seek_retries.get() > 0);
    // Nothing else starts the partition: no rebalance comes to the rescue.
    unanswered.release();
    wait_until("the second partition is read", || {
        committed(&proxied.direct, &setup.name, &setup.input, 1).is_some_and(|(at, _)| at == 3)
    });
    running.stop().unwrap();
    let mut written = values(&setup.written(&proxied.direct, 2));
    written.sort_unstable();
    assert_eq!(written, names(0..9));
}
