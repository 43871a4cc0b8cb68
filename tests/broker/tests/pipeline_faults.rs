//! The rules of delivery under faults that only the dev broker can be asked for: markers that come late, coordinators that
//! move.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use rdkafka::producer::Producer as _;
use wasmill_broker::client::Isolation::{ReadCommitted, ReadUncommitted};
use wasmill_broker::client::{
    WITHIN, committed, position, producer, read_all, read_count, send, transactional, unique, values, wait_until,
};
use wasmill_broker::pipeline::Setup;
use wasmill_broker::{Broker, GroupMetadata, on_dev_broker, send_offsets};
use wasmill_devbroker::{ApiKey, MarkerTarget, OnHold, Options, ResponseError};
use wasmill_proxy::Api;

/// R3.3: a former owner's commit is through, but not yet written to the group's offsets; meanwhile a second process joins,
/// and the rebalance changes the assignment while offsets are being asked for.
fn a_start_waits_for_a_late_offsets_marker_through_a_second_rebalance(broker: &dyn Broker) {
    let proxied = broker.proxied();
    let first = Setup::new("marker", &proxied.proxy.address());
    let second = Setup { instance: format!("{}-b", first.name), client_id: unique("second"), ..first.clone() };
    first.topics(&proxied.direct, 2, &[], &[]);
    let writer = producer(&proxied.direct, &[]);
    (0..2).for_each(|partition| send(&writer, &first.input, partition, 0..12));
    let former = transactional(&proxied.direct, &unique("former"));
    let markers = proxied.dev().faults().hold_markers(Some(MarkerTarget::Group(first.name.clone())));
    former.begin_transaction().unwrap();
    let by = GroupMetadata::of_nobody(&first.name);
    (0..2).for_each(|partition| send_offsets(&former, &position(&first.input, partition, 8), &by).unwrap());
    former.commit_transaction(WITHIN).unwrap();

    // A pipeline that does not wait writes meanwhile.
    let written = || values(&read_all(&proxied.direct, &first.output, 2, ReadUncommitted));
    let asked = |setup: &Setup| proxied.proxy.requests_by(Api::OffsetFetch, &setup.client_id);
    let one = first.run();
    wait_until("the first process asks for offsets", || asked(&first) >= 4 || !written().is_empty());
    let two = second.run();
    wait_until("the second one does", || asked(&second) >= 4 || !written().is_empty());
    let before = asked(&first);
    wait_until("the first one still does", || asked(&first) >= before + 4 || !written().is_empty());
    assert_eq!(written(), [""; 0], "read before the offsets were stable");
    markers.release();
    wait_until("everything is committed", || {
        (0..2).all(|partition| {
            committed(&proxied.direct, &first.name, &first.input, partition).is_some_and(|(at, _)| at == 12)
        })
    });
    one.stop().unwrap();
    two.stop().unwrap();
    let mut written = values(&first.written(&proxied.direct, 2));
    written.sort_unstable();
    assert_eq!(written, ["v10", "v10", "v11", "v11", "v8", "v8", "v9", "v9"]);
}

/// R1.4, R5.5: the answer of a commit is lost, and the former transaction is still in its Prepare state when the next
/// producer with the same id wants to begin: it is told to wait, and only then is the token there to be read.
fn a_lost_commit_is_resolved_when_its_markers_are_written(broker: &dyn Broker) {
    let proxied = broker.proxied();
    let setup = Setup { transaction_timeout_ms: 4000, ..Setup::new("prepare", &proxied.proxy.address()) };
    setup.topics(&proxied.direct, 1, &[], &[]);
    let writer = producer(&proxied.direct, &[]);
    let running = setup.run();
    send(&writer, &setup.input, 0, 0..3);
    read_count(&proxied.direct, &setup.output, 1, 3, ReadCommitted);
    let markers = proxied.dev().faults().hold_markers(Some(MarkerTarget::Partition(setup.output.clone(), 0)));
    let lost = proxied.proxy.rule(Api::EndTxn).of_client(&setup.client_id).drop_answer();
    let asked = || proxied.proxy.requests_by(Api::InitProducerId, &setup.client_id);
    let before = asked();
    send(&writer, &setup.input, 0, 3..6);
    lost.wait_for_hits(1, WITHIN).unwrap();
    wait_until("the next producer is told to wait", || asked() >= before + 3);
    assert_eq!(running.metrics(0).transactions.resolved.get(), 0, "resolved before the markers were written");
    markers.release();
    wait_until("the transaction is resolved", || running.metrics(0).transactions.resolved.get() == 1);
    send(&writer, &setup.input, 0, 6..9);
    read_count(&proxied.direct, &setup.output, 1, 9, ReadCommitted);
    running.stop().unwrap();
    let expected: Vec<String> = (0..9).map(|i| format!("v{i}")).collect();
    assert_eq!(values(&setup.written(&proxied.direct, 1)), expected);
}

/// Both coordinators move to other nodes while the offsets of a transaction are under way. The library looks for the new ones
/// itself and sends its requests again; what we have to do with it is to leave it the time (R2.3), and a new producer where
/// EndTxn was sent twice, which is the next test.
fn coordinators_that_move_in_mid_commit_cost_no_record(_: &dyn Broker) {
    let broker = wasmill_devbroker::Broker::start(Options { nodes: 3, ..Options::default() }).unwrap();
    let (bootstrap, faults) = (broker.bootstrap(), broker.faults());
    let setup = Setup::new("moved", &bootstrap);
    setup.topics(&bootstrap, 1, &[], &[]);
    let writer = producer(&bootstrap, &[]);
    let running = setup.run();
    let transactional_id = format!("wasmill.{}.{}.0", setup.name, setup.instance);
    for (round, node) in (1..=3).enumerate() {
        let offsets = faults.on(ApiKey::TxnOffsetCommit).of_client(&setup.client_id).hold(OnHold::KeepClient);
        send(&writer, &setup.input, 0, round * 3..round * 3 + 3);
        offsets.wait_until_seen(1, WITHIN).unwrap();
        faults.move_group(&setup.name, node);
        assert!(broker.transaction_state(&transactional_id).is_some(), "the pipeline's id is another");
        faults.move_transactional_id(&transactional_id, node % 3 + 1);
        offsets.release();
        read_count(&bootstrap, &setup.output, 1, round * 3 + 3, ReadCommitted);
    }
    running.stop().unwrap();
    let expected: Vec<String> = (0..9).map(|i| format!("v{i}")).collect();
    assert_eq!(values(&setup.written(&bootstrap, 1)), expected);
    assert_eq!(committed(&bootstrap, &setup.name, &setup.input, 0).map(|(at, _)| at), Some(9));
}

/// R5.4: the coordinator moves while an EndTxn waits there. The new one gets a second copy and answers. Then the coordinator
/// moves back, to where the first copy is, and the next transaction is half written.
fn an_end_that_waits_at_a_former_coordinator_does_not_touch_the_next_transaction(_: &dyn Broker) {
    let broker = wasmill_devbroker::Broker::start(Options { nodes: 3, ..Options::default() }).unwrap();
    let (bootstrap, faults) = (broker.bootstrap(), broker.faults());
    let setup = Setup { transaction_timeout_ms: 20_000, interval_ms: 3000, ..Setup::new("back", &bootstrap) };
    setup.topics(&bootstrap, 1, &[], &[]);
    let transactional_id = format!("wasmill.{}.{}.0", setup.name, setup.instance);
    // Nothing else is at the second node: the only partitions are at the first one.
    faults.move_group(&setup.name, 1);
    faults.move_transactional_id(&transactional_id, 2);
    let writer = producer(&bootstrap, &[]);
    send(&writer, &setup.input, 0, 0..3);
    let late = faults.on(ApiKey::EndTxn).of_client(&setup.client_id).hold(OnHold::KeepClient);
    let running = setup.run();
    late.wait_until_seen(1, WITHIN).unwrap();
    faults.move_transactional_id(&transactional_id, 3);
    let cut = faults.cut(2);
    let committed_transactions = || running.metrics(0).transactions.committed.get();
    wait_until("the new coordinator has ended it", || committed_transactions() == 1);
    cut.heal();
    let before = read_all(&bootstrap, &setup.output, 1, ReadUncommitted).len();
    send(&writer, &setup.input, 0, 3..6);
    // The first half of the next transaction is in the log.
    read_count(&bootstrap, &setup.output, 1, before + 3, ReadUncommitted);
    assert_eq!(committed_transactions(), 1, "the next transaction has ended too early");
    faults.move_transactional_id(&transactional_id, 2);
    late.release();
    let answer = late.wait_until_applied(0, WITHIN).unwrap();
    send(&writer, &setup.input, 0, 6..9);
    wait_until("everything is committed", || {
        committed(&bootstrap, &setup.name, &setup.input, 0).is_some_and(|(at, _)| at == 9)
    });
    running.stop().unwrap();
    let expected: Vec<String> = (0..9).map(|i| format!("v{i}")).collect();
    assert_eq!(values(&setup.written(&bootstrap, 1)), expected);
    assert_eq!(answer, ResponseError::InvalidProducerEpoch.code(), "the late EndTxn was taken");
}

/// R5.1: the positions of a transaction have arrived, but nobody says so. When the connection breaks, the library sends them
/// again (R5.4); when nothing comes at all, its call does not come back, and the producer is given up with the transaction.
fn positions_whose_answer_is_lost_are_neither_lost_nor_taken_twice(_: &dyn Broker) {
    let broker = wasmill_devbroker::Broker::start(Options::default()).unwrap();
    let (bootstrap, faults) = (broker.bootstrap(), broker.faults());
    let setup = Setup { transaction_timeout_ms: 4000, ..Setup::new("positions", &bootstrap) };
    setup.topics(&bootstrap, 1, &[], &[]);
    let writer = producer(&bootstrap, &[]);
    let running = setup.run();
    for round in 0..4 {
        let rule = faults.on(ApiKey::TxnOffsetCommit).of_client(&setup.client_id);
        let lost = if round % 2 == 0 { rule.cut_answer() } else { rule.drop_answer() };
        send(&writer, &setup.input, 0, round * 3..round * 3 + 3);
        lost.wait_until_seen(1, WITHIN).unwrap();
        read_count(&bootstrap, &setup.output, 1, round * 3 + 3, ReadCommitted);
    }
    running.stop().unwrap();
    let expected: Vec<String> = (0..12).map(|i| format!("v{i}")).collect();
    assert_eq!(values(&setup.written(&bootstrap, 1)), expected);
    assert_eq!(committed(&bootstrap, &setup.name, &setup.input, 0).map(|(at, _)| at), Some(12));
}

mod dev_broker {
    #[test]
    fn an_end_that_waits_at_a_former_coordinator_does_not_touch_the_next_transaction() {
        super::on_dev_broker(
            "an_end_that_waits_at_a_former_coordinator_does_not_touch_the_next_transaction",
            super::an_end_that_waits_at_a_former_coordinator_does_not_touch_the_next_transaction,
        );
    }

    #[test]
    fn positions_whose_answer_is_lost_are_neither_lost_nor_taken_twice() {
        super::on_dev_broker(
            "positions_whose_answer_is_lost_are_neither_lost_nor_taken_twice",
            super::positions_whose_answer_is_lost_are_neither_lost_nor_taken_twice,
        );
    }

    #[test]
    fn a_start_waits_for_a_late_offsets_marker_through_a_second_rebalance() {
        super::on_dev_broker(
            "a_start_waits_for_a_late_offsets_marker_through_a_second_rebalance",
            super::a_start_waits_for_a_late_offsets_marker_through_a_second_rebalance,
        );
    }

    #[test]
    fn a_lost_commit_is_resolved_when_its_markers_are_written() {
        super::on_dev_broker(
            "a_lost_commit_is_resolved_when_its_markers_are_written",
            super::a_lost_commit_is_resolved_when_its_markers_are_written,
        );
    }

    #[test]
    fn coordinators_that_move_in_mid_commit_cost_no_record() {
        super::on_dev_broker(
            "coordinators_that_move_in_mid_commit_cost_no_record",
            super::coordinators_that_move_in_mid_commit_cost_no_record,
        );
    }
}
