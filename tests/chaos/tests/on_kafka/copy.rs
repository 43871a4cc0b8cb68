//! The smallest pipeline that keeps the promises: reads its whole input, then writes it in transactions, every third of
//! which is aborted and written again.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use wasmill_chaos::pipelines::{DEAD_LETTER_PARTITIONS, PARTITIONS, Pipeline, REJECT_MARKER};
use wasmill_verify::compare::Partition;

const WAIT: Duration = Duration::from_secs(20);
/// Records in a transaction.
const TRANSACTION: usize = 400;

pub(crate) fn run(bootstrap: &str, pipeline: &Pipeline) {
    let consumer = consumer(bootstrap, pipeline.name);
    let records = read(&consumer, &pipeline.input());
    let producer = producer(bootstrap, &format!("copy.{}", pipeline.name));
    let mut next = vec![0; PARTITIONS as usize];
    for (number, records) in records.chunks(TRANSACTION).enumerate() {
        if number % 3 == 1 {
            producer.begin_transaction().unwrap();
            records.iter().for_each(|record| write(&producer, pipeline, record));
            producer.flush(WAIT).unwrap();
            producer.abort_transaction(WAIT).unwrap();
        }
        producer.begin_transaction().unwrap();
        for record in records {
            write(&producer, pipeline, record);
            next[record.partition() as usize] = record.offset() + 1;
        }
        let offsets = offsets(&pipeline.input(), &next);
        producer.send_offsets_to_transaction(&offsets, &consumer.group_metadata().unwrap(), WAIT).unwrap();
        producer.commit_transaction(WAIT).unwrap();
    }
}

/// Writes into a transaction that stays open.
pub(crate) fn hang(bootstrap: &str, transactional_id: &str, topic: &str) -> BaseProducer {
    let producer = producer(bootstrap, transactional_id);
    producer.begin_transaction().unwrap();
    producer
        .send(BaseRecord::to(topic).partition(0).key("key").payload("never committed"))
        .map_err(|(e, _)| e)
        .unwrap();
    producer.flush(WAIT).unwrap();
    producer
}

pub(crate) fn abort(producer: &BaseProducer) {
    producer.abort_transaction(WAIT).unwrap();
}

/// Puts the position of partition 0 back to its beginning.
pub(crate) fn commit_back(bootstrap: &str, pipeline: &Pipeline) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&pipeline.input(), 0, Offset::Offset(0)).unwrap();
    consumer(bootstrap, pipeline.name).commit(&list, rdkafka::consumer::CommitMode::Sync).unwrap();
}

fn consumer(bootstrap: &str, group: &str) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap()
}

fn producer(bootstrap: &str, transactional_id: &str) -> BaseProducer {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("transactional.id", transactional_id)
        // librdkafka's murmur2: a second opinion on the verifier's.
        .set("partitioner", "murmur2_random")
        .create()
        .unwrap();
    producer.init_transactions(WAIT).unwrap();
    producer
}

fn read(consumer: &BaseConsumer, topic: &str) -> Vec<OwnedMessage> {
    consumer.assign(&offsets(topic, &vec![0; PARTITIONS as usize])).unwrap();
    let mut records = Vec::new();
    let mut ended = 0;
    while ended < PARTITIONS {
        match consumer.poll(WAIT).expect("no record for a long time") {
            Ok(message) => records.push(message.detach()),
            Err(KafkaError::PartitionEOF(_)) => ended += 1,
            Err(error) => panic!("{error}"),
        }
    }
    records
}

fn offsets(topic: &str, next: &[i64]) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in next.iter().enumerate() {
        list.add_partition_offset(topic, partition as i32, Offset::Offset(*offset)).unwrap();
    }
    list
}

fn write(producer: &BaseProducer, pipeline: &Pipeline, record: &OwnedMessage) {
    let mut headers = OwnedHeaders::new();
    for header in record.headers().unwrap().iter() {
        headers = headers.insert(header);
    }
    let rejected = |value: &[u8]| String::from_utf8_lossy(value).contains(REJECT_MARKER);
    let rejected = pipeline.rejects && record.payload().is_some_and(rejected);
    let (topic, partition) = match (rejected, pipeline.partition, record.key()) {
        (true, ..) => (pipeline.dead_letters(), Some(record.partition() % DEAD_LETTER_PARTITIONS)),
        (_, Partition::Key, Some(_)) => (pipeline.output(), None),
        _ => (pipeline.output(), Some(record.partition())),
    };
    if rejected {
        headers = dead_letter(headers, pipeline, record);
    }
    let mut written: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&topic).headers(headers);
    written.timestamp = record.timestamp().to_millis();
    written.key = record.key();
    written.payload = record.payload();
    written.partition = partition;
    producer.send(written).map_err(|(error, _)| error).unwrap();
    producer.poll(Duration::ZERO);
}

fn dead_letter(mut headers: OwnedHeaders, pipeline: &Pipeline, record: &OwnedMessage) -> OwnedHeaders {
    let timestamp = rfc3339(record.timestamp().to_millis().unwrap());
    for (name, value) in [
        ("topic", record.topic()),
        ("partition", &record.partition().to_string()),
        ("offset", &record.offset().to_string()),
        ("timestamp", &timestamp),
        ("group", pipeline.name),
        ("stage", "invoke"),
        ("plugin", pipeline.name),
        ("code", "rejected-by-rule"),
        ("message", "it says so itself"),
        ("attempts", "1"),
        ("first.failed.at", &timestamp),
        ("last.failed.at", &timestamp),
    ] {
        headers = headers.insert(Header { key: &format!("__wasmill.errors.{name}"), value: Some(value) });
    }
    headers
}

/// Years are found by counting: slow, and nothing to get wrong.
fn rfc3339(millis: i64) -> String {
    let (mut days, milli) = (millis / 86_400_000, millis % 86_400_000);
    let mut year = 1970;
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |year| 365 + i64::from(leap(year));
    while days >= length(year) {
        days -= length(year);
        year += 1;
    }
    let mut month = 0;
    let months = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    while days >= months[month] {
        days -= months[month];
        month += 1;
    }
    let (second, milli) = (milli / 1000, milli % 1000);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z", month + 1, days + 1)
}
