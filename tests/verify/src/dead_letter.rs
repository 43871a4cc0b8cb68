//! The headers that a dead letter adds to its record, and what is wrong with them.
//!
//! Knows the names and forms from the published list only; [`crate::compare`] gives it the source to compare with.

use crate::findings::{Findings, Kind};
use crate::instant;
use crate::record::{Header, Place, Record};

/// What every added header's name begins with.
pub const PREFIX: &str = "__wasmill.errors.";

/// Headers that a dead letter of a native plugin carries, each once. What has no text is absent rather than empty.
const NAMES: [&str; 12] = [
    "topic",
    "partition",
    "offset",
    "timestamp",
    "group",
    "stage",
    "plugin",
    "code",
    "message",
    "attempts",
    "first.failed.at",
    "last.failed.at",
];

/// What a dead letter must say about itself.
#[derive(Debug)]
pub struct Source<'a> {
    pub place: Place<'a>,
    pub timestamp: Option<i64>,
    pub group: &'a str,
    /// `None`: the rule has no code for this record, any will do.
    pub code: Option<&'a str>,
}

/// The headers as they came, and those that the dead letter added. Added ones come last, so the first of them parts the
/// list; one of the record's own behind it counts as added and is reported by [`check`].
pub fn split<'a>(headers: &'a [Header<'a>]) -> (&'a [Header<'a>], &'a [Header<'a>]) {
    let added = |header: &Header<'_>| header.name.starts_with(PREFIX.as_bytes());
    headers.split_at(headers.iter().position(added).unwrap_or(headers.len()))
}

/// Reports everything that is wrong with the added headers of `letter`, which stands at `at`.
pub fn check(source: &Source<'_>, letter: &Record<'_>, at: Place<'_>, findings: &mut Findings) {
    let (_, added) = split(letter.headers);
    let mut malformed =
        |name: &str, what: &str| findings.add(Kind::DeadLetterHeader, || format!("{at}: {name}: {what}"));
    for header in added {
        if !header.name.starts_with(PREFIX.as_bytes()) {
            malformed(&String::from_utf8_lossy(header.name), "a header of the record behind the added ones");
        }
    }
    for name in NAMES {
        let optional = name == "message" || name == "timestamp" && source.timestamp.is_none();
        match all(added, name).as_slice() {
            [] if optional => {}
            [] => malformed(name, "missing"),
            [None] => malformed(name, "not text"),
            [Some("")] => malformed(name, "empty"),
            [Some(_)] => {}
            more => malformed(name, &format!("there {} times", more.len())),
        }
    }
    if let Some(attempts) = first(added, "attempts")
        && attempts.parse::<u32>().unwrap_or(0) == 0
    {
        malformed("attempts", &format!("`{attempts}` is not a number from 1"));
    }
    let [failed_first, failed_last] = ["first.failed.at", "last.failed.at"].map(|name| {
        let text = first(added, name)?;
        instant::millis(text).or_else(|| {
            malformed(name, &format!("`{text}` is not RFC 3339 in UTC with milliseconds"));
            None
        })
    });
    if let (Some(failed_first), Some(failed_last)) = (failed_first, failed_last)
        && failed_first > failed_last
    {
        malformed("first.failed.at", "after last.failed.at");
    }
    compare(source, added, at, findings);
}

fn compare(source: &Source<'_>, added: &[Header<'_>], at: Place<'_>, findings: &mut Findings) {
    let partition = source.place.partition.to_string();
    let offset = source.place.offset.to_string();
    let expectations = [
        ("topic", source.place.topic, Kind::DeadLetterSource),
        ("partition", partition.as_str(), Kind::DeadLetterSource),
        ("offset", offset.as_str(), Kind::DeadLetterSource),
        ("group", source.group, Kind::DeadLetterSource),
        ("code", source.code.unwrap_or_default(), Kind::DeadLetterCode),
    ];
    for (name, expected, kind) in expectations {
        let Some(found) = first(added, name) else { continue };
        if found != expected && (kind != Kind::DeadLetterCode || source.code.is_some()) {
            findings.add(kind, || format!("{at}: {name} is `{found}`, the source {} has `{expected}`", source.place));
        }
    }
    if let Some(found) = first(added, "timestamp")
        && instant::millis(found) != source.timestamp
    {
        findings.add(Kind::DeadLetterSource, || {
            format!("{at}: timestamp is `{found}`, the source {} has {:?} ms", source.place, source.timestamp)
        });
    }
}

fn first<'a>(added: &[Header<'a>], name: &str) -> Option<&'a str> {
    all(added, name).into_iter().next().flatten()
}

/// The values of the added header `name`; `None` for a null value or one that is not UTF-8.
fn all<'a>(added: &[Header<'a>], name: &str) -> Vec<Option<&'a str>> {
    let named = |header: &&Header<'_>| header.name.strip_prefix(PREFIX.as_bytes()) == Some(name.as_bytes());
    added.iter().filter(named).map(|header| std::str::from_utf8(header.value?).ok()).collect()
}
