//! Input positions inside a transaction: they become visible with it, and only a member of the group can send them.

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::Producer as _;

use crate::client::{
    Producer, WITHIN, committed, consumer, last_committed, position, send, transactional, unique, wait_until,
};
use crate::{Broker, GroupMetadata, Refusal, send_offsets, stable_offset};

pub fn offsets_in_an_open_transaction_are_unstable_until_it_commits(broker: &dyn Broker) {
    let Scene { bootstrap, topic, group, member, producer } = Scene::new(broker);
    let by = GroupMetadata::of(&member);
    transact(&producer, &topic, &with_token(&topic, 40, "token-1"), &by).unwrap();
    producer.commit_transaction(WITHIN).unwrap();
    assert_eq!(committed(&bootstrap, &group, &topic, 0), Some((40, "token-1".into())));

    transact(&producer, &topic, &with_token(&topic, 77, "token-2"), &by).unwrap();
    let unstable = Err(RDKafkaErrorCode::UnstableOffsetCommit);
    assert_eq!(stable_offset(&bootstrap, &group, &topic, 0), unstable);
    assert_eq!(last_committed(&bootstrap, &group, &topic, 0), Some((40, "token-1".into())));
    producer.commit_transaction(WITHIN).unwrap();
    assert_eq!(committed(&bootstrap, &group, &topic, 0), Some((77, "token-2".into())));
    assert_eq!(stable_offset(&bootstrap, &group, &topic, 0), Ok(Some(77)));
}

pub fn offsets_of_an_aborted_transaction_vanish(broker: &dyn Broker) {
    let Scene { bootstrap, topic, group, member, producer } = Scene::new(broker);
    let by = GroupMetadata::of(&member);
    transact(&producer, &topic, &with_token(&topic, 40, "token-1"), &by).unwrap();
    producer.abort_transaction(WITHIN).unwrap();
    assert_eq!(committed(&bootstrap, &group, &topic, 0), None);

    transact(&producer, &topic, &with_token(&topic, 41, "token-2"), &by).unwrap();
    producer.commit_transaction(WITHIN).unwrap();
    transact(&producer, &topic, &with_token(&topic, 77, "token-3"), &by).unwrap();
    producer.abort_transaction(WITHIN).unwrap();
    assert_eq!(committed(&bootstrap, &group, &topic, 0), Some((41, "token-2".into())));
}

pub fn offsets_by_a_former_generation_are_refused(broker: &dyn Broker) {
    let Scene { bootstrap, topic, group, member, producer } = Scene::new(broker);
    let mut by = GroupMetadata::of(&member);
    by.generation -= 1;
    let refusal = transact(&producer, &topic, &position(&topic, 0, 7), &by).unwrap_err();
    assert_eq!(refusal, Refusal::abortable(RDKafkaErrorCode::IllegalGeneration));
    producer.abort_transaction(WITHIN).unwrap();
    assert_eq!(committed(&bootstrap, &group, &topic, 0), None);
}

pub fn offsets_by_a_member_that_left_are_refused(broker: &dyn Broker) {
    let Scene { bootstrap, topic, group, member, producer } = Scene::new(broker);
    let gone = GroupMetadata::of(&member);
    drop(member);
    let _successor = joined(&bootstrap, &group, &topic);
    let refusal = transact(&producer, &topic, &position(&topic, 0, 7), &gone).unwrap_err();
    assert_eq!(refusal, Refusal::abortable(RDKafkaErrorCode::UnknownMemberId));
    producer.abort_transaction(WITHIN).unwrap();
    assert_eq!(committed(&bootstrap, &group, &topic, 0), None);
}

/// The hole that the host's own guard has to close: the broker takes these for a group without members.
pub fn offsets_by_nobody_are_accepted_in_a_live_group(broker: &dyn Broker) {
    let Scene { bootstrap, topic, group, member, producer } = Scene::new(broker);
    transact(&producer, &topic, &position(&topic, 0, 7), &GroupMetadata::of_nobody(&group)).unwrap();
    producer.commit_transaction(WITHIN).unwrap();
    assert_eq!(committed(&bootstrap, &group, &topic, 0), Some((7, String::new())));
    assert_eq!(member.assignment().unwrap().count(), 1, "the group was not live");
}

/// A group with one live member, and a producer.
struct Scene {
    bootstrap: String,
    topic: String,
    group: String,
    member: BaseConsumer,
    producer: Producer,
}

impl Scene {
    fn new(broker: &dyn Broker) -> Self {
        let (bootstrap, topic, group) = (broker.bootstrap(), unique("offsets"), unique("group"));
        broker.topic(&topic, 1, &[]);
        let member = joined(&bootstrap, &group, &topic);
        let producer = transactional(&bootstrap, &topic);
        Self { bootstrap, topic, group, member, producer }
    }
}

/// A member that owns the topic's only partition.
fn joined(bootstrap: &str, group: &str, topic: &str) -> BaseConsumer {
    let member = consumer(bootstrap, group, &[]);
    member.subscribe(&[topic]).unwrap();
    wait_until("the member owns its partition", || {
        if let Some(Err(error)) = member.poll(Duration::from_millis(20)) {
            panic!("the member got {error}");
        }
        member.assignment().unwrap().count() == 1
    });
    member
}

/// Begins a transaction, writes one record, sends the offsets.
fn transact(producer: &Producer, topic: &str, offsets: &TopicPartitionList, by: &GroupMetadata) -> Result<(), Refusal> {
    producer.begin_transaction().unwrap();
    send(producer, topic, 0, 0..1);
    send_offsets(producer, offsets, by)
}

fn with_token(topic: &str, offset: i64, token: &str) -> TopicPartitionList {
    let list = position(topic, 0, offset);
    list.find_partition(topic, 0).expect("the partition just added").set_metadata(token);
    list
}
