//! Accounts for every record: each that was sent must be in an output or among the dead letters, once.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Deserialize;
use wasmill_verify::record::Record;

use crate::pipelines::Identity;

/// The header that says why a record was set aside.
pub(crate) const CODE: &str = "__wasmill.errors.code";
const MESSAGE: &str = "__wasmill.errors.message";
const PARTITION: &str = "__wasmill.errors.partition";
const OFFSET: &str = "__wasmill.errors.offset";

/// Of each kind of fault so many are named; the others are counted.
const NAMED_MAX: usize = 5;

/// A record known by its place in the input.
pub fn place(partition: i32, offset: i64) -> String {
    format!("partition {partition}, offset {offset}")
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Times {
    sent: u64,
    seen: u64,
}

/// One pipeline's account.
#[derive(Debug)]
pub struct Ledger {
    identity: Identity,
    /// One entry for each record that was sent, and for each that was not and came out.
    times: HashMap<String, Times>,
    pub sent: u64,
    pub outputs: u64,
    pub dead_letters: BTreeMap<String, u64>,
    /// The first dead letter: its identity, code and reason.
    pub example: Option<[String; 3]>,
    nameless: u64,
}

impl Ledger {
    /// Of records that are known by these.
    pub fn new(identity: Identity, sent: Vec<String>) -> Ledger {
        let mut times: HashMap<String, Times> = HashMap::new();
        let count = sent.len() as u64;
        for known_by in sent {
            times.entry(known_by).or_default().sent += 1;
        }
        Ledger { identity, times, sent: count, outputs: 0, dead_letters: BTreeMap::new(), example: None, nameless: 0 }
    }

    /// Enters a committed record of the output.
    pub fn output(&mut self, record: &Record<'_>) {
        self.outputs += 1;
        let known_by = match self.identity {
            Identity::OrderId => order_id(record),
            Identity::Place => row_place(record),
        };
        self.enter(known_by);
    }

    /// Enters a committed dead letter.
    pub fn dead_letter(&mut self, record: &Record<'_>) {
        let code = header(record, CODE).unwrap_or("(none)").to_owned();
        let known_by = match self.identity {
            Identity::OrderId => order_id(record),
            Identity::Place => header_place(record),
        };
        if self.example.is_none() {
            let reason = header(record, MESSAGE).unwrap_or_default().to_owned();
            self.example = Some([known_by.clone().unwrap_or_default(), code.clone(), reason]);
        }
        *self.dead_letters.entry(code).or_default() += 1;
        self.enter(known_by);
    }

    pub fn set_aside(&self) -> u64 {
        self.dead_letters.values().sum()
    }

    fn enter(&mut self, known_by: Option<String>) {
        match known_by {
            Some(known_by) => self.times.entry(known_by).or_default().seen += 1,
            None => self.nameless += 1,
        }
    }

    /// What does not add up, a line for each kind; empty when every record is there once.
    pub fn faults(&self) -> Vec<Fault> {
        let found = |kind, is_so: fn(&Times) -> bool| {
            let mut names: Vec<String> =
                self.times.iter().filter(|(_, times)| is_so(times)).map(|(name, _)| name.clone()).collect();
            names.sort();
            let count = names.len() as u64;
            names.truncate(NAMED_MAX);
            Fault { kind, count, names }
        };
        let faults = [
            found("missing", |times| times.seen < times.sent),
            found("more than once", |times| times.sent > 0 && times.seen > times.sent),
            found("never sent", |times| times.sent == 0),
            Fault { kind: "not to be recognised", count: self.nameless, names: Vec::new() },
        ];
        faults.into_iter().filter(|fault| fault.count > 0).collect()
    }
}

/// Records of one kind of fault.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: &'static str,
    pub count: u64,
    /// The first of them.
    pub names: Vec<String>,
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
