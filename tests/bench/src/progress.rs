//! How far a group has come, asked from outside: the same question for every contestant.

use std::time::Duration;

use anyhow::Result;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use crate::setting::PARTITIONS;

const ASK_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct Progress {
    client: BaseConsumer,
    partitions: TopicPartitionList,
}

impl Progress {
    pub(crate) fn new(bootstrap: &str, group: &str, topic: &str) -> Result<Progress> {
        let client = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", group)
            // Otherwise an answer waits for open transactions to end.
            .set("isolation.level", "read_uncommitted")
            .create()?;
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition_range(topic, 0, PARTITIONS - 1);
        Ok(Progress { client, partitions })
    }

    /// Records that the group has committed, of topics that begin at offset 0. `None` while the broker is still finding
    /// out who coordinates the group.
    pub(crate) fn committed(&self) -> Result<Option<u64>> {
        let list = match self.client.committed_offsets(self.partitions.clone(), ASK_TIMEOUT) {
            Ok(list) => list,
            Err(error) if error.rdkafka_error_code().is_some_and(|code| COORDINATOR_UNKNOWN.contains(&code)) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let next = |offset| if let Offset::Offset(next) = offset { u64::try_from(next).unwrap_or(0) } else { 0 };
        Ok(Some(list.elements().iter().map(|element| next(element.offset())).sum()))
    }
}

const COORDINATOR_UNKNOWN: [RDKafkaErrorCode; 4] = [
    RDKafkaErrorCode::NotCoordinator,
    RDKafkaErrorCode::CoordinatorNotAvailable,
    RDKafkaErrorCode::CoordinatorLoadInProgress,
    RDKafkaErrorCode::WaitingForCoordinator,
];

/// The sum of the end offsets of a topic; transaction markers count.
pub(crate) fn end(bootstrap: &str, topic: &str) -> Result<u64> {
    let client: BaseConsumer = ClientConfig::new().set("bootstrap.servers", bootstrap).create()?;
    let mut sum = 0;
    for partition in 0..PARTITIONS {
        sum += u64::try_from(client.fetch_watermarks(topic, partition, ASK_TIMEOUT)?.1)?;
    }
    Ok(sum)
}
