//! Which partitions we hold, and how far each has come: the rebalance moves.
//!
//! ```text
//!             assigned            started            giving             gone
//!  (not held) --------> Taking(e) -------> Started(e) ------> Giving(e) -----> (not held)
//!                          \------------------- giving ---------^   |
//!                           \--------------------- gone (lost) ------+
//! ```
//! Every assignment has a new epoch `e`. Moves that come late (a restore that ends after a revoke, a second revoke) are
//! legal and change nothing: the answer says so.

use std::collections::BTreeMap;
use wasmill_record::InputPartition;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Assigned; its start position is being looked up or its state restored.
    Taking { epoch: u64 },
    /// A worker reads it.
    Started { epoch: u64 },
    /// Revoked; the worker ends what it has of it.
    Giving { epoch: u64 },
}

impl Held {
    pub fn epoch(self) -> u64 {
        match self {
            Held::Taking { epoch } | Held::Started { epoch } | Held::Giving { epoch } => epoch,
        }
    }
}

#[derive(Debug, Default)]
pub struct Books {
    held: BTreeMap<InputPartition, Held>,
    last_epoch: u64,
}

impl Books {
    /// The group gave us these; their epoch. One that was held already starts anew.
    pub fn assigned(&mut self, partitions: &[InputPartition]) -> u64 {
        self.last_epoch += 1;
        let epoch = self.last_epoch;
        for partition in partitions {
            self.held.insert(*partition, Held::Taking { epoch });
        }
        epoch
    }

    /// The start position is known; whether the worker should still be told.
    pub fn started(&mut self, partition: InputPartition, epoch: u64) -> bool {
        match self.held.get_mut(&partition) {
            Some(held) if *held == (Held::Taking { epoch }) => {
                *held = Held::Started { epoch };
                true
            }
            _ => false,
        }
    }

    /// The group takes these back in good order; those of them that we do hold. Commits of theirs are still ours.
    pub fn giving(&mut self, partitions: &[InputPartition]) -> Vec<InputPartition> {
        let mut ours = Vec::with_capacity(partitions.len());
        for partition in partitions {
            if let Some(held) = self.held.get_mut(partition) {
                *held = Held::Giving { epoch: held.epoch() };
                ours.push(*partition);
            }
        }
        ours
    }

    /// Unassigned, or lost: nothing of theirs may be committed any more.
    pub fn gone(&mut self, partitions: &[InputPartition]) {
        for partition in partitions {
            self.held.remove(partition);
        }
    }

    /// Whether the partition is ours under exactly this assignment.
    pub fn owns(&self, partition: InputPartition, epoch: u64) -> bool {
        self.held.get(&partition).is_some_and(|held| held.epoch() == epoch)
    }

    /// Whether a start is still wanted.
    pub fn is_taking(&self, partition: InputPartition, epoch: u64) -> bool {
        self.held.get(&partition) == Some(&Held::Taking { epoch })
    }

    pub fn get(&self, partition: InputPartition) -> Option<Held> {
        self.held.get(&partition).copied()
    }

    pub fn len(&self) -> usize {
        self.held.len()
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn partition(number: i32) -> InputPartition {
        InputPartition::new(0, number)
    }

    #[test]
    fn a_partition_is_taken_started_given() {
        let mut books = Books::default();
        let epoch = books.assigned(&[partition(0), partition(1)]);
        assert!(books.started(partition(0), epoch));
        assert_eq!(books.giving(&[partition(0)]), [partition(0)]);
        assert!(books.owns(partition(0), epoch), "its last transaction may still commit");
        books.gone(&[partition(0)]);
        assert!(!books.owns(partition(0), epoch));
        assert!(books.owns(partition(1), epoch));
    }

    #[test]
    fn a_revoke_during_a_restore_wins() {
        let mut books = Books::default();
        let epoch = books.assigned(&[partition(0)]);
        books.giving(&[partition(0)]);
        assert!(!books.started(partition(0), epoch), "the worker is never told to start");
    }

    #[test]
    fn a_restore_of_an_earlier_assignment_starts_nothing() {
        let mut books = Books::default();
        let old = books.assigned(&[partition(0)]);
        books.gone(&[partition(0)]);
        let new = books.assigned(&[partition(0)]);
        assert!(!books.started(partition(0), old));
        assert!(books.started(partition(0), new));
        assert!(!books.started(partition(0), new), "once is enough");
    }

    #[test]
    fn new_partitions_during_a_restore_leave_the_others_alone() {
        let mut books = Books::default();
        let first = books.assigned(&[partition(0)]);
        let second = books.assigned(&[partition(1)]);
        assert!(second > first);
        assert!(books.started(partition(0), first) && books.started(partition(1), second));
    }

    #[test]
    fn giving_what_is_not_held_is_answered_with_nothing() {
        assert!(Books::default().giving(&[partition(3)]).is_empty());
    }

    proptest! {
        /// Whatever happens, nobody owns a partition under two epochs, and an epoch never comes back.
        #[test]
        fn an_epoch_is_owned_at_most_once(moves in prop::collection::vec((0u8..4, 0i32..3), 0..100)) {
            let mut books = Books::default();
            let mut dead: Vec<(i32, u64)> = Vec::new();
            let mut current: BTreeMap<i32, u64> = BTreeMap::new();
            for (kind, number) in moves {
                match kind {
                    0 => {
                        let epoch = books.assigned(&[partition(number)]);
                        if let Some(old) = current.insert(number, epoch) {
                            dead.push((number, old));
                        }
                    }
                    1 => {
                        books.gone(&[partition(number)]);
                        if let Some(old) = current.remove(&number) {
                            dead.push((number, old));
                        }
                    }
                    2 => {
                        books.giving(&[partition(number)]);
                    }
                    _ => {
                        books.started(partition(number), current.get(&number).copied().unwrap_or(0));
                    }
                }
                for (number, epoch) in &dead {
                    prop_assert!(!books.owns(partition(*number), *epoch));
                }
                for (number, epoch) in &current {
                    prop_assert!(books.owns(partition(*number), *epoch));
                }
            }
        }
    }
}
