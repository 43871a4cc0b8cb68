//! The comparison itself: fed every record of the input, then of the outputs and the dead letters, it lists what is wrong.
//!
//! Knows no Kafka. What state has to become is known for pipelines that count. Records are told apart by a sequence number in a header; contents are kept as digests. Order is
//! checked per input partition and key within each partition of an output: what two keys or two input partitions do to
//! each other is no part of the promise.

use std::collections::HashMap;

use crate::counts::{self, Counts};
use crate::dead_letter::{self, Source};
use crate::findings::{Findings, Kind};
use crate::murmur2;
use crate::record::{Place, Record, digest};

/// What the pipeline was configured to do, and how much of it.
#[derive(Debug, Clone)]
pub struct Promise {
    pub input: String,
    pub group: String,
    /// Records that were sent to the input.
    pub expected: u64,
    /// `None`: every record is written.
    pub rejects: Option<Rejects>,
    pub partition: Partition,
    /// The changelog of a counting pipeline: its outputs are `<n> <value>` for the n-th record of a key, and the changelog
    /// keeps n. `None`: values are written as they came.
    pub counts: Option<String>,
    /// The header that numbers the records.
    pub sequence_header: String,
}

/// Records that are dead-lettered: those whose value contains `marker`.
#[derive(Debug, Clone)]
pub struct Rejects {
    pub marker: Vec<u8>,
    pub code: String,
}

/// The partition of the output, as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partition {
    /// The number of the input partition, modulo the output's count.
    Source,
    /// murmur2 of the key; without a key as `Source`.
    Key,
}

/// A topic that is compared with the input.
#[derive(Debug, Clone)]
pub struct Topic {
    pub name: String,
    pub partitions: i32,
}

/// What was counted, and what was found.
#[derive(Debug)]
pub struct Report {
    pub inputs: u64,
    pub outputs: u64,
    pub dead_letters: u64,
    pub findings: Findings,
}

/// Books over all records. Feed all of the input first.
#[derive(Debug)]
pub struct Comparison {
    promise: Promise,
    entries: Vec<Entry>,
    by_sequence: HashMap<u64, u32>,
    /// Digest of (topic, partition, input partition, key) -> the highest input offset seen there.
    last: HashMap<u64, i64>,
    counts: Counts,
    inputs: u64,
    outputs: u64,
    dead_letters: u64,
    findings: Findings,
}

#[derive(Debug)]
struct Entry {
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
    key: u64,
    value: u64,
    headers: u64,
    /// Of a counting pipeline: the record's number among those of its key.
    number: u64,
    rejected: bool,
    written: bool,
    dead_lettered: bool,
}

impl Comparison {
    pub fn new(promise: Promise) -> Comparison {
        Comparison {
            promise,
            entries: Vec::new(),
            by_sequence: HashMap::new(),
            last: HashMap::new(),
            counts: Counts::default(),
            inputs: 0,
            outputs: 0,
            dead_letters: 0,
            findings: Findings::default(),
        }
    }

    /// A record of the input.
    pub fn input(&mut self, record: &Record<'_>) {
        self.inputs += 1;
        let at = Place { topic: &self.promise.input, partition: record.partition, offset: record.offset };
        let Some(sequence) = record.sequence(&self.promise.sequence_header) else {
            return self.findings.add(Kind::UnnumberedInput, || at.to_string());
        };
        if self.by_sequence.contains_key(&sequence) {
            return self.findings.add(Kind::RepeatedInput, || format!("number {sequence} again at {at}"));
        }
        self.by_sequence.insert(sequence, self.entries.len() as u32);
        let rejected = self.promise.rejects.as_ref().is_some_and(|rule| rule.matches(record.value));
        let counts = self.promise.counts.is_some() && !rejected;
        let number = if counts { self.counts.next(record) } else { 0 };
        self.entries.push(Entry {
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
            key: digest(&record.key),
            value: digest(&record.value),
            headers: digest(&record.headers),
            number,
            rejected,
            written: false,
            dead_lettered: false,
        });
    }

    /// A record of an output.
    pub fn output(&mut self, topic: &Topic, record: &Record<'_>) {
        self.outputs += 1;
        let Some(index) = self.source(topic, record) else { return };
        let repeated = std::mem::replace(&mut self.entries[index].written, true);
        let partition = match (self.promise.partition, record.key) {
            (Partition::Key, Some(key)) => murmur2::partition(key, topic.partitions),
            _ => self.entries[index].partition % topic.partitions.max(1),
        };
        let value = self.value(topic, record, index);
        self.check(topic, record, index, repeated, Seen { partition, value, headers: digest(&record.headers) });
    }

    /// The digest of what an output makes of its record's value. The number before it is looked at here.
    fn value(&mut self, topic: &Topic, record: &Record<'_>, index: usize) -> u64 {
        let (Some(value), true) = (record.value, self.promise.counts.is_some()) else { return digest(&record.value) };
        let Entry { number, value: source, .. } = self.entries[index];
        let at = Place { topic: &topic.name, partition: record.partition, offset: record.offset };
        // Without a number it is compared whole, and found changed.
        let Some((found, rest)) = counts::split(value) else { return digest(&record.value) };
        if found != number {
            self.findings.add(Kind::WrongNumber, || format!("{at}: {found}, its record is the key's number {number}"));
        }
        // Nothing behind the number stands for a null value, too.
        let null = digest(&None::<&[u8]>);
        if rest.is_empty() && source == null { null } else { digest(&Some(rest)) }
    }

    /// A record of the changelog; only of a counting pipeline.
    pub fn change(&mut self, record: &Record<'_>) {
        if let Some(topic) = &self.promise.counts {
            self.counts.change(topic, record, &mut self.findings);
        }
    }

    /// A record of the dead-letter topic.
    pub fn dead_letter(&mut self, topic: &Topic, record: &Record<'_>) {
        self.dead_letters += 1;
        let Some(index) = self.source(topic, record) else { return };
        let entry = &mut self.entries[index];
        let repeated = std::mem::replace(&mut entry.dead_lettered, true);
        let partition = entry.partition % topic.partitions.max(1);
        let source = Source {
            place: Place { topic: &self.promise.input, partition: entry.partition, offset: entry.offset },
            timestamp: entry.timestamp,
            group: &self.promise.group,
            code: self.promise.rejects.as_ref().filter(|_| entry.rejected).map(|rule| rule.code.as_str()),
        };
        let at = Place { topic: &topic.name, partition: record.partition, offset: record.offset };
        dead_letter::check(&source, record, at, &mut self.findings);
        let (own, _) = dead_letter::split(record.headers);
        let seen = Seen { partition, value: digest(&record.value), headers: digest(&own) };
        self.check(topic, record, index, repeated, seen);
    }

    /// Everything was fed: what is still missing is lost.
    pub fn finish(mut self) -> Report {
        let (expected, inputs) = (self.promise.expected, self.inputs);
        if inputs == 0 {
            self.findings.add(Kind::NoRecords, || format!("{} is empty", self.promise.input));
        }
        if inputs != expected {
            self.findings
                .add(Kind::WrongCount, || format!("{expected} records sent, {inputs} in {}", self.promise.input));
        }
        for entry in &self.entries {
            let kind = match (entry.written, entry.dead_lettered, entry.rejected) {
                (true, false, false) | (false, true, true) => continue,
                (false, false, _) => Kind::Lost,
                (true, true, _) => Kind::OutputAndDeadLetter,
                (true, false, true) => Kind::WronglyForwarded,
                (false, true, false) => Kind::WronglyDeadLettered,
            };
            let place = Place { topic: &self.promise.input, partition: entry.partition, offset: entry.offset };
            self.findings.add(kind, || place.to_string());
        }
        if let Some(topic) = &self.promise.counts {
            self.counts.finish(topic, &mut self.findings);
        }
        Report { inputs, outputs: self.outputs, dead_letters: self.dead_letters, findings: self.findings }
    }

    /// The input record that `record` says it is.
    fn source(&mut self, topic: &Topic, record: &Record<'_>) -> Option<usize> {
        let sequence = record.sequence(&self.promise.sequence_header);
        let index = sequence.and_then(|sequence| self.by_sequence.get(&sequence));
        if index.is_none() {
            let at = Place { topic: &topic.name, partition: record.partition, offset: record.offset };
            self.findings.add(Kind::Foreign, || format!("{at} (number {sequence:?}) has no input record"));
        }
        index.map(|index| *index as usize)
    }

    /// What outputs and dead letters have in common: once, in order, in the right partition, unchanged.
    fn check(
        &mut self,
        topic: &Topic,
        record: &Record<'_>,
        index: usize,
        repeated: bool,
        Seen { partition, value, headers }: Seen,
    ) {
        let entry = &self.entries[index];
        let at = Place { topic: &topic.name, partition: record.partition, offset: record.offset };
        let source = Place { topic: &self.promise.input, partition: entry.partition, offset: entry.offset };
        let mut add = |kind, what: String| self.findings.add(kind, || format!("{at} from {source}{what}"));
        if repeated {
            // Its order is not judged: a rewound range would bury the one finding that matters.
            add(Kind::Duplicate, String::new());
        } else {
            let lane = digest(&(&topic.name, record.partition, entry.partition, entry.key));
            let last = self.last.entry(lane).or_insert(-1);
            if entry.offset < *last {
                add(Kind::OutOfOrder, format!(", after offset {last} of its key"));
            }
            *last = entry.offset.max(*last);
        }
        if record.partition != partition {
            add(Kind::WrongPartition, format!(", should be in partition {partition}"));
        }
        for (kind, same) in [
            (Kind::ChangedKey, digest(&record.key) == entry.key),
            (Kind::ChangedValue, value == entry.value),
            (Kind::ChangedHeaders, headers == entry.headers),
        ] {
            if !same {
                add(kind, String::new());
            }
        }
        if record.timestamp != entry.timestamp {
            add(Kind::ChangedTimestamp, format!(": {:?} instead of {:?} ms", record.timestamp, entry.timestamp));
        }
    }
}

/// Where a record should be, and what is left of it without what was added to it.
#[derive(Debug, Clone, Copy)]
struct Seen {
    partition: i32,
    value: u64,
    headers: u64,
}

impl Rejects {
    fn matches(&self, value: Option<&[u8]>) -> bool {
        let marker = self.marker.as_slice();
        !marker.is_empty() && value.is_some_and(|value| value.windows(marker.len()).any(|window| window == marker))
    }
}

#[cfg(test)]
mod tests;
