//! Which partitions are ours: the consumer group, as the hand-over procedure uses it.

use crate::{CommitOffset, Failure, InputPartition};
use std::time::Duration;

/// Group metadata: what fences a commit by a member that is not one any more.
pub trait Membership {
    /// < 0: not in the group.
    fn generation(&self) -> i32;

    /// Whether the member id is there at all.
    fn has_member_id(&self) -> bool;
}

/// What the group stores for a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    pub at: CommitOffset,
    /// Of the transaction that committed it; `None`: somebody else than a worker of ours has.
    pub token: Option<String>,
}

/// The calls of the take and give procedures. All of them are safe to call while workers poll their own queues; those
/// that change the assignment are made on the poll thread only.
pub trait Group: Sync {
    /// Sends the partition's records to its worker's queue.
    fn forward(&self, partition: InputPartition) -> Result<(), Failure>;

    /// Stops fetching; works before the assignment and survives an unassignment.
    fn pause(&self, partitions: &[InputPartition]) -> Result<(), Failure>;

    /// Adds to the assignment, at a placeholder offset that is never fetched.
    fn assign(&self, partitions: &[InputPartition]) -> Result<(), Failure>;

    /// Takes from the assignment; answers a revoke.
    fn unassign(&self, partitions: &[InputPartition]) -> Result<(), Failure>;

    /// What no open transaction can change any more; `None`: nothing committed. Retriable while one is unstable.
    fn stable_offsets(
        &self,
        partitions: &[InputPartition],
        timeout: Duration,
    ) -> Result<Vec<Option<Committed>>, Failure>;

    /// First and next offset of a partition as the leader sees them.
    fn watermarks(&self, partition: InputPartition, timeout: Duration)
    -> Result<(CommitOffset, CommitOffset), Failure>;

    /// Ends the wait of a worker's poll.
    fn wake(&self, worker: usize);
}
