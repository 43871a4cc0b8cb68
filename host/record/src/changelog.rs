//! State back in: reading changelogs, when a partition is taken.

use crate::{CommitOffset, Failure};
use std::fmt;
use std::time::Duration;

/// A partition of a store's changelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangelogPartition {
    pub store: u16,
    /// Of the input, and of the changelog.
    pub partition: i32,
}

impl fmt::Display for ChangelogPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.store, self.partition)
    }
}

/// What a changelog partition delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangelogEvent<'a> {
    /// A committed change. `value` `None` deletes.
    Change { next: CommitOffset, timestamp: Option<i64>, key: &'a [u8], value: Option<&'a [u8]> },
    /// Everything before `next` has been delivered: the end of the partition, or of what no open transaction holds back.
    End { next: CommitOffset },
    /// Reading has stopped by itself and has to be started again.
    Failed { message: &'a str },
}

/// Called with what a poll brought, in the order of each partition.
pub type EachChangelogEvent<'a> = dyn FnMut(ChangelogPartition, ChangelogEvent<'_>) + 'a;

/// Reads changelogs, without a group. Used by one thread.
pub trait ChangelogSource: Send {
    /// The first offset that is there, and the high watermark with the records of open transactions (read uncommitted):
    /// everything that a former owner can still commit lies below it.
    ///
    /// # Errors
    /// Retriable while the leader does not answer.
    fn bounds(&mut self, of: ChangelogPartition, timeout: Duration) -> Result<(CommitOffset, CommitOffset), Failure>;

    /// Delivers committed changes from `from` on.
    ///
    /// # Errors
    /// The client library refuses.
    fn start(&mut self, of: ChangelogPartition, from: CommitOffset) -> Result<(), Failure>;

    /// Delivers nothing more.
    fn stop(&mut self, of: ChangelogPartition);

    /// Waits at most `wait` for something, and calls `each` with what is there.
    fn poll(&mut self, wait: Duration, each: &mut EachChangelogEvent<'_>);
}
