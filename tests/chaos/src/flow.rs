//! The flow of a chain of restaurants under test: order-inventory with its three inputs, and loyalty, which reads what that
//! writes. Both are Wasm plugins that keep state; whether it is right is for the oracle to say, from the topics alone.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use wasmill_verify::findings::Findings;
use wasmill_verify::oracle::{self, Dump, Plugin, Unproven};
use wasmill_verify::reader::{self, Reader};
use wasmill_verify::topic::{self, Log};

use crate::feed::Counts;
use crate::kafka::Kafka;
use crate::pipelines::{CHANGELOG, DEAD_LETTER_PARTITIONS, PARTITIONS, SESSION_TIMEOUT, TRANSACTION_TIMEOUT};
use crate::tally::Tally;

pub const ORDERS: &str = "orders.by-restaurant";
pub const STOCK: &str = "stock";
pub const FULFILMENT: &str = "fulfilment";
pub const ADJUSTMENTS: &str = "loyalty.adjustments";
const ACCEPTED: &str = "orders.accepted";
const BALANCES: &str = "loyalty.balances";

/// Short, so that reservations run out, are confirmed and forgotten within one run.
pub const RESERVATION: Duration = Duration::from_secs(20);
const ORDER_MEMORY: Duration = Duration::from_secs(60);
/// Longer than any run: inputs lag behind each other by as long as a group may take to be whole again, which has been minutes,
/// and an entry that goes while a record still needs it is a wrong answer. Expiry has tests of its own, in `host/state`.
const ORDERS_TTL: Duration = Duration::from_secs(3600);
/// The brokers look for timed-out transactions every second; the rest is for a busy machine.
const STABLE_DEADLINE: Duration = Duration::from_secs(15);

/// One pipeline of the flow.
#[derive(Debug, Clone, Copy)]
pub struct Station {
    /// Its group, too.
    pub name: &'static str,
    component: &'static str,
    rules: Plugin,
    /// Name and topic; the first one is what its partitions are assigned by.
    pub inputs: &'static [(&'static str, &'static str)],
    outputs: &'static [(&'static str, &'static str)],
    dead_letters: &'static str,
    stores: &'static [&'static str],
}

/// In the order of the flow.
pub const ALL: [Station; 2] = [
    Station {
        name: "inventory",
        component: "order-inventory",
        rules: Plugin::OrderInventory,
        inputs: &[("orders", ORDERS), ("stock", STOCK), ("fulfilment", FULFILMENT)],
        outputs: &[("decisions", "inventory.decisions"), ("accepted", ACCEPTED), ("low-stock", "inventory.low-stock")],
        dead_letters: "inventory.dlq",
        stores: &["stock", "orders"],
    },
    Station {
        name: "loyalty",
        component: "loyalty",
        rules: Plugin::Loyalty,
        inputs: &[("orders", ACCEPTED), ("adjustments", ADJUSTMENTS)],
        outputs: &[("balances", BALANCES), ("events", "loyalty.events")],
        dead_letters: "loyalty.dlq",
        stores: &["accounts"],
    },
];

/// What is configured for a component; nothing for one that is not ours.
pub fn settings(component: &str) -> Option<serde_json::Value> {
    let inventory = json!({ "reservation_s": RESERVATION.as_secs(), "order_memory_s": ORDER_MEMORY.as_secs() });
    (component == "order-inventory").then_some(inventory)
}

impl Station {
    fn changelogs(&self) -> impl Iterator<Item = String> {
        self.stores.iter().map(|store| format!("wasmill.{}.{store}.changelog", self.name))
    }

    /// Its part of a configuration file.
    pub fn configuration(&self, workers: u64) -> String {
        let Station { name, component, dead_letters, .. } = self;
        let topics = |pairs: &[(&str, &str)], more: &str| {
            let topics: Vec<String> =
                pairs.iter().map(|(name, topic)| format!("{name}: {{ topic: {topic}{more} }}")).collect();
            topics.join(", ")
        };
        let (inputs, outputs) = (topics(self.inputs, ", start: earliest"), topics(self.outputs, ""));
        let (session, transaction) = (SESSION_TIMEOUT.as_millis(), TRANSACTION_TIMEOUT.as_millis());
        let mut text = format!(
            "  {name}:
    group: {name}
    session_timeout_ms: {session}
    workers: {workers}
    inputs: {{ {inputs} }}
    plugin: {component}
    outputs: {{ {outputs} }}
    dead_letters: {{ topic: {dead_letters} }}
    commit: {{ interval_ms: 100, transaction_timeout_ms: {transaction} }}
"
        );
        if self.stores.contains(&"orders") {
            let _ = writeln!(text, "    stores: {{ orders: {{ ttl_ms: {} }} }}", ORDERS_TTL.as_millis());
        }
        text
    }

    /// What the oracle is asked.
    fn question(&self, counts: &Counts) -> oracle::Pipeline {
        let mut asked = oracle::Pipeline::new(self.rules, self.name, self.inputs, self.outputs, self.dead_letters);
        asked.config = settings(self.component).unwrap_or_else(|| json!({}));
        let sent = |(name, topic): &(&str, &str)| Some(((*name).to_owned(), counts.get(topic).copied()?));
        asked.expected = self.inputs.iter().filter_map(sent).collect();
        if self.stores.contains(&"orders") {
            asked.ttl = vec!["orders".to_owned()];
        }
        asked
    }
}

pub fn topics(kafka: &Kafka) -> Result<()> {
    for input in [ORDERS, STOCK, FULFILMENT, ADJUSTMENTS] {
        kafka.topic(input, PARTITIONS, &[])?;
    }
    for station in ALL {
        for (_, output) in station.outputs {
            kafka.topic(output, PARTITIONS, &[])?;
        }
        kafka.topic(station.dead_letters, DEAD_LETTER_PARTITIONS, &[])?;
        for changelog in station.changelogs() {
            kafka.topic(&changelog, PARTITIONS, &CHANGELOG)?;
        }
    }
    Ok(())
}

/// Those that run along with the faults: of what one pipeline hands to the other, and of what customers see.
pub fn readers(bootstrap: &str) -> Result<Vec<Reader>> {
    [ACCEPTED, BALANCES].iter().map(|topic| Reader::start(bootstrap, topic)).collect()
}

/// Asks the oracle about everything, and the readers what they saw.
///
/// # Errors
/// It could not be asked. What it found is in the tally.
pub fn verify(
    tally: &mut Tally,
    bootstrap: &str,
    counts: &Counts,
    readers: Vec<Reader>,
    directory: &Path,
) -> Result<()> {
    let folder = directory.join("flow");
    fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
    let config = oracle::Config { pipelines: ALL.iter().map(|station| station.question(counts)).collect() };
    oracle::dump(&Dump { bootstrap, config: &config, stable_deadline: STABLE_DEADLINE }, &folder)?;
    match oracle::judge(&folder, &config) {
        Ok(report) => print!("\nrestaurants: {report}"),
        Err(Unproven::Found(report)) => {
            print!("\nrestaurants: {report}");
            for finding in &report.findings {
                tally.violation(format!("restaurants: {} {}", finding.kind, finding.count));
            }
        }
        Err(unproven) => tally.violation(format!("restaurants: {unproven}")),
    }
    let mut findings = Findings::default();
    for reader in readers {
        let topic = reader.topic().to_owned();
        let mut log = Log::new();
        topic::read(bootstrap, &topic, |record| {
            log.entry(record.partition).or_default().push((record.offset, record.digest()));
        })?;
        let seen = reader.finish(log.values().map(|records| records.len() as u64).sum())?;
        reader::compare(&topic, &seen, &log, &mut findings);
    }
    if !findings.is_empty() {
        print!("{findings}");
    }
    for (kind, count) in findings.counts() {
        tally.violation(format!("restaurants: {kind:?} {count}"));
    }
    Ok(())
}
