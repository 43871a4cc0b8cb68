//! Plugins that work in every test of a careless author, and are found out by the harness's self-check: their answers depend
//! on more than the record.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;
use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmill_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Words,
}

/// What a plugin says of a record: its value, and how many records the instance has seen.
trait Says: 'static {
    fn says(value: &str, seen: u32) -> String;
}

/// Emits what it says.
struct Plain<S> {
    seen: Cell<u32>,
    says: PhantomData<S>,
}

impl<S: Says> Stateless for Plain<S> {
    type Config = NoConfig;
    type Outputs = Out;
    type Codes = NoCodes;

    const READS: Reads = Reads::KEY.and(Reads::VALUE);

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Plain { seen: Cell::new(0), says: PhantomData })
    }

    fn process(&self, record: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
        self.seen.set(self.seen.get() + 1);
        let value = String::from_utf8_lossy(record.value().unwrap_or_default());
        Ok(Out::Words.emit().value(S::says(&value, self.seen.get())).into())
    }
}

/// The words of the value, each once, in the order of a map that is seeded anew for each instance and map.
struct Leaky;

impl Says for Leaky {
    fn says(value: &str, _: u32) -> String {
        let words: std::collections::HashMap<&str, ()> = value.split(' ').map(|word| (word, ())).collect();
        words.into_keys().collect::<Vec<_>>().join(" ")
    }
}

/// The same, with the map of the SDK.
struct Honest;

impl Says for Honest {
    fn says(value: &str, _: u32) -> String {
        let words: wasmill_sdk::HashMap<&str, ()> = value.split(' ').map(|word| (word, ())).collect();
        words.into_keys().collect::<Vec<_>>().join(" ")
    }
}

/// Something that an instance remembers.
struct Counting;

impl Says for Counting {
    fn says(_: &str, seen: u32) -> String {
        seen.to_string()
    }
}

/// The words with which the self-check fails.
fn found_out<S: Says>(values: &[&str]) -> String {
    let samples: Vec<Sample> = values.iter().map(|value| Sample::new().key(*value).value(*value)).collect();
    let sent = AssertUnwindSafe(|| {
        let harness = Harness::<Plain<S>>::new(json!({})).batch(samples);
        // Whatever it answered, it was looked at.
        harness.answers();
    });
    let panic = catch_unwind(sent).expect_err("it is found out");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap()
}

#[test]
fn the_order_of_a_hash_map_in_an_answer_fails_the_self_check_and_the_record_is_named() {
    let message = found_out::<Leaky>(&["one", "of many words in an order of its own", "two"]);
    assert!(message.contains("record 1 of the batch (offset 1, key `of many words"), "{message}");
    assert!(message.contains("not answered the same way twice"), "{message}");
    assert!(message.contains("HashMap"), "the usual cause: {message}");
}

#[test]
fn what_an_instance_remembers_fails_the_self_check_and_the_record_is_named() {
    let message = found_out::<Counting>(&["a", "b"]);
    assert!(message.contains("record 0 of the batch") || message.contains("record 1 of the batch"), "{message}");
}

#[test]
fn the_same_plugin_with_the_map_of_the_sdk_passes() {
    let harness =
        Harness::<Plain<Honest>>::new(json!({})).batch([Sample::new().value("of many words in an order of its own")]);
    assert_eq!(harness.answers().len(), 1);
}
