//! Positions. A record's own offset and the next offset to read are different types, so that `+ 1` happens in one place.

use crate::ChangelogPartition;
use std::fmt;

/// A record's own offset, >= 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub i64);

/// The next offset to read: what a consumer group stores, and where a seek goes.
///
/// Made from a settled record ([`CommitOffset::after`]) or from what the broker or a start policy said
/// ([`CommitOffset::at`]); never by arithmetic on an [`Offset`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitOffset(i64);

impl CommitOffset {
    /// Everything up to and including `settled` is done.
    pub fn after(settled: Offset) -> CommitOffset {
        CommitOffset(settled.0.saturating_add(1))
    }

    /// Reading goes on at `next`: a committed offset, a watermark, or the offset of a record that waits.
    pub fn at(next: i64) -> CommitOffset {
        CommitOffset(next.max(0))
    }

    /// The raw number, for the wire.
    pub fn next(self) -> i64 {
        self.0
    }

    /// Whether a record at `offset` lies before this position: settled already, or fetched before a seek.
    pub fn is_past(self, offset: Offset) -> bool {
        offset.0 < self.0
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CommitOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A partition of one of the pipeline's inputs. Books are keyed by it; the topic's name belongs to the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputPartition {
    /// Position of the input in the configuration.
    pub input: u16,
    /// Kafka's partition number, >= 0.
    pub partition: i32,
}

impl InputPartition {
    pub fn new(input: u16, partition: i32) -> InputPartition {
        InputPartition { input, partition }
    }

    /// The worker that owns this partition in a process of `workers`: fixed, because group metadata does not fence two
    /// workers of one process from each other.
    pub fn worker(self, workers: usize) -> usize {
        usize::try_from(self.partition).unwrap_or(0) % workers.max(1)
    }
}

impl fmt::Display for InputPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.input, self.partition)
    }
}

/// Which input record an output came from: a worker's slot number and an offset in one word, because that is all a
/// client library carries beside a message. A change of state comes from no single record; it has an origin of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin(u64);

impl Origin {
    const OFFSET_BITS: u32 = 48;

    /// The slot that no partition of the input has.
    pub const CHANGELOG: u16 = u16::MAX;

    /// Offsets beyond 2^48 lose their upper bits: 89 years at 100,000 records/s in one partition.
    pub fn new(slot: u16, offset: Offset) -> Origin {
        let offset = u64::try_from(offset.0).unwrap_or(0) & ((1 << Self::OFFSET_BITS) - 1);
        Origin(u64::from(slot) << Self::OFFSET_BITS | offset)
    }

    /// Of changes to one partition of a store's changelog.
    pub fn changelog(of: ChangelogPartition) -> Origin {
        let partition = u64::from(of.partition.unsigned_abs());
        Origin(u64::from(Self::CHANGELOG) << Self::OFFSET_BITS | u64::from(of.store) << 32 | partition)
    }

    /// The changelog partition; `None`: an output of a record.
    pub fn as_changelog(self) -> Option<ChangelogPartition> {
        if self.slot() != Self::CHANGELOG {
            return None;
        }
        let partition = i32::try_from(self.0 & u64::from(u32::MAX)).ok()?;
        Some(ChangelogPartition { store: (self.0 >> 32) as u16, partition })
    }

    pub fn from_bits(bits: u64) -> Origin {
        Origin(bits)
    }

    pub fn bits(self) -> u64 {
        self.0
    }

    pub fn slot(self) -> u16 {
        (self.0 >> Self::OFFSET_BITS) as u16
    }

    pub fn offset(self) -> Offset {
        Offset((self.0 & ((1 << Self::OFFSET_BITS) - 1)) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_offset_is_the_one_after_the_settled_record() {
        assert_eq!(CommitOffset::after(Offset(41)).next(), 42);
        assert!(CommitOffset::at(42).is_past(Offset(41)));
        assert!(!CommitOffset::at(42).is_past(Offset(42)));
    }

    #[test]
    fn an_origin_comes_back_as_it_went_in() {
        for (slot, offset) in [(0, 0), (7, 1), (u16::MAX - 1, (1 << 48) - 1), (1, 123_456_789_012)] {
            let origin = Origin::from_bits(Origin::new(slot, Offset(offset)).bits());
            assert_eq!((origin.slot(), origin.offset()), (slot, Offset(offset)));
            assert_eq!(origin.as_changelog(), None);
        }
    }

    #[test]
    fn the_origin_of_a_change_comes_back_as_it_went_in() {
        for (store, partition) in [(0, 0), (3, 7), (u16::MAX, i32::MAX)] {
            let of = ChangelogPartition { store, partition };
            assert_eq!(Origin::from_bits(Origin::changelog(of).bits()).as_changelog(), Some(of));
        }
    }

    #[test]
    fn a_partition_stays_with_its_worker() {
        assert_eq!(InputPartition::new(0, 5).worker(2), 1);
        assert_eq!(InputPartition::new(1, 5).worker(2), 1, "followers share the worker of their partition number");
        assert_eq!(InputPartition::new(0, 5).worker(0), 0);
    }
}
