use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

fn partition(number: i32) -> InputPartition {
    InputPartition::new(0, number)
}

#[test]
fn a_commit_holds_every_touched_partition_moved_or_not() {
    let mut tracker = Tracker::default();
    let moved = tracker.start(partition(0), 1, CommitOffset::at(10)).unwrap();
    let waits = tracker.start(partition(1), 1, CommitOffset::at(20)).unwrap();
    tracker.start(partition(2), 1, CommitOffset::at(30)).unwrap();
    tracker.settle(moved, Offset(14));
    tracker.touch(waits);
    let positions = tracker.positions();
    let expected = [(partition(0), 15), (partition(1), 20)];
    assert_eq!(positions, expected.map(|(partition, at)| Position { partition, next: CommitOffset::at(at) }));
}

#[test]
fn a_rewind_goes_to_the_first_position_of_the_open_transaction() {
    let mut tracker = Tracker::default();
    let slot = tracker.start(partition(0), 1, CommitOffset::at(10)).unwrap();
    tracker.settle(slot, Offset(11));
    tracker.commit();
    tracker.settle(slot, Offset(12));
    tracker.settle(slot, Offset(40));
    assert_eq!(tracker.rewind(), [(partition(0), CommitOffset::at(12))]);
    assert!(!tracker.is_touched());
    assert_eq!(tracker.get(slot).unwrap().next, CommitOffset::at(12));
}

#[test]
fn a_stopped_partition_is_neither_committed_nor_rewound() {
    let mut tracker = Tracker::default();
    let slot = tracker.start(partition(0), 1, CommitOffset::at(0)).unwrap();
    tracker.settle(slot, Offset(3));
    tracker.stop(partition(0));
    assert!(!tracker.is_touched());
    assert!(tracker.positions().is_empty() && tracker.rewind().is_empty());
    let again = tracker.start(partition(7), 2, CommitOffset::at(5)).unwrap();
    assert_eq!(again, slot, "slots are used again");
}

#[test]
fn a_position_that_is_owed_stays_so_until_it_is_committed() {
    let mut tracker = Tracker::default();
    let slot = tracker.start(partition(0), 1, CommitOffset::at(10)).unwrap();
    tracker.owe(slot);
    assert_eq!(tracker.owed(), [slot]);
    tracker.touch(slot);
    assert!(tracker.owed().is_empty(), "it is in the open transaction");
    tracker.rewind();
    assert_eq!(tracker.owed(), [slot], "which became void");
    tracker.touch(slot);
    tracker.commit();
    assert!(tracker.owed().is_empty());
}

// R1.3
#[test]
fn the_other_inputs_of_a_touched_partition_are_committed_with_it() {
    let mut tracker = Tracker::default();
    let leader = tracker.start(partition(0), 1, CommitOffset::at(10)).unwrap();
    tracker.start(partition(1), 1, CommitOffset::at(20)).unwrap();
    tracker.start(InputPartition::new(1, 0), 1, CommitOffset::at(30)).unwrap();
    let last = tracker.start(InputPartition::new(2, 0), 1, CommitOffset::at(40)).unwrap();
    for (moved, at) in [(leader, 10), (last, 40)] {
        tracker.settle(moved, Offset(at));
        let sent: Vec<InputPartition> = tracker.positions().iter().map(|position| position.partition).collect();
        assert_eq!(sent, [(0, 0), (1, 0), (2, 0)].map(|(input, number)| InputPartition::new(input, number)));
        tracker.commit();
        assert!(!tracker.is_touched());
    }
}

#[test]
fn what_only_went_along_is_not_read_again() {
    let mut tracker = Tracker::default();
    let leader = tracker.start(partition(0), 1, CommitOffset::at(10)).unwrap();
    let follower = tracker.start(InputPartition::new(1, 0), 1, CommitOffset::at(30)).unwrap();
    tracker.settle(leader, Offset(10));
    assert_eq!(tracker.rewind(), [(partition(0), CommitOffset::at(10))]);
    assert!(!tracker.is_touched());
    // It was read, and stands where it was.
    tracker.settle(leader, Offset(10));
    tracker.touch(follower);
    assert_eq!(tracker.rewind().len(), 2);
    tracker.touch(leader);
    assert_eq!(tracker.rewind().len(), 1, "that was in the transaction before");
}

#[derive(Debug, Clone)]
enum Move {
    Settle(i32, i64),
    Touch(i32),
    Commit,
    Rewind,
    Restart(i32),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        6 => (0..4i32, 0..50i64).prop_map(|(p, by)| Move::Settle(p, by)),
        1 => (0..4i32).prop_map(Move::Touch),
        2 => Just(Move::Commit),
        1 => Just(Move::Rewind),
        1 => (0..4i32).prop_map(Move::Restart),
    ];
    prop::collection::vec(one, 0..200)
}

proptest! {
    /// Against the plainest model there is: a map of committed and one of open positions.
    #[test]
    fn committed_positions_never_go_back_and_rewinds_meet_them(moves in moves()) {
        let mut tracker = Tracker::default();
        let mut committed: HashMap<i32, i64> = (0..4).map(|p| (p, 0)).collect();
        let mut open: HashMap<i32, i64> = HashMap::new();
        for number in 0..4 {
            tracker.start(partition(number), 1, CommitOffset::at(0)).unwrap();
        }
        for step in moves {
            match step {
                Move::Settle(p, by) => {
                    let (slot, held) = tracker.find(partition(p)).unwrap();
                    let offset = held.next.next() + by;
                    tracker.settle(slot, Offset(offset));
                    open.insert(p, offset + 1);
                }
                Move::Touch(p) => {
                    let (slot, held) = tracker.find(partition(p)).unwrap();
                    tracker.touch(slot);
                    open.entry(p).or_insert(held.next.next());
                }
                Move::Commit => {
                    let mut sent: Vec<_> = tracker.positions().iter().map(|p| (p.partition.partition, p.next.next())).collect();
                    let mut expected: Vec<_> = open.drain().collect();
                    sent.sort_unstable();
                    expected.sort_unstable();
                    prop_assert_eq!(&sent, &expected);
                    for (p, at) in sent {
                        prop_assert!(at >= committed[&p]);
                        committed.insert(p, at);
                    }
                    tracker.commit();
                }
                Move::Rewind => {
                    for (partition, to) in tracker.rewind() {
                        prop_assert_eq!(to.next(), committed[&partition.partition]);
                    }
                    open.clear();
                }
                Move::Restart(p) => {
                    tracker.start(partition(p), 2, CommitOffset::at(committed[&p])).unwrap();
                    open.remove(&p);
                }
            }
            prop_assert_eq!(tracker.is_touched(), !open.is_empty());
        }
    }
}
