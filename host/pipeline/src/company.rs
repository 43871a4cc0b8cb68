//! How many records of a partition go into one call, after a call that failed although each of its records passes alone.
//!
//! Then it was their number, or what they are together, so calls for that partition get half as many; others are not made
//! slower. It grows back by doubling, as far as a whole batch. What a call costs in time is the plugin's own matter
//! ([`wasmill_record::Invoke::batch_max`]).

use std::collections::BTreeMap;
use wasmill_record::InputPartition;

/// Calls of full size, one after the other, that went well before the size doubles. Fewer would make every other call of a
/// partition fail that always has too many in one; more would keep it slow long after a passing cause.
const GOOD_CALLS: u32 = 16;

/// At most one limit per partition, so bounded by the assignment; most often there is none.
#[derive(Debug, Default)]
pub(crate) struct Company(BTreeMap<InputPartition, Limit>);

#[derive(Debug)]
struct Limit {
    most: usize,
    good: u32,
}

impl Company {
    /// The most records of one call, >= 1.
    pub(crate) fn most(&self, partition: InputPartition) -> usize {
        self.0.get(&partition).map_or(usize::MAX, |limit| limit.most)
    }

    /// A call of `count` records failed, and none of them alone.
    pub(crate) fn failed(&mut self, partition: InputPartition, count: usize) {
        self.0.insert(partition, Limit { most: (count / 2).max(1), good: 0 });
    }

    /// A call of `count` records was answered. There is no limit any more once it would be `full`, the size of a batch.
    pub(crate) fn answered(&mut self, partition: InputPartition, count: usize, full: usize) {
        let Some(limit) = self.0.get_mut(&partition) else { return };
        if count < limit.most {
            return;
        }
        limit.good += 1;
        if limit.good >= GOOD_CALLS {
            *limit = Limit { most: limit.most.saturating_mul(2), good: 0 };
            if limit.most >= full {
                self.0.remove(&partition);
            }
        }
    }

    /// The partition is not ours any more.
    pub(crate) fn forget(&mut self, partition: InputPartition) {
        self.0.remove(&partition);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: usize = 256;

    fn partition(number: i32) -> InputPartition {
        InputPartition::new(0, number)
    }

    #[test]
    fn a_failure_in_company_halves_the_calls_of_its_partition_only() {
        let mut company = Company::default();
        company.failed(partition(3), 200);
        assert_eq!((company.most(partition(3)), company.most(partition(4))), (100, usize::MAX));
        company.failed(partition(3), 100);
        company.failed(partition(3), 2);
        company.failed(partition(3), 1);
        assert_eq!(company.most(partition(3)), 1, "never none");
        company.forget(partition(3));
        assert_eq!(company.most(partition(3)), usize::MAX);
    }

    #[test]
    fn it_doubles_back_after_full_calls_and_is_forgotten_at_the_size_of_a_batch() {
        let mut company = Company::default();
        company.failed(partition(0), FULL);
        let mut answered = |count, times| {
            (0..times).for_each(|_| company.answered(partition(0), count, FULL));
            company.most(partition(0))
        };
        assert_eq!(answered(127, 100), 128, "calls that were not full say nothing");
        assert_eq!(answered(128, 15), 128);
        assert_eq!(answered(128, 1), usize::MAX);
        company.failed(partition(0), 128);
        (0..16).for_each(|_| company.answered(partition(0), 64, FULL));
        assert_eq!(company.most(partition(0)), 128);
    }
}
