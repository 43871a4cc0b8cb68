//! Consumers and readers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{Headers as _, OwnedMessage};
use rdkafka::{Message as _, Offset, TopicPartitionList};

use super::{WITHIN, config, unique, wait_until};

/// Which records a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    ReadCommitted,
    ReadUncommitted,
}

impl Isolation {
    fn name(self) -> &'static str {
        match self {
            Self::ReadCommitted => "read_committed",
            Self::ReadUncommitted => "read_uncommitted",
        }
    }
}

/// A member of a classic group (unless the properties say otherwise) that has not subscribed yet. Reads from the
/// earliest offset, commits nothing on its own.
pub fn consumer(bootstrap: &str, group: &str, properties: &[(&str, &str)]) -> BaseConsumer {
    let own = [
        ("group.id", group),
        ("auto.offset.reset", "earliest"),
        ("enable.auto.commit", "false"),
        ("fetch.wait.max.ms", "100"),
    ];
    let mut config = config(bootstrap, &own);
    // With KIP-848 these two are the broker's business, and setting them is an error.
    if !properties.contains(&("group.protocol", "consumer")) {
        config.set("session.timeout.ms", "6000").set("heartbeat.interval.ms", "500");
    }
    for (name, value) in properties {
        config.set(*name, *value);
    }
    config.create().expect("a consumer")
}

/// A consumer outside any group, for queries.
pub fn reader(bootstrap: &str, isolation: Isolation) -> BaseConsumer {
    let properties = [("isolation.level", isolation.name()), ("enable.partition.eof", "true")];
    consumer(bootstrap, &unique("reader"), &properties)
}

/// A reader that begins with the first record of these partitions.
pub fn consumer_at(bootstrap: &str, topic: &str, partitions: i32, isolation: Isolation) -> BaseConsumer {
    let consumer = reader(bootstrap, isolation);
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, Offset::Beginning).expect("a valid offset");
    }
    consumer.assign(&list).expect("an assignment");
    consumer
}

/// Everything this isolation level sees at present, up to the end of each partition.
#[track_caller]
pub fn read_all(bootstrap: &str, topic: &str, partitions: i32, isolation: Isolation) -> Vec<OwnedMessage> {
    let consumer = consumer_at(bootstrap, topic, partitions, isolation);
    let (mut records, mut ended) = (vec![], BTreeSet::new());
    poll_until(&consumer, |polled| {
        match polled {
            Ok(record) => records.push(record),
            Err(KafkaError::PartitionEOF(partition)) => _ = ended.insert(partition),
            Err(error) => panic!("failed to read `{topic}`: {error}"),
        }
        ended.len() as i32 == partitions
    });
    records
}

/// Waits until this isolation level has shown `count` records; the first so many that came.
#[track_caller]
pub fn read_count(
    bootstrap: &str,
    topic: &str,
    partitions: i32,
    count: usize,
    isolation: Isolation,
) -> Vec<OwnedMessage> {
    let consumer = consumer_at(bootstrap, topic, partitions, isolation);
    let mut records = vec![];
    if count > 0 {
        poll_until(&consumer, |polled| {
            match polled {
                Ok(record) => records.push(record),
                Err(KafkaError::PartitionEOF(_)) => {}
                Err(error) => panic!("failed to read `{topic}`: {error}"),
            }
            records.len() == count
        });
    }
    records
}

/// Polls until `done` says so.
///
/// # Panics
/// It does not within [`WITHIN`].
#[track_caller]
pub fn poll_until(consumer: &BaseConsumer, mut done: impl FnMut(KafkaResult<OwnedMessage>) -> bool) {
    let deadline = Instant::now() + WITHIN;
    loop {
        if let Some(polled) = consumer.poll(Duration::from_millis(100))
            && done(polled.map(|record| record.detach()))
        {
            return;
        }
        assert!(Instant::now() < deadline, "the consumer did not see what it waits for within {WITHIN:?}");
    }
}

/// The values as text, in the order given.
pub fn values(records: &[OwnedMessage]) -> Vec<String> {
    let text = |record: &OwnedMessage| String::from_utf8_lossy(record.payload().unwrap_or(b"<null>")).into_owned();
    records.iter().map(text).collect()
}

/// Keys and values as text, in the order given.
pub fn key_values(records: &[OwnedMessage]) -> Vec<(String, String)> {
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"<null>")).into_owned();
    records.iter().map(|record| (text(record.key()), text(record.payload()))).collect()
}

/// Names and values of its headers, in order; what is not text is made so.
pub fn headers(record: &OwnedMessage) -> Vec<(String, Option<String>)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = record.headers().into_iter().flat_map(|headers| headers.iter());
    headers.map(|header| (header.key.to_owned(), header.value.map(text))).collect()
}

/// The headers as text, by their keys; of several with one key the last.
pub fn header_map(record: &OwnedMessage) -> BTreeMap<String, String> {
    headers(record).into_iter().map(|(key, value)| (key, value.unwrap_or_else(|| "<null>".to_owned()))).collect()
}

/// Waits until no transaction is open on the partition: markers are written some time after a commit was answered.
#[track_caller]
pub fn wait_until_settled(bootstrap: &str, topic: &str, partition: i32) {
    let readers = [Isolation::ReadCommitted, Isolation::ReadUncommitted].map(|isolation| reader(bootstrap, isolation));
    wait_until(&format!("the last stable offset of `{topic}` is its end"), || {
        let [stable, end] = readers.each_ref().map(|reader| reader.fetch_watermarks(topic, partition, WITHIN));
        stable.expect("watermarks").1 == end.expect("watermarks").1
    });
}

/// The group's committed position and its metadata, once no transaction on it is open. `None`: nothing committed.
///
/// # Panics
/// The broker does not give it within [`WITHIN`].
#[track_caller]
pub fn committed(bootstrap: &str, group: &str, topic: &str, partition: i32) -> Option<(i64, String)> {
    ask_committed(bootstrap, group, topic, partition, Isolation::ReadCommitted)
}

/// As [`committed`], but what open transactions have to say is left out instead of waited for.
#[track_caller]
pub fn last_committed(bootstrap: &str, group: &str, topic: &str, partition: i32) -> Option<(i64, String)> {
    ask_committed(bootstrap, group, topic, partition, Isolation::ReadUncommitted)
}

/// The library asks for stable positions when it reads committed records.
#[track_caller]
fn ask_committed(
    bootstrap: &str,
    group: &str,
    topic: &str,
    partition: i32,
    isolation: Isolation,
) -> Option<(i64, String)> {
    let consumer = consumer(bootstrap, group, &[("isolation.level", isolation.name())]);
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, partition);
    let mut answer = None;
    wait_until("a committed position", || {
        match consumer.committed_offsets(list.clone(), WITHIN) {
            Ok(positions) => answer = Some(positions),
            // A new broker's group coordinator is on its way.
            Err(KafkaError::MetadataFetch(
                RDKafkaErrorCode::NotCoordinator | RDKafkaErrorCode::CoordinatorLoadInProgress,
            )) => {}
            Err(error) => panic!("no committed position: {error}"),
        }
        answer.is_some()
    });
    let answer = answer.expect("waited for");
    let element = answer.find_partition(topic, partition).expect("the partition asked for");
    element.error().expect("a committed position");
    match element.offset() {
        Offset::Offset(offset) => Some((offset, element.metadata().to_owned())),
        _ => None,
    }
}
