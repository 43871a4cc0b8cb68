//! When the end of a transaction becomes visible, partition by partition.
//!
//! Kafka's coordinator sends a marker to the leader of every partition and to the coordinator of every group, and each
//! writes it when it gets to it: a reader may see one partition's end long before another's. Here the schedule decides:
//! in a stated order, after a delay, or not before a test lets go.

use std::time::{Duration, Instant};

use super::ProducerId;

/// Where a marker is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// An output's partition.
    Partition(String, i32),
    /// A group's positions, in the partition of `__consumer_offsets` that is the group's.
    Group(String),
}

/// In which order the markers of one transaction are written when nothing else keeps them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarkerOrder {
    /// Partitions of outputs by name and number, then positions of groups.
    #[default]
    OutputsFirst,
    /// Positions of groups at once, partitions of outputs after the delay: who starts from the positions is ahead of them.
    OffsetsFirst,
}

#[derive(Clone, Debug)]
pub(crate) struct Marker {
    pub(crate) transactional_id: String,
    pub(crate) producer: ProducerId,
    pub(crate) commit: bool,
    pub(crate) target: Target,
    due: Instant,
}

/// Keeps markers of a target back.
#[derive(Debug)]
struct Hold {
    id: u64,
    /// `None`: every target.
    target: Option<Target>,
    caught: usize,
}

#[derive(Debug)]
pub(crate) struct Markers {
    waiting: Vec<Marker>,
    holds: Vec<Hold>,
    delay: Duration,
    order: MarkerOrder,
}

impl Markers {
    pub(crate) fn new(delay: Duration, order: MarkerOrder) -> Self {
        Self { waiting: Vec::new(), holds: Vec::new(), delay, order }
    }

    /// Returns how many there are to write.
    pub(crate) fn schedule(
        &mut self,
        transactional_id: &str,
        producer: ProducerId,
        commit: bool,
        mut targets: Vec<Target>,
        now: Instant,
    ) -> usize {
        if self.order == MarkerOrder::OffsetsFirst {
            targets.sort_by_key(|target| matches!(target, Target::Partition(..)));
        }
        let count = targets.len();
        for target in targets {
            let is_ahead = self.order == MarkerOrder::OffsetsFirst && matches!(target, Target::Group(_));
            let due = if is_ahead { now } else { now + self.delay };
            for hold in self.holds.iter_mut().filter(|hold| hold.covers(&target)) {
                hold.caught += 1;
            }
            let transactional_id = transactional_id.to_owned();
            self.waiting.push(Marker { transactional_id, producer, commit, target, due });
        }
        count
    }

    /// The next marker that is to be written now. One at a time: whoever comes between two of them sees a transaction
    /// that has ended in one partition and not in another.
    pub(crate) fn take_due(&mut self, now: Instant, reachable: impl Fn(&Target) -> bool) -> Option<Marker> {
        let is_due = |marker: &Marker| marker.due <= now && self.is_free(&marker.target) && reachable(&marker.target);
        let at = self.waiting.iter().position(is_due)?;
        Some(self.waiting.remove(at))
    }

    /// Those of a topic that is no more.
    pub(crate) fn take_topic(&mut self, topic: &str) -> Vec<Marker> {
        let is_of = |marker: &mut Marker| matches!(&marker.target, Target::Partition(name, _) if name == topic);
        self.waiting.extract_if(.., is_of).collect()
    }

    pub(crate) fn has_waiting(&self, transactional_id: &str) -> bool {
        self.waiting.iter().any(|marker| marker.transactional_id == transactional_id)
    }

    pub(crate) fn is_waiting_for_group(&self, producer: ProducerId, group: &str) -> bool {
        let is_it = |target: &Target| matches!(target, Target::Group(name) if name == group);
        self.waiting.iter().any(|marker| marker.producer == producer && is_it(&marker.target))
    }

    pub(crate) fn next_due(&self, reachable: impl Fn(&Target) -> bool) -> Option<Instant> {
        let free = |marker: &&Marker| self.is_free(&marker.target) && reachable(&marker.target);
        self.waiting.iter().filter(free).map(|marker| marker.due).min()
    }

    fn is_free(&self, target: &Target) -> bool {
        !self.holds.iter().any(|hold| hold.covers(target))
    }

    pub(crate) fn set_delay(&mut self, delay: Duration) {
        self.delay = delay;
    }

    pub(crate) fn set_order(&mut self, order: MarkerOrder) {
        self.order = order;
    }

    pub(crate) fn hold(&mut self, id: u64, target: Option<Target>) {
        self.holds.push(Hold { id, target, caught: 0 });
    }

    pub(crate) fn release(&mut self, id: u64) {
        self.holds.retain(|hold| hold.id != id);
    }

    /// How many markers this hold has met.
    pub(crate) fn caught(&self, id: u64) -> usize {
        self.holds.iter().find(|hold| hold.id == id).map_or(0, |hold| hold.caught)
    }
}

impl Hold {
    fn covers(&self, target: &Target) -> bool {
        self.target.as_ref().is_none_or(|held| held == target)
    }
}
