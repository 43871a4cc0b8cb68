//! Reads one topic from its beginning to its end, read_committed.
//!
//! For logs that no longer grow; [`crate::reader`] follows those that do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message, Timestamp};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use crate::client::{self, Isolation};
use crate::headers;
use crate::record::Record;

/// Longest silence before reading is given up; a killed broker must be back by then.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Offset and digest of each record, by partition, in the order in which they were read.
pub type Log = BTreeMap<i32, Vec<(i64, u64)>>;

/// The number of partitions of `topic`.
pub fn partitions(bootstrap: &str, topic: &str) -> Result<i32> {
    client::partitions(&client::consumer(bootstrap, "wasmill-verify", Isolation::Committed)?, topic)
}

/// Hands every committed record to `each`; partitions are interleaved, offsets within one ascend.
///
/// # Errors
/// No such topic, a log that was cut at its beginning, a fatal client error, or a minute without any answer.
pub fn read(bootstrap: &str, topic: &str, mut each: impl FnMut(&Record<'_>)) -> Result<()> {
    let consumer = client::consumer(bootstrap, "wasmill-verify", Isolation::Committed)?;
    let partitions = client::partitions(&consumer, topic)?;
    assign(&consumer, topic, (0..partitions).map(|partition| (partition, 0)))?;
    let mut unread: BTreeSet<i32> = (0..partitions).collect();
    let mut heard = Instant::now();
    while !unread.is_empty() {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => with_record(&message, &mut each),
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(unread.remove(&partition)),
            Some(Err(error)) => {
                check(error).with_context(|| format!("failed to read {topic}"))?;
                ensure!(heard.elapsed() < SILENCE_MAX, "no answer about {topic} for {SILENCE_MAX:?}");
                continue;
            }
            None => {
                ensure!(heard.elapsed() < SILENCE_MAX, "no answer about {topic} for {SILENCE_MAX:?}");
                continue;
            }
        }
        heard = Instant::now();
    }
    Ok(())
}

/// Assigns partitions from the given offsets. 0 must still be the first: a log that was cut is an error when polled.
pub(crate) fn assign(consumer: &BaseConsumer, topic: &str, from: impl Iterator<Item = (i32, i64)>) -> Result<()> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in from {
        list.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    }
    consumer.assign(&list).with_context(|| format!("failed to assign {topic}"))
}

/// Shows `message` to `each` as a record.
pub(crate) fn with_record(message: &BorrowedMessage<'_>, each: impl FnOnce(&Record<'_>)) {
    let timestamp = match message.timestamp() {
        Timestamp::NotAvailable => None,
        Timestamp::CreateTime(millis) | Timestamp::LogAppendTime(millis) => Some(millis),
    };
    each(&Record {
        partition: message.partition(),
        offset: message.offset(),
        timestamp,
        key: message.key(),
        value: message.payload(),
        headers: &headers::all(message),
    });
}

/// Errors that a client gets over by itself are passed over; what ends reading is returned.
pub(crate) fn check(error: KafkaError) -> Result<()> {
    match error {
        KafkaError::MessageConsumptionFatal(_) => Err(error.into()),
        KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
            bail!("the log no longer begins at offset 0: {error}")
        }
        _ => Ok(()),
    }
}
