//! As much of kcat as docs/PLUGINS.md uses, with the clients of the tests.

use std::fmt::Write as _;

use wasmill_broker::client::Isolation::ReadCommitted;
use wasmill_broker::client::{headers, key_values, producer, read_all, read_count, send_pairs, wait_until_settled};

/// Of each topic.
pub(super) const PARTITIONS: i32 = 1;

/// Runs `kcat ARGUMENTS`: what it prints.
pub(super) fn run(bootstrap: &str, arguments: &str, input: &str) -> String {
    let words = words(arguments);
    let (mut topic, mut format, mut produces, mut separator) = (None, None, None, None);
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-b" => assert_eq!(words.next(), Some("$KAFKA_BOOTSTRAP")),
            "-t" => topic = words.next(),
            "-f" => format = words.next(),
            "-P" => produces = Some(true),
            "-C" => produces = Some(false),
            // Without a word about the end, and ending there, is what `consume` does.
            "-q" | "-e" => {}
            other => separator = other.strip_prefix("-K").or_else(|| panic!("kcat {other}: not known here")),
        }
    }
    let topic = topic.expect("kcat: no -t");
    match (produces, separator, format) {
        (Some(true), Some(separator), None) => produce(bootstrap, topic, separator, input),
        (Some(false), None, Some(format)) => consume(bootstrap, topic, format),
        _ => panic!("kcat {arguments}: neither -P with -K nor -C with -f"),
    }
}

fn produce(bootstrap: &str, topic: &str, separator: &str, input: &str) -> String {
    let pairs: Vec<(&str, &str)> = input.lines().map(|line| line.split_once(separator).unwrap()).collect();
    assert!(!pairs.is_empty(), "nothing to send");
    send_pairs(&producer(bootstrap, &[]), topic, &pairs);
    String::new()
}

/// A person looks again when nothing is there yet; so the first record is waited for.
fn consume(bootstrap: &str, topic: &str, format: &str) -> String {
    read_count(bootstrap, topic, PARTITIONS, 1, ReadCommitted);
    (0..PARTITIONS).for_each(|partition| wait_until_settled(bootstrap, topic, partition));
    let records = read_all(bootstrap, topic, PARTITIONS, ReadCommitted);
    let mut printed = String::new();
    for (record, (key, value)) in records.iter().zip(key_values(&records)) {
        let headers = headers(record).into_iter().map(|(name, value)| format!("{name}={}", value.unwrap_or_default()));
        let headers = headers.collect::<Vec<_>>().join(",");
        let text = format.replace("\\n", "\n").replace("%h", &headers).replace("%k", &key).replace("%s", &value);
        let _ = write!(printed, "{text}");
    }
    printed
}

/// As a shell parts them; single quotes are all that the page uses.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![];
    for (at, part) in text.split('\'').enumerate() {
        match at % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}
