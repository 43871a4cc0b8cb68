//! What was found wrong: exact counts per kind, and the first findings of each kind in words.

use std::collections::BTreeMap;
use std::fmt;

/// Findings in words per kind; the rest is only counted. More would drown the first one, which is usually the cause.
pub const LISTED_PER_KIND_MAX: usize = 20;

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The input is empty: nothing was proven.
    NoRecords,
    /// The input holds another number of records than were sent.
    WrongCount,
    /// An input record without a sequence number can't be followed.
    UnnumberedInput,
    /// Two input records with one sequence number.
    RepeatedInput,
    /// A record in an output or among the dead letters that no input record accounts for.
    Foreign,
    /// In no output and no dead letter.
    Lost,
    /// More than once in the outputs, or more than once among the dead letters.
    Duplicate,
    /// Both written and dead-lettered.
    OutputAndDeadLetter,
    /// Written although the rule rejects it.
    WronglyForwarded,
    /// Dead-lettered although the rule accepts it.
    WronglyDeadLettered,
    ChangedKey,
    ChangedValue,
    ChangedHeaders,
    ChangedTimestamp,
    /// After a record of the same input partition and key that came later.
    OutOfOrder,
    /// In another partition than the configuration says.
    WrongPartition,
    /// A dead letter that names another source than its own, or another group.
    DeadLetterSource,
    /// A dead letter with another code than the rule's.
    DeadLetterCode,
    /// A header of a dead letter is missing, doubled, or not of its form.
    DeadLetterHeader,
    /// An output of a counting pipeline with another number than its record has.
    WrongNumber,
    /// A change of a key that no input record has.
    ChangelogForeign,
    /// A change to what the key never counted.
    ChangelogValue,
    /// A change to a number that is not above the one before.
    ChangelogOrder,
    /// The last change of a key is not its last number.
    ChangelogLast,
    /// A key without a change.
    ChangelogLost,
    /// A partition whose last stable offset stays below its end.
    OpenTransaction,
    /// The group's committed offset is not the end of the input.
    Position,
    /// The concurrent reader was given a record that is not in the log.
    ReaderSawUncommitted,
    /// The concurrent reader passed over a record of the log.
    ReaderMissed,
    /// The concurrent reader saw other contents at this offset.
    ReaderSawOther,
    /// The concurrent reader was given an offset again, or an earlier one.
    ReaderRepeated,
}

/// Bounded list, exact counts.
#[derive(Debug, Default)]
pub struct Findings {
    kinds: BTreeMap<Kind, Found>,
}

#[derive(Debug, Default)]
struct Found {
    count: u64,
    listed: Vec<String>,
}

impl Findings {
    /// Counts one finding; `text` is only asked for while the list of its kind has room.
    pub fn add(&mut self, kind: Kind, text: impl FnOnce() -> String) {
        let found = self.kinds.entry(kind).or_default();
        found.count += 1;
        if found.listed.len() < LISTED_PER_KIND_MAX {
            found.listed.push(text());
        }
    }

    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// How many of each kind, in the order of [`Kind`].
    pub fn counts(&self) -> Vec<(Kind, u64)> {
        self.kinds.iter().map(|(kind, found)| (*kind, found.count)).collect()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, found) in &self.kinds {
            writeln!(f, "{kind:?}: {}", found.count)?;
            for text in &found.listed {
                writeln!(f, "  {text}")?;
            }
            if found.count > found.listed.len() as u64 {
                writeln!(f, "  ... and {} more", found.count - found.listed.len() as u64)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_bounded_and_the_count_is_not() {
        let mut findings = Findings::default();
        for number in 0..1000 {
            findings.add(Kind::Lost, || format!("record {number}"));
        }
        assert_eq!(findings.counts(), [(Kind::Lost, 1000)]);
        let shown = findings.to_string();
        assert!(shown.contains("record 19\n") && !shown.contains("record 20\n"), "{shown}");
        assert!(shown.contains("and 980 more"), "{shown}");
    }
}
