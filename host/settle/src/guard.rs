//! Refusing to commit under a membership that no longer covers the transaction (R1.5, R1.6).
//!
//! The broker does not do it for us: it accepts generation -1 with an empty member id unvalidated, even in a live group,
//! and after a rejoin fresh metadata is valid again for a worker that has lost its partition.

use crate::{Books, Slot};
use wasmill_record::{Failure, Membership};

/// Every touched partition is still held under the epoch it was started with. Ask together with reading the metadata.
pub fn check_epochs(books: &Books, touched: impl Iterator<Item = Slot>) -> Result<(), Failure> {
    for slot in touched {
        if !books.owns(slot.partition, slot.epoch) {
            return Err(Failure::guard(format!("partition {} is not held under epoch {}", slot.partition, slot.epoch)));
        }
    }
    Ok(())
}

/// The metadata names a member of a generation.
pub fn check_membership(membership: &impl Membership) -> Result<(), Failure> {
    if membership.generation() < 0 || !membership.has_member_id() {
        return Err(Failure::guard(format!("not a member of the group (generation {})", membership.generation())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tracker;
    use wasmill_record::{CommitOffset, InputPartition, Offset};

    struct Metadata(i32, bool);

    impl Membership for Metadata {
        fn generation(&self) -> i32 {
            self.0
        }
        fn has_member_id(&self) -> bool {
            self.1
        }
    }

    #[test]
    fn metadata_of_no_member_is_never_sent() {
        assert!(check_membership(&Metadata(3, true)).is_ok());
        for dead in [Metadata(-1, false), Metadata(-1, true), Metadata(3, false)] {
            assert!(check_membership(&dead).is_err());
        }
    }

    #[test]
    fn a_partition_that_left_and_came_back_is_not_the_same() {
        let partition = InputPartition::new(0, 1);
        let mut books = Books::default();
        let epoch = books.assigned(&[partition]);
        let mut tracker = Tracker::default();
        let slot = tracker.start(partition, epoch, CommitOffset::at(0)).unwrap();
        tracker.settle(slot, Offset(0));
        assert!(check_epochs(&books, tracker.touched()).is_ok());
        books.gone(&[partition]);
        assert!(check_epochs(&books, tracker.touched()).is_err());
        books.assigned(&[partition]);
        assert!(check_epochs(&books, tracker.touched()).is_err());
    }
}
