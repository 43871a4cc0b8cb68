//! How far a group has committed, and how far the input goes.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use crate::client::{self, ANSWER_MAX, Isolation};
use crate::topic;

/// How late it is noticed that there is no answer.
const POLL_MAX: Duration = Duration::from_millis(200);

/// One input partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub partition: i32,
    /// `None`: the group has never committed here.
    pub committed: Option<i64>,
    /// Where what a read_committed reader gets ends. When nothing but markers of transactions stands behind what is committed,
    /// it ends there.
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
    topic: String,
    partitions: i32,
}

impl Positions {
    pub fn new(bootstrap: &str, group: &str, topic: &str) -> Result<Positions> {
        // read_committed asks for stable offsets: a pending transaction makes the answer wait.
        let consumer = client::consumer(bootstrap, group, Isolation::Committed)?;
        let partitions = client::partitions(&consumer, topic)?;
        Ok(Positions { consumer, topic: topic.into(), partitions })
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
            let (_, end) = self.consumer.fetch_watermarks(&self.topic, partition, ANSWER_MAX)?;
            let from = committed.unwrap_or(0);
            let is_read = from < end && !self.has_record(partition, from)?;
            positions.push(Position { partition, committed, end: if is_read { from } else { end } });
        }
        Ok(positions)
    }

    /// Whether a read_committed reader gets a record from this offset on: markers and aborted records are none.
    fn has_record(&self, partition: i32, from: i64) -> Result<bool> {
        topic::assign(&self.consumer, &self.topic, [(partition, from)].into_iter())?;
        let until = Instant::now() + ANSWER_MAX;
        let found = loop {
            match self.consumer.poll(POLL_MAX) {
                Some(Ok(_)) => break Ok(true),
                Some(Err(KafkaError::PartitionEOF(_))) => break Ok(false),
                Some(Err(error)) => topic::check(error)?,
                None => {}
            }
            if Instant::now() > until {
                break Err(anyhow!("no answer about {}[{partition}] from offset {from}", self.topic));
            }
        };
        self.consumer.unassign().context("failed to end reading")?;
        found
    }
}
