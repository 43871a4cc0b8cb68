//! Faults planted into a synthetic log: each must be found, under its own name, and nothing else with it.

use super::*;
use crate::record::Header;

/// Input partitions; the log holds `RECORDS` records, every tenth rejected.
const PARTITIONS: i32 = 4;
const RECORDS: u64 = 400;

#[derive(Debug, Clone)]
struct Owned {
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Owned {
    fn see(&self, with: impl FnOnce(&Record<'_>)) {
        let headers: Vec<_> = self.headers.iter().map(borrow).collect();
        with(&Record {
            partition: self.partition,
            offset: self.offset,
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &headers,
        });
    }

    fn set(&mut self, name: &str, value: &str) {
        let name = format!("{}{name}", dead_letter::PREFIX);
        let header = self.headers.iter_mut().find(|header| header.0 == name).unwrap();
        header.1 = Some(value.into());
    }
}

fn borrow((name, value): &(String, Option<Vec<u8>>)) -> Header<'_> {
    Header { name: name.as_bytes(), value: value.as_deref() }
}

/// A world in which every promise was kept.
#[derive(Clone)]
struct Logs {
    promise: Promise,
    input: Vec<Owned>,
    output: Vec<Owned>,
    letters: Vec<Owned>,
}

fn logs(partition: Partition) -> Logs {
    let promise = Promise {
        input: "in".into(),
        group: "group".into(),
        expected: RECORDS,
        rejects: Some(Rejects { marker: b"\"reject\":true".to_vec(), code: "rejected-by-rule".into() }),
        partition,
        counts: None,
        sequence_header: "seq".into(),
    };
    let mut input = Vec::new();
    let (mut output, mut letters) = (Vec::new(), Vec::new());
    for number in 0..RECORDS {
        let rejected = number % 10 == 7;
        let record = Owned {
            partition: (number % PARTITIONS as u64) as i32,
            offset: (number / PARTITIONS as u64) as i64,
            timestamp: Some(1_700_000_000_000 + number as i64),
            key: (number % 13 != 5).then(|| format!("key-{}", number % 5).into_bytes()),
            value: (number % 17 != 3 || rejected)
                .then(|| format!("{{\"n\":{number},\"reject\":{rejected}}}").into_bytes()),
            headers: vec![
                ("seq".into(), Some(number.to_string().into_bytes())),
                ("twice".into(), Some(b"a".to_vec())),
                ("twice".into(), Some(b"b".to_vec())),
                ("null".into(), None),
            ],
        };
        let to = if rejected { &mut letters } else { &mut output };
        to.push(if rejected { dead_letter_of(&record) } else { written(&record, partition) });
        input.push(record);
    }
    renumber(&mut output);
    renumber(&mut letters);
    Logs { promise, input, output, letters }
}

fn written(record: &Owned, partition: Partition) -> Owned {
    let to = match (partition, &record.key) {
        (Partition::Key, Some(key)) => murmur2::partition(key, PARTITIONS),
        _ => record.partition,
    };
    Owned { partition: to, ..record.clone() }
}

fn dead_letter_of(record: &Owned) -> Owned {
    let mut letter = record.clone();
    let timestamp = format!("2023-11-14T22:13:20.{:03}Z", record.timestamp.unwrap() - 1_700_000_000_000);
    let (partition, offset) = (record.partition.to_string(), record.offset.to_string());
    for (name, value) in [
        ("topic", "in"),
        ("partition", &partition),
        ("offset", &offset),
        ("timestamp", &timestamp),
        ("group", "group"),
        ("stage", "invoke"),
        ("plugin", "validator"),
        ("code", "rejected-by-rule"),
        ("message", "why"),
        ("attempts", "1"),
        ("first.failed.at", "2026-11-22T17:00:00.000Z"),
        ("last.failed.at", "2026-11-22T17:00:00.000Z"),
    ] {
        letter.headers.push((format!("{}{name}", dead_letter::PREFIX), Some(value.into())));
    }
    letter
}

/// Gives the records the offsets they would have in the order in which they stand.
fn renumber(records: &mut [Owned]) {
    let mut next = [0; PARTITIONS as usize];
    for record in records {
        record.offset = next[record.partition as usize];
        next[record.partition as usize] += 1;
    }
}

fn report(logs: &Logs) -> Report {
    let mut comparison = Comparison::new(logs.promise.clone());
    let topic = |name: &str| Topic { name: name.into(), partitions: PARTITIONS };
    let (output, letters) = (topic("out"), topic("in.dlq"));
    logs.input.iter().for_each(|record| record.see(|record| comparison.input(record)));
    logs.output.iter().for_each(|record| record.see(|record| comparison.output(&output, record)));
    logs.letters.iter().for_each(|record| record.see(|record| comparison.dead_letter(&letters, record)));
    comparison.finish()
}

/// Two outputs of one input partition and one key, neighbours in their lane.
fn neighbours(logs: &Logs) -> (usize, usize) {
    let source = |record: &Owned| (record.partition, record.key.clone());
    let first = &logs.output[0];
    let second = (1..).find(|index| source(&logs.output[*index]) == source(first)).unwrap();
    (0, second)
}

#[test]
fn logs_that_keep_every_promise_have_no_findings() {
    for partition in [Partition::Source, Partition::Key] {
        let report = report(&logs(partition));
        assert!(report.findings.is_empty(), "{}", report.findings);
        assert_eq!((report.inputs, report.outputs, report.dead_letters), (400, 360, 40));
    }
}

#[test]
fn every_planted_fault_is_found_and_named() {
    type Fault = (&'static str, fn(&mut Logs), &'static [(Kind, u64)]);
    let faults: [Fault; 34] = [
        (
            "nothing at all",
            |l| (l.input, l.output, l.letters) = <_>::default(),
            &[(Kind::NoRecords, 1), (Kind::WrongCount, 1)],
        ),
        (
            "zero of zero",
            |l| {
                (l.input, l.output, l.letters) = <_>::default();
                l.promise.expected = 0;
            },
            &[(Kind::NoRecords, 1)],
        ),
        ("one more was sent than the input has", |l| l.promise.expected += 1, &[(Kind::WrongCount, 1)]),
        (
            "an input record without a number",
            |l| l.input[0].headers.remove(0).1 = None,
            &[(Kind::UnnumberedInput, 1), (Kind::Foreign, 1)],
        ),
        (
            "an input record twice",
            |l| {
                l.input.push(l.input[0].clone());
                l.promise.expected += 1;
            },
            &[(Kind::RepeatedInput, 1)],
        ),
        ("a duplicate", |l| l.output.push(l.output[3].clone()), &[(Kind::Duplicate, 1)]),
        ("a range written twice", |l| l.output.extend_from_within(10..20), &[(Kind::Duplicate, 10)]),
        ("a duplicate dead letter", |l| l.letters.push(l.letters[3].clone()), &[(Kind::Duplicate, 1)]),
        ("a loss", |l| drop(l.output.remove(5)), &[(Kind::Lost, 1)]),
        ("the last record lost", |l| drop(l.output.pop()), &[(Kind::Lost, 1)]),
        ("a dead letter lost", |l| drop(l.letters.remove(5)), &[(Kind::Lost, 1)]),
        ("all dead letters lost", |l| l.letters.clear(), &[(Kind::Lost, 40)]),
        (
            "a swap within a key",
            |l| {
                let (a, b) = neighbours(l);
                l.output.swap(a, b);
            },
            &[(Kind::OutOfOrder, 1)],
        ),
        ("another value", |l| l.output[3].value = Some(b"other".to_vec()), &[(Kind::ChangedValue, 1)]),
        (
            "a null value that became empty",
            |l| l.output.iter_mut().find(|r| r.value.is_none()).unwrap().value = Some(vec![]),
            &[(Kind::ChangedValue, 1)],
        ),
        ("another key", |l| l.output[1].key = Some(b"other".to_vec()), &[(Kind::ChangedKey, 1)]),
        (
            "a null key that became empty",
            |l| l.output.iter_mut().find(|r| r.key.is_none()).unwrap().key = Some(vec![]),
            &[(Kind::ChangedKey, 1)],
        ),
        ("another header value", |l| l.output[3].headers[1].1 = Some(b"c".to_vec()), &[(Kind::ChangedHeaders, 1)]),
        ("a null header that became empty", |l| l.output[3].headers[3].1 = Some(vec![]), &[(Kind::ChangedHeaders, 1)]),
        ("headers in another order", |l| l.output[3].headers.swap(1, 2), &[(Kind::ChangedHeaders, 1)]),
        ("a duplicate header gone", |l| drop(l.output[3].headers.remove(2)), &[(Kind::ChangedHeaders, 1)]),
        ("a header more", |l| l.output[3].headers.push(("more".into(), None)), &[(Kind::ChangedHeaders, 1)]),
        ("another timestamp", |l| l.output[3].timestamp = Some(5), &[(Kind::ChangedTimestamp, 1)]),
        ("no timestamp", |l| l.letters[3].timestamp = None, &[(Kind::ChangedTimestamp, 1)]),
        (
            "a foreign output",
            |l| l.output[3].headers[0].1 = Some(b"4711".to_vec()),
            &[(Kind::Foreign, 1), (Kind::Lost, 1)],
        ),
        ("a record in both places", |l| l.output.push(l.input[7].clone()), &[(Kind::OutputAndDeadLetter, 1)]),
        (
            "a rejected record written",
            |l| {
                let i = l.letters.remove(0);
                l.output.push(Owned { headers: i.headers[..4].to_vec(), ..i });
            },
            &[(Kind::WronglyForwarded, 1)],
        ),
        (
            "an accepted record dead-lettered",
            |l| {
                let o = l.input[0].clone();
                l.output.remove(0);
                l.letters.insert(0, dead_letter_of(&o));
            },
            &[(Kind::WronglyDeadLettered, 1)],
        ),
        (
            "a wrong partition",
            |l| {
                let last = l.output.last_mut().unwrap();
                last.partition = (last.partition + 1) % PARTITIONS;
            },
            &[(Kind::WrongPartition, 1)],
        ),
        (
            "a dead letter with another source offset",
            |l| l.letters[3].set("offset", "0"),
            &[(Kind::DeadLetterSource, 1)],
        ),
        ("a dead letter with another code", |l| l.letters[3].set("code", "plugin-trap"), &[(Kind::DeadLetterCode, 1)]),
        ("a dead letter without its last header", |l| drop(l.letters[3].headers.pop()), &[(Kind::DeadLetterHeader, 1)]),
        (
            "a dead letter of the dead letter",
            |l| {
                let again = dead_letter_of(&l.letters[3]);
                l.letters[3].headers = again.headers;
            },
            &[(Kind::DeadLetterHeader, 12)],
        ),
        (
            "a record's own header behind the added ones",
            |l| {
                let own = l.letters[3].headers.remove(3);
                l.letters[3].headers.push(own);
            },
            &[(Kind::ChangedHeaders, 1), (Kind::DeadLetterHeader, 1)],
        ),
    ];
    for (name, plant, expected) in faults {
        let mut logs = logs(Partition::Source);
        plant(&mut logs);
        let report = report(&logs);
        assert_eq!(report.findings.counts(), expected, "{name}:\n{}", report.findings);
    }
}

#[test]
fn every_header_that_names_the_source_is_compared() {
    for (name, value, kind) in [
        ("topic", "other", Kind::DeadLetterSource),
        ("partition", "9", Kind::DeadLetterSource),
        ("offset", "-1", Kind::DeadLetterSource),
        ("timestamp", "2023-11-14T22:13:20.999Z", Kind::DeadLetterSource),
        ("group", "other", Kind::DeadLetterSource),
        ("code", "other", Kind::DeadLetterCode),
        ("attempts", "0", Kind::DeadLetterHeader),
        ("attempts", "one", Kind::DeadLetterHeader),
        ("stage", "", Kind::DeadLetterHeader),
        ("message", "", Kind::DeadLetterHeader),
        ("plugin", "", Kind::DeadLetterHeader),
        ("first.failed.at", "yesterday", Kind::DeadLetterHeader),
        ("first.failed.at", "2026-11-22T17:00:00.001Z", Kind::DeadLetterHeader),
    ] {
        let mut logs = logs(Partition::Source);
        logs.letters[2].set(name, value);
        assert_eq!(report(&logs).findings.counts(), [(kind, 1)], "{name} = {value}");
    }
}

#[test]
fn a_dead_letter_may_have_no_message_but_must_have_all_else() {
    for name in ["topic", "partition", "offset", "timestamp", "group", "stage", "plugin", "code", "message", "attempts"]
    {
        let mut logs = logs(Partition::Source);
        let name = format!("{}{name}", dead_letter::PREFIX);
        logs.letters[2].headers.retain(|header| header.0 != name);
        let expected: &[_] = if name.ends_with(".message") { &[] } else { &[(Kind::DeadLetterHeader, 1)] };
        assert_eq!(report(&logs).findings.counts(), expected, "{name}");
    }
}

#[test]
fn a_finding_names_both_places() {
    let mut logs = logs(Partition::Source);
    logs.output[3].timestamp = Some(5);
    let text = report(&logs).findings.to_string();
    assert!(text.contains("out[3]@0 from in[3]@0: Some(5) instead of Some(1700000000003) ms"), "{text}");
}

#[test]
fn keys_of_different_input_partitions_owe_each_other_no_order() {
    let mut logs = logs(Partition::Key);
    // All of input partition 3 before everything else: legal, since its keys share partitions with others by accident.
    let of_three = |record: &Owned| logs.input.iter().any(|i| i.partition == 3 && i.headers == record.headers);
    let (mut first, rest): (Vec<_>, Vec<_>) = logs.output.clone().into_iter().partition(of_three);
    first.extend(rest);
    logs.output = first;
    let report = report(&logs);
    assert!(report.findings.is_empty(), "{}", report.findings);
}
