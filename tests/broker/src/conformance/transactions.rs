//! Transactions: all or nothing, and one producer per transactional id. The tests of late requests are in `late`.

mod late;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::Producer as _;

pub use late::{
    a_late_end_of_a_transaction_commits_the_torn_next_one, a_late_end_of_a_transaction_is_refused_after_a_new_init,
};

use wasmill_devbroker::MarkerTarget;
use wasmill_proxy::Api;

use crate::client::{
    Isolation::{ReadCommitted, ReadUncommitted},
    WITHIN, create_topic, producer, read_all, reader, send, transactional, transactional_with, unique, values,
    wait_until, wait_until_settled,
};
use crate::{Broker, Refusal};

pub fn aborted_records_are_hidden_from_read_committed(broker: &dyn Broker) {
    let (bootstrap, topic) = (broker.bootstrap(), unique("aborted"));
    broker.topic(&topic, 1, &[]);
    let producer = transactional(&bootstrap, &topic);
    producer.begin_transaction().unwrap();
    send(&producer, &topic, 0, 0..10);
    producer.abort_transaction(WITHIN).unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, &topic, 0, 10..20);
    producer.commit_transaction(WITHIN).unwrap();
    wait_until_settled(&bootstrap, &topic, 0);
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadCommitted)), names(10..20));
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadUncommitted)), names(0..20));
}

pub fn an_open_transaction_holds_back_later_records(broker: &dyn Broker) {
    let (bootstrap, topic) = (broker.bootstrap(), unique("open"));
    broker.topic(&topic, 1, &[]);
    let plain = producer(&bootstrap, &[]);
    send(&plain, &topic, 0, 0..3);
    let open = transactional(&bootstrap, &topic);
    open.begin_transaction().unwrap();
    send(&open, &topic, 0, 3..13);
    send(&plain, &topic, 0, 13..18);
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadCommitted)), names(0..3));
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadUncommitted)), names(0..18));
    open.commit_transaction(WITHIN).unwrap();
    wait_until_settled(&bootstrap, &topic, 0);
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadCommitted)), names(0..18));
}

pub fn the_last_stable_offset_waits_for_the_oldest_of_two_transactions(broker: &dyn Broker) {
    let (bootstrap, topic) = (broker.bootstrap(), unique("two"));
    broker.topic(&topic, 1, &[]);
    let [older, younger] = ["older", "younger"].map(|who| transactional(&bootstrap, &format!("{topic}-{who}")));
    older.begin_transaction().unwrap();
    send(&older, &topic, 0, 0..2);
    younger.begin_transaction().unwrap();
    send(&younger, &topic, 0, 2..5);
    younger.commit_transaction(WITHIN).unwrap();
    // The younger one's marker is the sixth entry of the log; only then would its records show, if they did.
    let end = reader(&bootstrap, ReadUncommitted);
    wait_until("the marker of the younger", || end.fetch_watermarks(&topic, 0, WITHIN).unwrap() == (0, 6));
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadCommitted)), names(0..0));
    older.abort_transaction(WITHIN).unwrap();
    wait_until_settled(&bootstrap, &topic, 0);
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadCommitted)), names(2..5));
}

pub fn watermarks_stop_at_the_last_stable_offset_for_read_committed_only(broker: &dyn Broker) {
    let (bootstrap, topic) = (broker.bootstrap(), unique("watermarks"));
    broker.topic(&topic, 1, &[]);
    send(&producer(&bootstrap, &[]), &topic, 0, 0..5);
    let open = transactional(&bootstrap, &topic);
    open.begin_transaction().unwrap();
    send(&open, &topic, 0, 5..15);
    let readers = [ReadCommitted, ReadUncommitted].map(|isolation| reader(&bootstrap, isolation));
    let watermarks = || readers.each_ref().map(|reader| reader.fetch_watermarks(&topic, 0, WITHIN).unwrap());
    assert_eq!(watermarks(), [(0, 5), (0, 15)]);
    open.abort_transaction(WITHIN).unwrap();
    // Ten aborted records and one marker.
    wait_until("the marker", || watermarks() == [(0, 16), (0, 16)]);
}

pub fn a_second_producer_with_the_same_id_fences_the_first_for_good(broker: &dyn Broker) {
    let (bootstrap, topic) = (broker.bootstrap(), unique("fenced"));
    broker.topic(&topic, 1, &[]);
    let first = transactional(&bootstrap, &topic);
    first.begin_transaction().unwrap();
    send(&first, &topic, 0, 0..5);
    let second = transactional(&bootstrap, &topic);
    let fenced = Refusal::fatal(RDKafkaErrorCode::Fenced);
    assert_eq!(Refusal::of(first.commit_transaction(WITHIN)), fenced);
    second.begin_transaction().unwrap();
    send(&second, &topic, 0, 5..8);
    second.commit_transaction(WITHIN).unwrap();
    assert_eq!(first.client().fatal_error().map(|(code, _)| code), Some(fenced.code), "the first came back");
    wait_until_settled(&bootstrap, &topic, 0);
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadCommitted)), names(5..8));
}

pub fn init_during_an_open_transaction_aborts_it_at_once(broker: &dyn Broker) {
    let (bootstrap, topic) = (broker.bootstrap(), unique("init"));
    broker.topic(&topic, 1, &[]);
    let left_open = transactional(&bootstrap, &topic);
    left_open.begin_transaction().unwrap();
    send(&left_open, &topic, 0, 0..3);
    send(&producer(&bootstrap, &[]), &topic, 0, 3..5);
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadCommitted)), names(0..0));
    // Its own timeout is a minute away: what ends the transaction is the init.
    transactional(&bootstrap, &topic);
    wait_until_settled(&bootstrap, &topic, 0);
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadCommitted)), names(3..5));
}

/// The commit has been answered, its markers are not written: the next incarnation waits, and nothing is read meanwhile.
pub fn init_during_a_prepared_transaction_waits_for_its_markers(broker: &dyn Broker) {
    let (proxied, topic, client) = (broker.proxied(), unique("prepared"), unique("client"));
    create_topic(&proxied.direct, &topic, 1, &[]);
    let markers = proxied.dev().faults().hold_markers(Some(MarkerTarget::Partition(topic.clone(), 0)));
    let prepared = transactional(&proxied.direct, &topic);
    prepared.begin_transaction().unwrap();
    send(&prepared, &topic, 0, 0..3);
    prepared.commit_transaction(WITHIN).unwrap();
    assert_eq!(values(&read_all(&proxied.direct, &topic, 1, ReadCommitted)), names(0..0));
    let next = {
        let (bootstrap, id, client) = (proxied.proxy.address(), topic.clone(), client.clone());
        std::thread::spawn(move || transactional_with(&bootstrap, &id, &[("client.id", &client)]))
    };
    // It asks, is told to wait, and asks again.
    wait_until("the next incarnation asks again", || proxied.proxy.requests_by(Api::InitProducerId, &client) >= 3);
    assert!(!next.is_finished(), "the next incarnation is there before the former one's markers");
    markers.release();
    next.join().expect("it is there when the markers are");
    assert_eq!(values(&read_all(&proxied.direct, &topic, 1, ReadCommitted)), names(0..3));
}

pub fn a_transaction_past_its_timeout_is_aborted_and_its_late_commit_fenced(broker: &dyn Broker) {
    let (bootstrap, topic) = (broker.bootstrap(), unique("timeout"));
    broker.topic(&topic, 1, &[]);
    let short = [("transaction.timeout.ms", "2000"), ("message.timeout.ms", "2000"), ("socket.timeout.ms", "2000")];
    let late = transactional_with(&bootstrap, &topic, &short);
    late.begin_transaction().unwrap();
    send(&late, &topic, 0, 0..5);
    send(&producer(&bootstrap, &[]), &topic, 0, 5..8);
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadCommitted)), names(0..0));
    wait_until_settled(&bootstrap, &topic, 0);
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadCommitted)), names(5..8));
    assert_eq!(Refusal::of(late.commit_transaction(WITHIN)), Refusal::fatal(RDKafkaErrorCode::Fenced));
    assert_eq!(values(&read_all(&bootstrap, &topic, 1, ReadCommitted)), names(5..8));
}

fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|i| format!("v{i}")).collect()
}
