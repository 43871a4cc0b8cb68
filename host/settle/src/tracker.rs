//! What the open transaction has touched, and where reading goes on.
//!
//! One slot per partition of a worker. Legal moves of a slot:
//! ```text
//! start -> clean --touch/settle--> open --commit--> clean
//!                                   \----rewind---> clean (at its first position)
//! any -> stop
//! ```
//! Invariants: positions only grow, but for a rewind, which goes exactly to the first position of the open transaction; a
//! touched slot is committed whether it moved or not, and with it those of the same partition of the other inputs (R1.3).

use wasmill_record::{CommitOffset, InputPartition, Offset, Origin, Position};

/// A partition's place in the tracker; small, so that it fits beside an offset in a delivery report.
pub type SlotNumber = u16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub partition: InputPartition,
    /// Of the assignment under which it was started.
    pub epoch: u64,
    /// Reading goes on here.
    pub next: CommitOffset,
    /// `next` when the open transaction first touched it.
    first: Option<CommitOffset>,
    /// Touched only because another input of the same partition was: nothing of it has been read in this transaction.
    along: bool,
    /// The position itself has to be committed, even if no record ever moves it.
    owed: bool,
}

#[derive(Debug, Default)]
pub struct Tracker {
    slots: Vec<Option<Slot>>,
    /// Slots with `first` set.
    touched: usize,
}

impl Tracker {
    /// Makes the partition known at `next`; its slot number. `None` beyond 65,535 partitions per worker: the last number is
    /// that of changes of state ([`Origin::CHANGELOG`]).
    pub fn start(&mut self, partition: InputPartition, epoch: u64, next: CommitOffset) -> Option<SlotNumber> {
        self.stop(partition);
        let slot = Slot { partition, epoch, next, first: None, along: false, owed: false };
        let at = match self.slots.iter().position(Option::is_none) {
            Some(at) => at,
            None => {
                self.slots.push(None);
                self.slots.len() - 1
            }
        };
        let number = SlotNumber::try_from(at).ok().filter(|number| *number != Origin::CHANGELOG)?;
        self.slots[at] = Some(slot);
        Some(number)
    }

    /// Forgets the partition, open or not.
    pub fn stop(&mut self, partition: InputPartition) {
        if let Some((number, slot)) = self.find(partition) {
            self.touched -= usize::from(slot.first.is_some());
            self.slots[usize::from(number)] = None;
        }
    }

    pub fn find(&self, partition: InputPartition) -> Option<(SlotNumber, Slot)> {
        let at = self.slots.iter().position(|slot| slot.is_some_and(|slot| slot.partition == partition))?;
        Some((at as SlotNumber, self.slots[at]?))
    }

    pub fn get(&self, number: SlotNumber) -> Option<Slot> {
        self.slots.get(usize::from(number)).copied().flatten()
    }

    /// The open transaction now includes the partition, at its present position, and so those of the other inputs: the
    /// positions of one partition are always of one moment, and none of them gets too old to be kept by the broker.
    pub fn touch(&mut self, number: SlotNumber) {
        let Some(Some(slot)) = self.slots.get_mut(usize::from(number)) else { return };
        slot.along = false;
        if slot.first.is_some() {
            return;
        }
        slot.first = Some(slot.next);
        self.touched += 1;
        let partition = slot.partition.partition;
        for slot in self.slots.iter_mut().flatten() {
            if slot.partition.partition == partition && slot.first.is_none() {
                (slot.first, slot.along) = (Some(slot.next), true);
                self.touched += 1;
            }
        }
    }

    /// The position itself has to be committed: it was found by the start policy and has to be found again (R3.3), or it
    /// was committed so long ago that the broker may forget it.
    pub fn owe(&mut self, number: SlotNumber) {
        if let Some(Some(slot)) = self.slots.get_mut(usize::from(number)) {
            slot.owed = true;
        }
    }

    /// As [`Tracker::owe`], of every slot.
    pub fn owe_all(&mut self) {
        self.slots.iter_mut().flatten().for_each(|slot| slot.owed = true);
    }

    /// Slots whose position has to be committed and is not part of the open transaction.
    pub fn owed(&self) -> Vec<SlotNumber> {
        let owed = |slot: &Option<Slot>| slot.is_some_and(|slot| slot.owed && slot.first.is_none());
        (0..).zip(&self.slots).filter(|(_, slot)| owed(slot)).map(|(number, _)| number).collect()
    }

    /// Everything up to and including `offset` is settled in the open transaction. A record that lies before the position
    /// changes nothing.
    pub fn settle(&mut self, number: SlotNumber, offset: Offset) {
        self.touch(number);
        if let Some(Some(slot)) = self.slots.get_mut(usize::from(number)) {
            slot.next = slot.next.max(CommitOffset::after(offset));
        }
    }

    /// Whether the open transaction includes anything.
    pub fn is_touched(&self) -> bool {
        self.touched > 0
    }

    /// Slots of the open transaction.
    pub fn touched(&self) -> impl Iterator<Item = Slot> + '_ {
        self.slots.iter().flatten().filter(|slot| slot.first.is_some()).copied()
    }

    /// What the open transaction commits.
    pub fn positions(&self) -> Vec<Position> {
        self.touched().map(|slot| Position { partition: slot.partition, next: slot.next }).collect()
    }

    /// The transaction is in the log.
    pub fn commit(&mut self) {
        for slot in self.slots.iter_mut().flatten() {
            slot.owed &= slot.first.is_none();
            (slot.first, slot.along) = (None, false);
        }
        self.touched = 0;
    }

    /// The transaction is void: where each of its partitions has to be read again from. Those that only went along were not
    /// read in it, and go on where they are.
    pub fn rewind(&mut self) -> Vec<(InputPartition, CommitOffset)> {
        self.touched = 0;
        let back = |slot: &mut Slot| {
            let first = slot.first.take()?;
            slot.next = first;
            (!std::mem::take(&mut slot.along)).then_some((slot.partition, first))
        };
        self.slots.iter_mut().flatten().filter_map(back).collect()
    }

    pub fn partitions(&self) -> impl Iterator<Item = InputPartition> + '_ {
        self.slots.iter().flatten().map(|slot| slot.partition)
    }
}

#[cfg(test)]
mod tests;
