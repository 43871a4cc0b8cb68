//! The order between inputs: among what is in hand, the record with the smaller timestamp first.
//!
//! Best effort, and no more is promised: one look at what the client library has fetched, never a wait for an input that has
//! nothing. The order within an input is that of its offsets, whatever its timestamps say.

use std::collections::{BTreeMap, VecDeque};

/// Where a message belongs, and when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the input.
    pub(super) input: u16,
    pub(super) partition: i32,
    /// `None`: unknown, or not a record; goes at once.
    pub(super) timestamp: Option<i64>,
}

/// What is in hand of the inputs of one partition number, each in its order.
type Inputs<T> = BTreeMap<u16, VecDeque<(Option<i64>, T)>>;

/// The same messages, those of one partition number together, partitions in the order in which they came first. Batches are
/// cut where the input changes.
pub(super) fn by_timestamp<T>(taken: VecDeque<T>, place: impl Fn(&T) -> Place) -> VecDeque<T> {
    let mut ordered = VecDeque::with_capacity(taken.len());
    let mut turns = Vec::new();
    let mut partitions: BTreeMap<i32, Inputs<T>> = BTreeMap::new();
    for message in taken {
        let Place { input, partition, timestamp } = place(&message);
        let inputs = partitions.entry(partition).or_insert_with(|| {
            turns.push(partition);
            BTreeMap::new()
        });
        inputs.entry(input).or_default().push_back((timestamp, message));
    }
    for mut inputs in turns.into_iter().filter_map(|partition| partitions.remove(&partition)) {
        let head = |inputs: &Inputs<T>| {
            let heads = inputs.iter().filter_map(|(input, queue)| Some((queue.front()?.0, *input)));
            // An unknown timestamp comes before every other; of equal ones the lower input goes first.
            heads.min().map(|(_, input)| input)
        };
        while let Some(input) = head(&inputs) {
            ordered.extend(inputs.get_mut(&input).and_then(VecDeque::pop_front).map(|(_, message)| message));
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ordered(messages: &[(u16, i32, i64)]) -> Vec<(u16, i32, i64)> {
        let place = |&(input, partition, at): &(u16, i32, i64)| Place { input, partition, timestamp: Some(at) };
        by_timestamp(messages.iter().copied().collect(), place).into()
    }

    #[test]
    fn an_older_record_of_another_input_goes_first_and_cuts_the_run() {
        let orders = [(0, 3, 10), (0, 3, 20), (0, 3, 30)];
        let stock = [(1, 3, 15), (1, 3, 16), (1, 3, 30)];
        let expected = [orders[0], stock[0], stock[1], orders[1], orders[2], stock[2]];
        assert_eq!(ordered(&[orders, stock].concat()), expected);
        assert_eq!(ordered(&[stock, orders].concat()), expected);
    }

    #[test]
    fn an_input_that_has_nothing_is_not_waited_for() {
        assert_eq!(ordered(&[(1, 0, 99), (1, 0, 98)]), [(1, 0, 99), (1, 0, 98)]);
    }

    #[test]
    fn what_has_no_timestamp_goes_at_once_and_in_its_place() {
        let messages = [(0, Some(5)), (0, None), (1, None), (1, Some(1))];
        let place = |&(input, timestamp): &(u16, Option<i64>)| Place { input, partition: 0, timestamp };
        let found: Vec<_> = by_timestamp(messages.into(), place).into();
        assert_eq!(found, [(1, None), (1, Some(1)), (0, Some(5)), (0, None)]);
    }

    #[test]
    fn partitions_keep_their_turns() {
        let found = ordered(&[(0, 7, 50), (0, 2, 1), (1, 7, 40)]);
        assert_eq!(found, [(1, 7, 40), (0, 7, 50), (0, 2, 1)]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_every_input_partition_keeps_its_order(
            places in prop::collection::vec((0u16..3, 0i32..3, 0i64..20), 0..60),
        ) {
            let messages: VecDeque<_> = places.iter().copied().enumerate().collect();
            let place = |&(_, (input, partition, at)): &(usize, (u16, i32, i64))| {
                Place { input, partition, timestamp: Some(at) }
            };
            let found = by_timestamp(messages, place);
            prop_assert_eq!(found.len(), places.len());
            for input in 0..3 {
                for partition in 0..3 {
                    let of = |(_, (i, p, _)): &&(usize, (u16, i32, i64))| (*i, *p) == (input, partition);
                    let numbers: Vec<usize> = found.iter().filter(of).map(|(number, _)| *number).collect();
                    prop_assert!(numbers.is_sorted());
                    let all = places.iter().filter(|(i, p, _)| (*i, *p) == (input, partition)).count();
                    prop_assert_eq!(numbers.len(), all);
                }
            }
        }
    }
}
