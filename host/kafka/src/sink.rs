//! A worker's outlet as a `Sink`: in Kafka transactions, or at least once on the same path.

mod at_least_once;
mod spare;
mod transactional;

pub use at_least_once::AtLeastOnceSink;
pub use transactional::TransactionalSink;

use crate::consumer::Consumer;
use std::time::Duration;
use wasmill_record::{CommitOffset, Failure, InputPartition, Position};

fn pairs(positions: &[Position]) -> Vec<(InputPartition, CommitOffset)> {
    positions.iter().map(|position| (position.partition, position.next)).collect()
}

fn tokens(
    consumer: &Consumer,
    partitions: &[InputPartition],
    timeout: Duration,
) -> Result<Vec<Option<String>>, Failure> {
    let committed = consumer.committed(partitions, timeout)?;
    Ok(committed.into_iter().map(|committed| committed.and_then(|committed| committed.token)).collect())
}
