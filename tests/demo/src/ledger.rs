//! Accounts for every order and every text: each that was sent must be in an output or among the dead letters, once (an order
//! that was placed twice, twice), and be what it was.
//!
//! What has an order's id has its bytes, and a dead letter names the place it came from. A row says its place and nothing else
//! about the text it was made from.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Deserialize;
use wasmill_verify::record::{Record, digest};

/// The header that says why a record was set aside.
pub(crate) const CODE: &str = "__wasmill.errors.code";
const MESSAGE: &str = "__wasmill.errors.message";
const PARTITION: &str = "__wasmill.errors.partition";
const OFFSET: &str = "__wasmill.errors.offset";

/// Of each kind of fault so many are named; the others are counted.
const NAMED_MAX: usize = 5;

/// By what a record is known again in an output or a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The order's id: outputs and dead letters are the orders as they came.
    OrderId,
    /// Partition and offset of the input: rows have them as columns, dead letters as headers.
    Place,
}

/// A record known by its place in the input.
pub(crate) fn place(partition: i32, offset: i64) -> String {
    format!("partition {partition}, offset {offset}")
}

/// A record that was sent, and what it must be again.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    known_by: String,
    /// Where it stands in the input.
    place: String,
    /// Of its value.
    digest: u64,
}

impl Sent {
    pub(crate) fn new(known_by: String, place: String, value: &[u8]) -> Sent {
        Sent { known_by, place, digest: digest(&Some(value)) }
    }
}

/// What became of a record.
#[derive(Debug, Default)]
struct Fate {
    sent: u64,
    seen: u64,
    /// Where it stands, once for each time that it was sent and not set aside.
    places: Vec<String>,
    digest: u64,
    is_altered: bool,
    is_misplaced: bool,
}

/// One pipeline's account.
#[derive(Debug)]
pub(crate) struct Ledger {
    identity: Identity,
    /// One entry for each record that was sent, and for each that was not and came out.
    fates: HashMap<String, Fate>,
    pub(crate) sent: u64,
    pub(crate) outputs: u64,
    pub(crate) dead_letters: BTreeMap<String, u64>,
    /// The first dead letter: its identity, code and reason.
    pub(crate) example: Option<[String; 3]>,
    nameless: u64,
}

impl Ledger {
    /// Of these records.
    pub(crate) fn new(identity: Identity, sent: Vec<Sent>) -> Ledger {
        let mut fates: HashMap<String, Fate> = HashMap::new();
        let count = sent.len() as u64;
        for Sent { known_by, place, digest } in sent {
            let fate = fates.entry(known_by).or_default();
            // Sent twice, it is the same.
            (fate.sent, fate.digest) = (fate.sent + 1, digest);
            fate.places.push(place);
        }
        Ledger { identity, fates, sent: count, outputs: 0, dead_letters: BTreeMap::new(), example: None, nameless: 0 }
    }

    /// Enters a committed record of the output.
    pub(crate) fn output(&mut self, record: &Record<'_>) {
        self.outputs += 1;
        let (known_by, is_unchanged) = match self.identity {
            Identity::OrderId => (order_id(record), true),
            Identity::Place => (row_place(record), false),
        };
        if let Some(fate) = self.enter(known_by) {
            fate.is_altered |= is_unchanged && digest(&record.value) != fate.digest;
        }
    }

    /// Enters a committed dead letter.
    pub(crate) fn dead_letter(&mut self, record: &Record<'_>) {
        let code = code(record);
        let source = header_place(record);
        let known_by = match self.identity {
            Identity::OrderId => order_id(record),
            Identity::Place => source.clone(),
        };
        if self.example.is_none() {
            let reason = header(record, MESSAGE).unwrap_or_default().to_owned();
            self.example = Some([known_by.clone().unwrap_or_default(), code.clone(), reason]);
        }
        *self.dead_letters.entry(code).or_default() += 1;
        if let Some(fate) = self.enter(known_by) {
            fate.is_altered |= digest(&record.value) != fate.digest;
            match fate.places.iter().position(|place| source.as_ref() == Some(place)) {
                Some(found) => drop(fate.places.swap_remove(found)),
                None => fate.is_misplaced = true,
            }
        }
    }

    fn enter(&mut self, known_by: Option<String>) -> Option<&mut Fate> {
        let Some(known_by) = known_by else {
            self.nameless += 1;
            return None;
        };
        let fate = self.fates.entry(known_by).or_default();
        fate.seen += 1;
        Some(fate)
    }

    /// What does not add up, a line for each kind; empty when every record is there once and unchanged.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let found = |kind, is_so: fn(&Fate) -> bool| {
            let named = self.fates.iter().filter(|(_, fate)| is_so(fate)).map(|(name, _)| name.clone());
            let mut names: Vec<String> = named.collect();
            names.sort();
            let count = names.len() as u64;
            names.truncate(NAMED_MAX);
            Fault { kind, count, names }
        };
        let faults = [
            found("missing", |fate| fate.seen < fate.sent),
            found("more than once", |fate| fate.sent > 0 && fate.seen > fate.sent),
            found("not as it was sent", |fate| fate.sent > 0 && fate.is_altered),
            found("with another place in its headers", |fate| fate.sent > 0 && fate.is_misplaced),
            found("never sent", |fate| fate.sent == 0),
            Fault { kind: "not to be recognised", count: self.nameless, names: Vec::new() },
        ];
        faults.into_iter().filter(|fault| fault.count > 0).collect()
    }
}

/// Records of one kind of fault.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: &'static str,
    pub(crate) count: u64,
    /// The first of them.
    pub(crate) names: Vec<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.count, self.kind)?;
        let dots = if self.names.len() as u64 == self.count { "" } else { "; ..." };
        match self.names.is_empty() {
            true => Ok(()),
            false => write!(f, ": {}{dots}", self.names.join("; ")),
        }
    }
}

/// Why a dead letter was set aside.
pub(crate) fn code(record: &Record<'_>) -> String {
    header(record, CODE).unwrap_or("(none)").to_owned()
}

fn order_id(record: &Record<'_>) -> Option<String> {
    #[derive(Deserialize)]
    struct Order {
        order_id: String,
    }
    serde_json::from_slice::<Order>(record.value?).ok().map(|order| order.order_id)
}

fn row_place(record: &Record<'_>) -> Option<String> {
    #[derive(Deserialize)]
    struct Row {
        source_partition: i32,
        source_offset: i64,
    }
    let row: Row = serde_json::from_slice(record.value?).ok()?;
    Some(place(row.source_partition, row.source_offset))
}

fn header_place(record: &Record<'_>) -> Option<String> {
    let partition = header(record, PARTITION)?.parse().ok()?;
    Some(place(partition, header(record, OFFSET)?.parse().ok()?))
}

fn header<'a>(record: &Record<'a>, name: &str) -> Option<&'a str> {
    let header = record.headers.iter().find(|header| header.name == name.as_bytes())?;
    std::str::from_utf8(header.value?).ok()
}

#[cfg(test)]
mod tests;
