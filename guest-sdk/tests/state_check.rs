//! Plugins with stores that must not pass the harness, and what it says about them.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::expect_used)]

use serde_json::json;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmill_sdk::prelude::*;

#[derive(Stores)]
struct Stores {
    seen: Store<str, u32>,
    words: Store<str, Vec<String>>,
}

#[derive(Deserialize, JsonSchema)]
struct Config {
    what: String,
    #[serde(default)]
    unused: bool,
}

/// Answers all records alike, and keeps what it should not.
struct Careless {
    config: Config,
    count: Cell<u32>,
}

impl Plugin for Careless {
    type Config = Config;
    type Outputs = NoOutputs;
    type Codes = NoCodes;
    type Stores = Stores;
    type Input<'r> = &'r str;

    fn configure(config: Config) -> Result<Self, Problems> {
        Ok(Careless { config, count: Cell::new(0) })
    }

    fn unused_stores(&self) -> Vec<&'static str> {
        match self.config.what.as_str() {
            _ if !self.config.unused => Vec::new(),
            "misnamed" => vec!["sean"],
            _ => vec!["seen"],
        }
    }

    fn parse<'r>(&self, record: Record<'r>, stores: &Stores) -> Result<&'r str, Failure> {
        let key = record.key_str()?;
        if self.config.what == "logs" {
            telemetry::info(format!("parse {key}"));
        }
        if self.config.what == "wants" {
            stores.seen.want(key);
        }
        Ok(key)
    }

    fn process(&self, key: &str, stores: &mut Stores, _: &Context) -> Result<Outcome, Failure> {
        match self.config.what.as_str() {
            "remembers" => {
                self.count.set(self.count.get() + 1);
                stores.seen.put(key, &self.count.get())?;
            }
            "counts" => {
                let count = stores.seen.get(key)?.unwrap_or_default() + 1;
                stores.seen.put(key, &count)?;
            }
            "shuffles" => {
                let words: std::collections::HashSet<&str> = key.split(' ').collect();
                stores.words.put(key, &words.into_iter().map(str::to_owned).collect())?;
            }
            "long-key" => stores.seen.put("k".repeat(4097), &1)?,
            "long-value" => stores.words.put(key, &vec!["v".repeat(512 << 10)])?,
            "logs" => telemetry::info(format!("process {key}")),
            "scans" => drop(stores.seen.scan((), 1)?),
            "puts" => stores.seen.put(key, &1)?,
            _ => {}
        }
        Ok(Outcome::Drop)
    }
}

fn run(config: serde_json::Value) {
    let samples = ["a b", "c d", "a b"].map(|key| Sample::new().key(key));
    Harness::<Careless>::new(config).batch(samples).answers();
}

/// The panic of a case.
fn failure(config: serde_json::Value) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| run(config))).expect_err("the harness lets it through");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned())).unwrap_or_default()
}

#[test]
fn memory_that_gets_into_the_state_is_found_though_the_answers_are_alike() {
    let said = failure(json!({ "what": "remembers" }));
    assert!(said.contains("record 1 of the batch (offset 1, key `c d`)"), "{said}");
    assert!(said.contains("at first:  a record to be dropped; seen: `c d` = 2"), "{said}");
    assert!(said.contains("alone on a new instance: a record to be dropped; seen: `c d` = 1"), "{said}");
}

#[test]
fn the_order_of_a_hash_map_is_found_in_the_state() {
    let said = failure(json!({ "what": "shuffles" }));
    // Which of the records, and which order came first, is up to the map.
    assert!(said.contains("a record to be dropped; words: `") && said.contains("HashMap"), "{said}");
}

#[test]
fn memory_that_is_in_a_store_is_none() {
    run(json!({ "what": "counts" }));
}

#[test]
fn a_store_that_is_said_to_be_unused_must_be_that() {
    run(json!({ "what": "nothing", "unused": true }));
    run(json!({ "what": "puts" }));
    for (what, verb) in [("wants", "read"), ("counts", "read"), ("scans", "read"), ("puts", "changed")] {
        let said = failure(json!({ "what": what, "unused": true }));
        assert_eq!(said, format!("the store `seen` is {verb}, and `unused_stores` says that it is unused"));
    }
}

#[test]
fn a_change_that_the_host_would_not_keep_is_named() {
    for (what, said) in [("long-key", "a key of 4097 bytes, 4096"), ("long-value", "a value of 524292 bytes, 524288")] {
        let expected = format!("the host would refuse the change (state-too-large): {said} are allowed");
        assert_eq!(failure(json!({ "what": what })), expected);
    }
}

#[test]
fn log_lines_have_the_position_of_their_record_in_both_passes() {
    let samples = ["a", "b"].map(|key| Sample::new().key(key));
    let harness = Harness::<Careless>::new(json!({ "what": "logs" })).batch(samples).expect_drop().expect_drop();
    let lines: Vec<(Option<u32>, &str)> = harness.lines().iter().map(|(_, at, line)| (*at, line.as_str())).collect();
    assert_eq!(lines, [(Some(0), "parse a"), (Some(1), "parse b"), (Some(0), "process a"), (Some(1), "process b")]);
}

#[test]
fn an_unused_store_has_the_name_of_one() {
    let said = failure(json!({ "what": "misnamed", "unused": true }));
    assert!(said.contains("names `sean`, which is no store"), "{said}");
}
