//! Records in: one worker's share of the input, in batches of one partition.

use crate::{Batch, CommitOffset, Failure, InputPartition};
use std::time::Duration;

/// How much one batch may hold; at least one record, however large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    pub records_max: usize,
    pub bytes_max: usize,
}

/// What a poll brought.
#[derive(Debug)]
pub enum Polled {
    /// Nothing within the wait.
    Nothing,
    /// The batch was filled.
    Batch,
    /// A partition reported an error; it delivers nothing more until it is started again.
    Error(PartitionError),
}

/// Why a partition stopped by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionError {
    pub partition: InputPartition,
    pub kind: PartitionErrorKind,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionErrorKind {
    /// The offset asked for is gone (retention) or does not exist yet.
    OutOfRange,
    /// The topic was deleted.
    TopicGone,
    /// Not allowed to read.
    Unauthorized,
    /// The client library goes on by itself; worth a line in the log.
    Transient,
}

/// One worker's inlet. Everything is called on the worker's own thread: a seek beside a poll could be overwritten by the
/// position that the poll stores.
pub trait Source {
    type Batch: Batch;

    /// Waits at most `wait` for a record and fills `batch` with records of one partition. Returns early when woken.
    fn poll(&mut self, batch: &mut Self::Batch, limits: BatchLimits, wait: Duration) -> Polled;

    /// Goes to each position; what was polled but not handed out of these partitions is dropped. Says which ones failed;
    /// a failure says nothing about ownership.
    fn seek(&mut self, to: &[(InputPartition, CommitOffset)]) -> Vec<InputPartition>;

    /// Makes an assigned, paused partition deliver from `at` on: seek, forward, resume, wake. May fail transiently while
    /// the assignment is still ours; the caller's books decide how often to try.
    fn start(&mut self, partition: InputPartition, at: CommitOffset) -> Result<(), Failure>;

    /// Stops delivery of a partition that has to wait, and drops what was polled of it.
    fn pause(&mut self, partition: InputPartition);

    /// Whether the leader has records that may be read and were not delivered yet; `None`: nobody answered in time.
    fn has_unread(&mut self, partition: InputPartition) -> Option<bool>;

    /// Drops what was polled of a partition that is not ours any more.
    fn forget(&mut self, partition: InputPartition);
}
