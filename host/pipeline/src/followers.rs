//! Followers: the inputs behind the first one, the leader. The group hands out partitions of the leader only; partition n of
//! each follower goes where partition n of the leader goes, to the same process and, by its number, to the same worker.
//!
//! What follows from it: lists of the group never name followers, so they are added here; all inputs of a partition begin
//! together; and because nobody subscribes to their topics, brokers forget followers' positions
//! `offsets.retention.minutes` after they were stored, even of a live group. So positions of all inputs of a partition are in
//! every transaction (`settle::Tracker`), once after every start, and at least every `commit.refresh_interval_ms` (R1.3).

use crate::worker::{Starting, Worker};
use std::collections::BTreeSet;
use wasmill_record::{Clock, InputPartition, Sink, Source};

/// Partitions that the group names, each with its followers behind it. One that is named twice is there once.
pub(crate) fn with_followers(partitions: &[InputPartition], inputs: u16) -> Vec<InputPartition> {
    let mut seen = BTreeSet::new();
    let numbers = partitions.iter().map(|partition| partition.partition).filter(|number| seen.insert(*number));
    numbers.flat_map(|number| (0..inputs).map(move |input| InputPartition::new(input, number))).collect()
}

impl Starting {
    /// Whether this is another input of the same partition, or the same one, under the same assignment.
    fn is_beside(&self, other: &Starting) -> bool {
        self.partition.partition == other.partition.partition && self.epoch == other.epoch
    }

    /// Whether every input of the partition has been told to start.
    pub(crate) fn is_complete(&self, told: &[Starting], inputs: usize) -> bool {
        told.iter().filter(|other| self.is_beside(other)).count() >= inputs
    }
}

impl<S, K, C> Worker<S, K, C>
where
    S: Source,
    K: Sink<S::Batch>,
    C: Clock,
{
    pub(crate) fn has_followers(&self) -> bool {
        self.settings.topics.len() > 1
    }

    /// From now on records of these partitions are processed. One with an input whose seek has failed begins later, as a
    /// whole, and is sought again: what it delivers until then is dropped.
    pub(crate) fn begin_partitions(&mut self, sought: Vec<Starting>) {
        for starting in sought {
            if self.starting.iter().any(|other| other.is_beside(&starting)) {
                self.starting.push(starting);
                continue;
            }
            let Starting { partition, epoch, at, by_policy, .. } = starting;
            let slot = self.tracker.start(partition, epoch, at);
            tracing::info!(pipeline = self.settings.pipeline, %partition, epoch, offset = at.next(), "started");
            // The start policy is applied once: from now on the position is what counts. A follower's may be old.
            if let Some(slot) = slot.filter(|_| by_policy || self.has_followers()) {
                self.tracker.owe(slot);
                self.owes = true;
            }
        }
    }

    /// Every position has to be committed once more when the last time was long ago.
    pub(crate) fn refresh_positions(&mut self) {
        let Some(due) = self.refresh_due else { return };
        let now = self.clock.now();
        if now >= due {
            self.refresh_due = Some(now + self.settings.refresh_interval);
            self.tracker.owe_all();
            self.owes = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn followers_go_with_their_partition_and_nothing_is_there_twice() {
        let of = |input, number| InputPartition::new(input, number);
        let all = with_followers(&[of(0, 4), of(0, 1)], 2);
        assert_eq!(all, [of(0, 4), of(1, 4), of(0, 1), of(1, 1)]);
        assert_eq!(with_followers(&all, 2), all);
        assert_eq!(with_followers(&[of(0, 4)], 1), [of(0, 4)]);
    }
}
