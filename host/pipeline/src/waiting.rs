//! Partitions that wait for a record's next attempt. Attempts are kept in memory: a restart begins again at 1.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use wasmill_record::{InputPartition, Offset};

/// The record at the head of a partition that answered `retry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) offset: Offset,
    /// Attempts that failed, >= 1.
    pub(crate) failed: u32,
    pub(crate) first_failed_at: i64,
    /// When the partition goes on; `None`: it does already.
    due: Option<Instant>,
}

/// At most one head per partition, so bounded by the assignment.
#[derive(Debug, Default)]
pub(crate) struct Waiting(BTreeMap<InputPartition, Head>);

impl Waiting {
    /// The attempt, 1-based, at which the record would be invoked now.
    pub(crate) fn attempt(&self, partition: InputPartition, offset: Offset) -> u32 {
        self.head(partition, offset).map_or(1, |head| head.failed.saturating_add(1))
    }

    pub(crate) fn head(&self, partition: InputPartition, offset: Offset) -> Option<&Head> {
        self.0.get(&partition).filter(|head| head.offset == offset)
    }

    /// The record failed (again) and its partition waits until `due`.
    pub(crate) fn hold(&mut self, partition: InputPartition, offset: Offset, due: Instant, wall_ms: i64) {
        let before = self.head(partition, offset).copied();
        let head = Head {
            offset,
            failed: before.map_or(1, |head| head.failed.saturating_add(1)),
            first_failed_at: before.map_or(wall_ms, |head| head.first_failed_at),
            due: Some(due),
        };
        self.0.insert(partition, head);
    }

    pub(crate) fn is_held(&self, partition: InputPartition) -> bool {
        self.0.get(&partition).is_some_and(|head| head.due.is_some())
    }

    /// Partitions whose wait is over at `now`; they go on from here.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<InputPartition> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let over = |head: &&mut Head| head.due.is_some_and(|due| due <= now);
        let mut due = Vec::new();
        for (partition, head) in self.0.iter_mut().filter(|(_, head)| over(head)) {
            head.due = None;
            due.push(*partition);
        }
        due
    }

    /// A rewind goes back before the head: the partition is read again at once, the attempts stay known.
    pub(crate) fn go_on(&mut self, partition: InputPartition) -> bool {
        self.0.get_mut(&partition).is_some_and(|head| head.due.take().is_some())
    }

    /// The record is settled, or the partition is not ours any more.
    pub(crate) fn forget(&mut self, partition: InputPartition) {
        self.0.remove(&partition);
    }

    /// How long until the next wait is over.
    pub(crate) fn next(&self, now: Instant) -> Option<Duration> {
        self.0.values().filter_map(|head| head.due).min().map(|due| due.saturating_duration_since(now))
    }

    pub(crate) fn held(&self) -> usize {
        self.0.values().filter(|head| head.due.is_some()).count()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
