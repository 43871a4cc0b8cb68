//! Consumer groups: every partition has one owner, every record one reader, and commits are where they were left.

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::Broker;
use crate::client::{committed, consumer, poll_until, producer, send, unique, wait_until};

pub fn a_group_reads_every_record_once_and_goes_on_where_it_committed(broker: &dyn Broker) {
    let (bootstrap, topic, group) = (broker.bootstrap(), unique("group"), unique("group"));
    broker.topic(&topic, 3, &[]);
    let producer = producer(&bootstrap, &[]);
    (0..3).for_each(|partition| send(&producer, &topic, partition, 0..500));

    let first = consumer(&bootstrap, &group, &[("enable.partition.eof", "true")]);
    first.subscribe(&[&topic]).unwrap();
    let expected: Vec<_> = (0..3).flat_map(|partition| (0..500).map(move |offset| (partition, offset))).collect();
    assert_eq!(read_to_the_ends(&first, 3), expected);
    first.commit_consumer_state(CommitMode::Sync).unwrap();
    drop(first);
    for partition in 0..3 {
        assert_eq!(committed(&bootstrap, &group, &topic, partition), Some((500, String::new())));
    }

    send(&producer, &topic, 1, 500..502);
    let second = consumer(&bootstrap, &group, &[("enable.partition.eof", "true")]);
    second.subscribe(&[&topic]).unwrap();
    assert_eq!(read_to_the_ends(&second, 3), [(1, 500), (1, 501)]);
}

pub fn two_members_share_the_partitions_by_range(broker: &dyn Broker) {
    two_members_share(broker, ("partition.assignment.strategy", "range"));
}

pub fn two_members_share_the_partitions_cooperatively(broker: &dyn Broker) {
    two_members_share(broker, ("partition.assignment.strategy", "cooperative-sticky"));
}

pub fn two_members_share_the_partitions_by_kip_848(broker: &dyn Broker) {
    two_members_share(broker, ("group.protocol", "consumer"));
}

pub fn a_second_consumer_with_the_same_instance_id_fences_the_first(broker: &dyn Broker) {
    let (bootstrap, topic, group) = (broker.bootstrap(), unique("static"), unique("group"));
    broker.topic(&topic, 2, &[]);
    let member = || {
        let member = consumer(&bootstrap, &group, &[("group.instance.id", "one")]);
        member.subscribe(&[&topic]).unwrap();
        member
    };
    let first = member();
    wait_until("the first member owns both partitions", || poll(&first, &mut vec![]) == [0, 1].into());
    let second = member();
    wait_until("the first member is fenced", || {
        // The fatal error also comes as a polled error; it is asked for below.
        let _ = first.poll(Duration::from_millis(20));
        poll(&second, &mut vec![]);
        first.client().fatal_error().is_some()
    });
    assert_eq!(first.client().fatal_error().map(|(code, _)| code), Some(RDKafkaErrorCode::FencedInstanceId));
    wait_until("the second member owns both partitions", || poll(&second, &mut vec![]) == [0, 1].into());
    assert!(second.client().fatal_error().is_none());
}

/// One member owns four partitions; a second takes two of them, and at no moment does a partition have two owners;
/// records go to their owner, once; when the second leaves, the first has all again.
fn two_members_share(broker: &dyn Broker, protocol: (&str, &str)) {
    let (bootstrap, topic, group) = (broker.bootstrap(), unique("shared"), unique("group"));
    broker.topic(&topic, 4, &[]);
    let member = || {
        let member = consumer(&bootstrap, &group, &[protocol]);
        member.subscribe(&[&topic]).unwrap();
        member
    };
    let all: BTreeSet<i32> = (0..4).collect();
    let first = member();
    let mut read = [vec![], vec![]];
    wait_until("the first member owns all", || poll(&first, &mut read[0]) == all);

    let second = member();
    let mut owned = [BTreeSet::new(), BTreeSet::new()];
    wait_until("each member owns two", || {
        owned = [poll(&first, &mut read[0]), poll(&second, &mut read[1])];
        let both: Vec<_> = owned[0].intersection(&owned[1]).collect();
        assert!(both.is_empty(), "{both:?} have two owners");
        owned.iter().all(|partitions| partitions.len() == 2)
    });
    assert_eq!(&owned[0] | &owned[1], all);

    let producer = producer(&bootstrap, &[]);
    (0..4).for_each(|partition| send(&producer, &topic, partition, 0..1));
    wait_until("every record is read", || {
        poll(&first, &mut read[0]);
        poll(&second, &mut read[1]);
        read[0].len() + read[1].len() >= 4
    });
    for (read, owned) in read.iter_mut().zip(&owned) {
        read.sort_unstable();
        assert_eq!(*read, owned.iter().map(|partition| (*partition, 0)).collect::<Vec<_>>());
    }

    // Leaves the group on its way out.
    drop(second);
    wait_until("the first member owns all again", || poll(&first, &mut read[0]) == all);
}

/// Polls once, keeps what was read, and gives the partitions owned after it.
#[track_caller]
fn poll(member: &BaseConsumer, read: &mut Vec<(i32, i64)>) -> BTreeSet<i32> {
    match member.poll(Duration::from_millis(20)) {
        Some(Ok(record)) => read.push((record.partition(), record.offset())),
        Some(Err(error)) => panic!("a member got {error}"),
        None => {}
    }
    member.assignment().expect("an assignment").elements().iter().map(|element| element.partition()).collect()
}

/// Everything up to the end of each of so many partitions, sorted.
fn read_to_the_ends(member: &BaseConsumer, partitions: usize) -> Vec<(i32, i64)> {
    let (mut read, mut ended) = (vec![], BTreeSet::new());
    poll_until(member, |polled| {
        match polled {
            Ok(record) => read.push((record.partition(), record.offset())),
            Err(KafkaError::PartitionEOF(partition)) => _ = ended.insert(partition),
            Err(error) => panic!("a member got {error}"),
        }
        ended.len() == partitions
    });
    read.sort_unstable();
    read
}
