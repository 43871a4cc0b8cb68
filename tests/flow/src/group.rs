//! A consumer group in memory: notes the order of the calls, and answers what the test told it to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wasmill_record::{Class, CommitOffset, Committed, Failure, Group, InputPartition};

/// A call of the hand-over into the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupCall {
    Forward(InputPartition),
    Pause(Vec<InputPartition>),
    Assign(Vec<InputPartition>),
    Unassign(Vec<InputPartition>),
    Wake(usize),
}

#[derive(Debug, Default)]
pub struct GroupState {
    pub calls: Vec<GroupCall>,
    pub committed: BTreeMap<InputPartition, CommitOffset>,
    /// Stored with the committed offsets.
    pub tokens: BTreeMap<InputPartition, String>,
    /// First and next offset; 0 and 0 where nothing is said.
    pub watermarks: BTreeMap<InputPartition, (i64, i64)>,
    /// Questions about this partition that are still to be answered with "unstable".
    pub unstable: BTreeMap<InputPartition, usize>,
    /// Watermark questions about this partition fail.
    pub without_leader: BTreeSet<InputPartition>,
}

#[derive(Debug, Default)]
pub struct MemoryGroup(Mutex<GroupState>);

impl MemoryGroup {
    pub fn state(&self) -> MutexGuard<'_, GroupState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, call: GroupCall) -> Result<(), Failure> {
        self.state().calls.push(call);
        Ok(())
    }
}

impl Group for MemoryGroup {
    fn forward(&self, partition: InputPartition) -> Result<(), Failure> {
        self.note(GroupCall::Forward(partition))
    }

    fn pause(&self, partitions: &[InputPartition]) -> Result<(), Failure> {
        self.note(GroupCall::Pause(partitions.to_vec()))
    }

    fn assign(&self, partitions: &[InputPartition]) -> Result<(), Failure> {
        self.note(GroupCall::Assign(partitions.to_vec()))
    }

    fn unassign(&self, partitions: &[InputPartition]) -> Result<(), Failure> {
        self.note(GroupCall::Unassign(partitions.to_vec()))
    }

    fn stable_offsets(
        &self,
        partitions: &[InputPartition],
        _timeout: Duration,
    ) -> Result<Vec<Option<Committed>>, Failure> {
        let mut state = self.state();
        let mut unstable = false;
        for partition in partitions {
            if let Some(left) = state.unstable.get_mut(partition).filter(|left| **left > 0) {
                *left -= 1;
                unstable = true;
            }
        }
        if unstable {
            return Err(Failure::new(Class::Retriable, "UNSTABLE_OFFSET_COMMIT"));
        }
        let committed = |partition: &InputPartition| {
            let at = state.committed.get(partition).copied()?;
            Some(Committed { at, token: state.tokens.get(partition).cloned() })
        };
        Ok(partitions.iter().map(committed).collect())
    }

    fn watermarks(&self, partition: InputPartition, _: Duration) -> Result<(CommitOffset, CommitOffset), Failure> {
        let state = self.state();
        if state.without_leader.contains(&partition) {
            return Err(Failure::new(Class::Retriable, "LEADER_NOT_AVAILABLE"));
        }
        let (first, end) = state.watermarks.get(&partition).copied().unwrap_or_default();
        Ok((CommitOffset::at(first), CommitOffset::at(end)))
    }

    fn wake(&self, worker: usize) {
        self.state().calls.push(GroupCall::Wake(worker));
    }
}
