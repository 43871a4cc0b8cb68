//! The numbers that a counting pipeline gives to the records of each key, and what its changelog keeps of them.
//!
//! Numbers are counted by input partition, because state is: a key that has moved to another partition begins anew there.
//! Records without a key count under the empty one.

use std::collections::HashMap;

use crate::findings::{Findings, Kind};
use crate::record::{Place, Record};

/// Input partition and key.
type Lane = (i32, Vec<u8>);

/// What was counted in the input, and what was read of the changelog. Memory goes by distinct keys.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    counted: HashMap<Lane, u64>,
    /// The last change of each key: its value, `None` for one that is no number.
    kept: HashMap<Lane, Option<u64>>,
}

impl Counts {
    /// The number of an input record: one more than the last one of its key has.
    pub(crate) fn next(&mut self, record: &Record<'_>) -> u64 {
        let number = self.counted.entry(lane(record)).or_default();
        *number += 1;
        *number
    }

    /// A record of the changelog. Compaction may have taken any but the last of its key; so those that are left ascend.
    pub(crate) fn change(&mut self, topic: &str, record: &Record<'_>, findings: &mut Findings) {
        let at = Place { topic, partition: record.partition, offset: record.offset };
        let lane = lane(record);
        let number = record.value.and_then(number);
        let Some(counted) = self.counted.get(&lane) else {
            return findings.add(Kind::ChangelogForeign, || format!("{at}: no input record has this key"));
        };
        if number.is_none_or(|number| number == 0 || number > *counted) {
            findings.add(Kind::ChangelogValue, || format!("{at}: {number:?}, the key has 1 to {counted}"));
        }
        if let Some(before) = self.kept.insert(lane, number)
            && number <= before
        {
            findings.add(Kind::ChangelogOrder, || format!("{at}: {number:?} after {before:?}"));
        }
    }

    /// All of the changelog was fed: its last word about each key is how many records the key has.
    pub(crate) fn finish(&self, topic: &str, findings: &mut Findings) {
        for (lane, counted) in &self.counted {
            let (partition, key) = (lane.0, String::from_utf8_lossy(&lane.1));
            match self.kept.get(lane) {
                None => findings
                    .add(Kind::ChangelogLost, || format!("{topic}[{partition}] has no `{key}`, which has {counted}")),
                Some(kept) if *kept != Some(*counted) => findings.add(Kind::ChangelogLast, || {
                    format!("{topic}[{partition}] ends with {kept:?} for `{key}`, which has {counted}")
                }),
                Some(_) => {}
            }
        }
    }
}

/// The number and the rest of an output's value, `<number> <rest>`.
pub(crate) fn split(value: &[u8]) -> Option<(u64, &[u8])> {
    let at = value.iter().position(|byte| *byte == b' ')?;
    let (head, rest) = value.split_at(at);
    Some((number(head)?, rest.get(1..)?))
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn lane(record: &Record<'_>) -> Lane {
    (record.partition, record.key.unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests;
