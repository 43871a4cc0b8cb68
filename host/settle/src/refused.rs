//! Outputs that the broker refuses for good: finding the record at fault, so that no transaction is aborted for ever.
//!
//! One refused message fails its whole request, and with it the transaction. Where a single record is named, it is the
//! culprit. Where several are, the range runs again after the rewind with one message per request: [`Refused::suspicion`]
//! says which records need that. A culprit is not produced again but dead-lettered as `output-refused`.

use std::collections::{BTreeMap, BTreeSet};
use wasmill_record::{InputPartition, Offset};

/// How a record has to be treated after an abort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspicion {
    None,
    /// One message per request, so that a refusal names it.
    Alone,
    /// Known to be refused.
    Culprit,
}

/// Culprits and suspects between an abort and the commit that settles them.
#[derive(Debug, Default)]
pub struct Refused {
    culprits: BTreeMap<(InputPartition, Offset), Refusal>,
    /// First and last suspect of each partition.
    suspects: BTreeMap<InputPartition, (Offset, Offset)>,
}

/// What the broker said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub error: String,
    pub topic: String,
    /// How often this topic refused it on its own.
    pub times: u32,
}

impl Refused {
    /// Learns from the refusals of an aborted transaction.
    pub fn learn(&mut self, refusals: impl Iterator<Item = (InputPartition, Offset, Refusal)>) {
        let mut seen: BTreeSet<(InputPartition, Offset)> = BTreeSet::new();
        let mut last = None;
        for (partition, offset, refusal) in refusals {
            seen.insert((partition, offset));
            last = Some(refusal);
        }
        let mut records = seen.iter();
        match (records.next(), records.next(), last) {
            (Some(only), None, Some(mut refusal)) => {
                let before = self.culprits.get(only).filter(|before| before.topic == refusal.topic);
                refusal.times = before.map_or(1, |before| before.times.saturating_add(1));
                self.culprits.insert(*only, refusal);
            }
            _ => {
                for (partition, offset) in seen {
                    let range = self.suspects.entry(partition).or_insert((offset, offset));
                    *range = (range.0.min(offset), range.1.max(offset));
                }
            }
        }
    }

    pub fn suspicion(&self, partition: InputPartition, offset: Offset) -> Suspicion {
        if self.culprits.is_empty() && self.suspects.is_empty() {
            return Suspicion::None;
        }
        if self.culprits.contains_key(&(partition, offset)) {
            return Suspicion::Culprit;
        }
        match self.suspects.get(&partition) {
            Some((first, last)) if (*first..=*last).contains(&offset) => Suspicion::Alone,
            _ => Suspicion::None,
        }
    }

    pub fn refusal(&self, partition: InputPartition, offset: Offset) -> Option<&Refusal> {
        self.culprits.get(&(partition, offset))
    }

    /// Records before `next` are settled: what was known of them is not needed any more.
    pub fn settled(&mut self, partition: InputPartition, next: Offset) {
        if self.culprits.is_empty() && self.suspects.is_empty() {
            return;
        }
        self.culprits.retain(|(held, offset), _| *held != partition || *offset >= next);
        self.suspects.retain(|held, (_, last)| *held != partition || *last >= next);
    }

    /// The partition is not ours any more; its next owner finds out by itself.
    pub fn forget(&mut self, partition: InputPartition) {
        self.settled(partition, Offset(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: InputPartition = InputPartition { input: 0, partition: 0 };
    const Q: InputPartition = InputPartition { input: 0, partition: 1 };

    fn refusal(partition: InputPartition, offset: i64) -> (InputPartition, Offset, Refusal) {
        (partition, Offset(offset), Refusal { error: "INVALID_RECORD".into(), topic: "out".into(), times: 0 })
    }

    #[test]
    fn a_single_refusal_names_its_record() {
        let mut refused = Refused::default();
        refused.learn([refusal(P, 7), refusal(P, 7)].into_iter());
        assert_eq!(refused.suspicion(P, Offset(7)), Suspicion::Culprit);
        assert_eq!(refused.suspicion(P, Offset(8)), Suspicion::None);
        assert_eq!(refused.refusal(P, Offset(7)).unwrap().error, "INVALID_RECORD");
    }

    #[test]
    fn refusals_by_one_topic_are_counted() {
        let mut refused = Refused::default();
        for times in 1..3 {
            refused.learn([refusal(P, 7)].into_iter());
            assert_eq!(refused.refusal(P, Offset(7)).unwrap().times, times);
        }
        let (partition, offset, mut other) = refusal(P, 7);
        other.topic = "dlq".into();
        refused.learn([(partition, offset, other)].into_iter());
        assert_eq!(refused.refusal(P, Offset(7)).unwrap().times, 1, "another topic counts anew");
    }

    #[test]
    fn of_several_each_is_tried_alone() {
        let mut refused = Refused::default();
        refused.learn([refusal(P, 7), refusal(P, 9), refusal(Q, 3)].into_iter());
        for (partition, offset, expected) in [
            (P, 6, Suspicion::None),
            (P, 7, Suspicion::Alone),
            (P, 8, Suspicion::Alone),
            (P, 9, Suspicion::Alone),
            (P, 10, Suspicion::None),
            (Q, 3, Suspicion::Alone),
        ] {
            assert_eq!(refused.suspicion(partition, Offset(offset)), expected, "{partition} {offset}");
        }
        refused.learn([refusal(P, 8)].into_iter());
        assert_eq!(refused.suspicion(P, Offset(8)), Suspicion::Culprit, "found on its own");
    }

    #[test]
    fn what_is_settled_is_forgotten() {
        let mut refused = Refused::default();
        refused.learn([refusal(P, 7), refusal(P, 9)].into_iter());
        refused.learn([refusal(P, 8)].into_iter());
        refused.settled(P, Offset(9));
        assert_eq!(refused.suspicion(P, Offset(8)), Suspicion::Alone, "the range ends with its last suspect");
        refused.settled(P, Offset(10));
        assert_eq!(refused.suspicion(P, Offset(9)), Suspicion::None);
    }

    #[test]
    fn no_refusals_teach_nothing() {
        let mut refused = Refused::default();
        refused.learn(std::iter::empty());
        assert_eq!(refused.suspicion(P, Offset(0)), Suspicion::None);
    }
}
