//! Errors planted into what a counting pipeline has written: each must be found, under its own name, and nothing else with it.

use super::*;
use crate::compare::{Comparison, Partition, Promise, Topic};
use crate::record::Header;

/// Each key has as many records in each input partition.
const RECORDS: u64 = 6;
const KEYS: [Option<&str>; 3] = [Some("a"), Some("b"), None];
const PARTITIONS: i32 = 2;

#[derive(Clone)]
struct Line {
    partition: i32,
    sequence: u64,
    key: Option<&'static str>,
    value: Option<String>,
}

#[derive(Clone)]
struct Logs {
    input: Vec<Line>,
    output: Vec<Line>,
    changes: Vec<Line>,
}

/// A world in which every promise was kept: one change for each two records, as transactions have it.
fn logs() -> Logs {
    let (mut input, mut output, mut changes) = (vec![], vec![], vec![]);
    for number in 1..=RECORDS {
        for key in KEYS {
            for partition in 0..PARTITIONS {
                let sequence = input.len() as u64;
                // The last ones have no value.
                let value = (number < RECORDS).then(|| format!("value {sequence}"));
                let counted = Some(format!("{number} {}", value.as_deref().unwrap_or_default()));
                input.push(Line { partition, sequence, key, value });
                output.push(Line { partition, sequence, key, value: counted });
                if number % 2 == 0 {
                    let key = Some(key.unwrap_or_default());
                    changes.push(Line { partition, sequence: 0, key, value: Some(number.to_string()) });
                }
            }
        }
    }
    Logs { input, output, changes }
}

fn see(lines: &[Line], mut each: impl FnMut(&Record<'_>)) {
    let mut next = [0; PARTITIONS as usize];
    for line in lines {
        let sequence = line.sequence.to_string();
        let headers = [Header { name: b"seq", value: Some(sequence.as_bytes()) }];
        each(&Record {
            partition: line.partition,
            offset: next[line.partition as usize],
            timestamp: Some(1),
            key: line.key.map(str::as_bytes),
            value: line.value.as_deref().map(str::as_bytes),
            headers: &headers,
        });
        next[line.partition as usize] += 1;
    }
}

fn findings(logs: &Logs) -> Findings {
    let mut comparison = Comparison::new(Promise {
        input: "in".into(),
        group: "count".into(),
        expected: logs.input.len() as u64,
        rejects: None,
        partition: Partition::Source,
        counts: Some("changelog".into()),
        sequence_header: "seq".into(),
    });
    let topic = Topic { name: "out".into(), partitions: PARTITIONS };
    see(&logs.input, |record| comparison.input(record));
    see(&logs.output, |record| comparison.output(&topic, record));
    see(&logs.changes, |record| comparison.change(record));
    comparison.finish().findings
}

fn set(line: &mut Line, value: &str) {
    line.value = Some(value.to_owned());
}

#[test]
fn counts_that_are_right_have_no_findings() {
    let findings = findings(&logs());
    assert!(findings.is_empty(), "{findings}");
}

#[test]
fn a_compacted_changelog_is_as_good_as_a_whole_one() {
    let mut logs = logs();
    let of_the_end = logs.changes.len() - KEYS.len() * PARTITIONS as usize;
    logs.changes.drain(..of_the_end);
    let findings = findings(&logs);
    assert!(findings.is_empty(), "{findings}");
}

#[test]
fn every_planted_error_is_found_and_named() {
    type Error = (&'static str, fn(&mut Logs), &'static [(Kind, u64)]);
    let errors: [Error; 13] = [
        ("a number twice", |l| set(&mut l.output[6], "1 value 6"), &[(Kind::WrongNumber, 1)]),
        ("a number left out", |l| set(&mut l.output[6], "3 value 6"), &[(Kind::WrongNumber, 1)]),
        (
            "counted again from the start",
            |l| {
                l.output[6..]
                    .iter_mut()
                    .for_each(|line| line.value = line.value.as_ref().map(|v| format!("1 {}", &v[2..])))
            },
            &[(Kind::WrongNumber, 30)],
        ),
        ("a value without its number", |l| set(&mut l.output[6], "value"), &[(Kind::ChangedValue, 1)]),
        ("another value", |l| set(&mut l.output[6], "2 other"), &[(Kind::ChangedValue, 1)]),
        ("a value in place of none", |l| set(&mut l.output[35], "6 value"), &[(Kind::ChangedValue, 1)]),
        ("a lost output", |l| drop(l.output.remove(3)), &[(Kind::Lost, 1)]),
        ("a stale last change", |l| set(l.changes.last_mut().unwrap(), "5"), &[(Kind::ChangelogLast, 1)]),
        (
            "a count too many",
            |l| set(l.changes.last_mut().unwrap(), "7"),
            &[(Kind::ChangelogValue, 1), (Kind::ChangelogLast, 1)],
        ),
        (
            "a deleted count",
            |l| l.changes.last_mut().unwrap().value = None,
            &[(Kind::ChangelogValue, 1), (Kind::ChangelogOrder, 1), (Kind::ChangelogLast, 1)],
        ),
        ("a change twice", |l| l.changes.insert(1, l.changes[0].clone()), &[(Kind::ChangelogOrder, 1)]),
        ("no change of a key", |l| l.changes.retain(|line| line.key != Some("a")), &[(Kind::ChangelogLost, 2)]),
        ("a change of no key", |l| l.changes[0].key = Some("c"), &[(Kind::ChangelogForeign, 1)]),
    ];
    for (name, plant, expected) in errors {
        let mut logs = logs();
        plant(&mut logs);
        let findings = findings(&logs);
        assert_eq!(findings.counts(), expected, "{name}:\n{findings}");
    }
}
