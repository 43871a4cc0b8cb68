//! An EndTxn that comes too late: why a producer is replaced after its EndTxn went out more than once.
//!
//! The client sends EndTxn, loses the connection, sends it again and is answered; the first copy is still under way
//! and carries the same producer epoch as the next transaction.

use std::sync::Arc;

use rdkafka::producer::{BaseRecord, Producer as _};
use wasmill_proxy::{Api, Held, OnHold};

use crate::client::{Isolation::ReadCommitted, Producer, WITHIN, create_topic, drain, queue, read_all};
use crate::client::{transactional_with, unique, values, wait_until_settled};
use crate::{Broker, Proxied};

/// INVALID_PRODUCER_EPOCH.
const OLD_EPOCH: i16 = 47;

/// Wrong, and what brokers do for clients without KIP-890: the host has to live with it.
pub fn a_late_end_of_a_transaction_commits_the_torn_next_one(broker: &dyn Broker) {
    let Late { proxied, topic, producer, held, .. } = late_end(broker);
    producer.begin_transaction().unwrap();
    assert_eq!(put(&producer, &topic, "next: first half"), 0);
    held.release();
    assert_eq!(held.answer(0, WITHIN).unwrap().error, Some(0), "the late EndTxn was refused");
    wait_until_settled(&proxied.direct, &topic, 0);
    assert_eq!(read(&proxied, &topic), ["first", "next: first half"]);
    assert_eq!(put(&producer, &topic, "next: second half"), 1, "a record outside of any transaction was taken");
    producer.abort_transaction(WITHIN).expect_err("there is nothing to abort any more");
    assert!(producer.client().fatal_error().is_some());
    assert_eq!(read(&proxied, &topic), ["first", "next: first half"]);
}

pub fn a_late_end_of_a_transaction_is_refused_after_a_new_init(broker: &dyn Broker) {
    let Late { proxied, topic, client, producer, held } = late_end(broker);
    drop(producer);
    let producer = start(&proxied, &topic, &client);
    producer.begin_transaction().unwrap();
    assert_eq!(put(&producer, &topic, "next: first half"), 0);
    held.release();
    assert_eq!(held.answer(0, WITHIN).unwrap().error, Some(OLD_EPOCH));
    assert_eq!(put(&producer, &topic, "next: second half"), 0);
    assert_eq!(read(&proxied, &topic), ["first"], "the transaction is open, and alone with its end");
    producer.abort_transaction(WITHIN).unwrap();
    wait_until_settled(&proxied.direct, &topic, 0);
    assert_eq!(read(&proxied, &topic), ["first"]);
}

struct Late {
    proxied: Arc<Proxied>,
    topic: String,
    client: String,
    producer: Producer,
    /// The first EndTxn.
    held: Held,
}

/// A producer whose transaction is committed by its second EndTxn, with the first one still under way.
fn late_end(broker: &dyn Broker) -> Late {
    let (proxied, topic, client) = (broker.proxied(), unique("late"), unique("client"));
    create_topic(&proxied.direct, &topic, 1, &[]);
    let producer = start(&proxied, &topic, &client);
    producer.begin_transaction().unwrap();
    assert_eq!(put(&producer, &topic, "first"), 0);
    let held = proxied.proxy.rule(Api::EndTxn).of_client(&client).hold(OnHold::CutClient);
    producer.commit_transaction(WITHIN).expect("the second EndTxn commits");
    assert_eq!((held.caught(), proxied.proxy.requests_by(Api::EndTxn, &client)), (1, 2));
    Late { proxied, topic, client, producer, held }
}

fn start(proxied: &Proxied, topic: &str, client: &str) -> Producer {
    transactional_with(&proxied.proxy.address(), topic, &[("client.id", client)])
}

/// How many records were refused: none or this one.
fn put(producer: &Producer, topic: &str, value: &str) -> usize {
    queue(producer, BaseRecord::<str, str>::to(topic).partition(0).payload(value));
    drain(producer).len()
}

fn read(proxied: &Proxied, topic: &str) -> Vec<String> {
    values(&read_all(&proxied.direct, topic, 1, ReadCommitted))
}
