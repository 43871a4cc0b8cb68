//! How far a group has committed, and how far the input goes.
//!
//! An input that is written in transactions has markers and aborted records, which no position passes by itself: behind the
//! last committed record they are no work left.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use crate::client::{self, ANSWER_MAX, Isolation};
use crate::topic;

const POLL_MAX: Duration = Duration::from_millis(100);

/// One input partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub partition: i32,
    /// `None`: the group has never committed here.
    pub committed: Option<i64>,
    /// The high watermark; or what is committed, when nothing that can be read comes after it.
    pub end: i64,
}

impl Position {
    /// Everything is committed; an empty partition needs no commit.
    pub fn is_at_end(&self) -> bool {
        self.committed.unwrap_or(0) == self.end
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { partition, committed, end } = self;
        match committed {
            Some(offset) => write!(f, "partition {partition}: committed {offset} of {end}"),
            None => write!(f, "partition {partition}: nothing committed of {end}"),
        }
    }
}

/// Asks for the positions of one group on one topic, as often as wanted.
pub struct Positions {
    consumer: BaseConsumer,
    /// Is told of the high watermark; a read_committed one only of the last stable offset.
    uncommitted: BaseConsumer,
    topic: String,
    partitions: i32,
}

impl Positions {
    pub fn new(bootstrap: &str, group: &str, topic: &str) -> Result<Positions> {
        // read_committed asks for stable offsets: a pending transaction makes the answer wait.
        let consumer = client::consumer(bootstrap, group, Isolation::Committed)?;
        let uncommitted = client::consumer(bootstrap, group, Isolation::Uncommitted)?;
        let partitions = client::partitions(&consumer, topic)?;
        Ok(Positions { consumer, uncommitted, topic: topic.into(), partitions })
    }

    /// # Errors
    /// No answer, which includes offsets that stayed unstable.
    pub fn now(&self) -> Result<Vec<Position>> {
        let mut list = TopicPartitionList::new();
        for partition in 0..self.partitions {
            list.add_partition(&self.topic, partition);
        }
        let committed = self.consumer.committed_offsets(list, ANSWER_MAX).context("no committed offsets")?;
        let mut positions = Vec::new();
        for element in committed.elements() {
            element
                .error()
                .with_context(|| format!("no committed offset of {}[{}]", self.topic, element.partition()))?;
            let committed = match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            let partition = element.partition();
            let end = self.end(partition, committed.unwrap_or(0))?;
            positions.push(Position { partition, committed, end });
        }
        Ok(positions)
    }

    fn end(&self, partition: i32, committed: i64) -> Result<i64> {
        // In this order: ends only grow, so equal answers mean that nothing was open in between.
        let (_, stable) = self.consumer.fetch_watermarks(&self.topic, partition, ANSWER_MAX)?;
        let (_, high) = self.uncommitted.fetch_watermarks(&self.topic, partition, ANSWER_MAX)?;
        let is_behind = committed < high && (stable != high || self.has_records(partition, committed)?);
        Ok(if is_behind || committed > high { high } else { committed })
    }

    /// Whether a committed record can be read at this offset or behind it.
    fn has_records(&self, partition: i32, from: i64) -> Result<bool> {
        topic::assign(&self.consumer, &self.topic, [(partition, from)].into_iter())?;
        let began = Instant::now();
        let found = loop {
            match self.consumer.poll(POLL_MAX) {
                Some(Ok(message)) if message.partition() == partition => break true,
                Some(Err(KafkaError::PartitionEOF(end))) if end == partition => break false,
                Some(Err(error)) => topic::check(error)?,
                // Left over from the partition that was asked about before.
                Some(Ok(_)) | None => {}
            }
            ensure!(began.elapsed() < ANSWER_MAX, "no answer about {}[{partition}]", self.topic);
        };
        self.consumer.unassign().context("failed to unassign")?;
        Ok(found)
    }
}
