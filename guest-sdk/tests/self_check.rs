//! Plugins that must not pass the harness, and what it says about them.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::expect_used)]

use serde_json::json;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmill_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Out,
}

macro_rules! plugin {
    ($name:ident { $($field:ident: $type:ty),* } |$self:ident, $record:ident| $body:expr) => {
        #[derive(Default)]
        struct $name { $($field: $type),* }

        impl Stateless for $name {
            type Config = NoConfig;
            type Outputs = Out;
            type Codes = NoCodes;

            const READS: Reads = Reads::KEY.and(Reads::VALUE);

            fn configure(_: NoConfig) -> Result<Self, Problems> {
                Ok(Self::default())
            }

            fn process(&$self, $record: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
                $body
            }
        }
    };
}

// The order of a std HashMap gets into the value.
plugin!(
    Shuffled {} | self,
    record | {
        let words = String::from_utf8_lossy(record.value().unwrap_or_default()).into_owned();
        let words: std::collections::HashSet<&str> = words.split(' ').collect();
        Ok(Out::Out.emit().value(words.into_iter().collect::<Vec<_>>().join(" ")).into())
    }
);

plugin!(
    FixedOrder {} | self,
    record | {
        let words = String::from_utf8_lossy(record.value().unwrap_or_default()).into_owned();
        let words: wasmill_sdk::HashSet<&str> = words.split(' ').collect();
        Ok(Out::Out.emit().value(words.into_iter().collect::<Vec<_>>().join(" ")).into())
    }
);

// Remembers what it saw: right until the instance is replaced.
plugin!(Remembers { seen: Cell<u32> } |self, record| {
    self.seen.set(self.seen.get() + 1);
    Ok(if record.key().is_some() && self.seen.get() > 1 { Outcome::Drop } else { Out::Out.forward() })
});

plugin!(Unread {} | self, record | Ok(if record.headers().count() > 0 { Outcome::Drop } else { Out::Out.forward() }));

fn words(key: &str) -> Sample {
    Sample::new().key(key).value("one two")
}

/// The panic of a case.
fn failure(case: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(case)).expect_err("the harness lets it through");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned())).unwrap_or_default()
}

fn run<P: Plugin>(samples: impl IntoIterator<Item = Sample>) {
    Harness::<P>::new(json!({})).batch(samples).answers();
}

#[test]
fn the_order_of_a_hash_map_is_found_and_the_record_named() {
    // Even where there are only two items, whose order is right every other time; one word is always in order.
    let samples = [Sample::new().key("a").value("word"), words("b")];
    let said = failure(|| run::<Shuffled>(samples));
    assert!(said.contains("record 1 of the batch (offset 1, key `b`)"), "{said}");
    assert!(said.contains("HashMap"), "{said}");
}

#[test]
fn a_map_with_a_fixed_hash_passes() {
    let many = (0..50).map(|n| Sample::new().value((0..n).map(|it| it.to_string()).collect::<Vec<_>>().join(" ")));
    run::<FixedOrder>(many);
}

#[test]
fn memory_of_earlier_records_is_found_within_a_batch() {
    let said = failure(|| run::<Remembers>([words("a"), words("b")]));
    assert!(said.contains("record 1 of the batch (offset 1, key `b`)"), "{said}");
    assert!(said.contains("alone on a new instance: forward"), "{said}");
}

#[test]
fn memory_of_earlier_records_is_found_across_batches() {
    let unseen = Harness::<Remembers>::new(json!({}));
    let said = failure(|| drop(unseen.record(words("a"))));
    assert!(said.contains("once more on the same instance: a record to be dropped"), "{said}");
}

#[test]
fn a_part_that_is_not_read_is_named() {
    let said = failure(|| run::<Unread>([words("a").header("h", "1")]));
    assert!(said.contains("add `Reads::HEADERS`"), "{said}");
    run::<Unread>([words("a")]);
}

#[test]
fn an_answer_that_nobody_looked_at_fails_the_test() {
    let said = failure(|| drop(Harness::<FixedOrder>::new(json!({})).record(words("a"))));
    assert!(said.contains("answered more than the test looked at: a message to `out`, key `a`"), "{said}");
}

#[test]
fn an_expectation_says_what_came_instead() {
    let said = failure(|| drop(Harness::<Remembers>::new(json!({})).record(Sample::new()).expect_reject("null-key")));
    assert_eq!(said, "expected a rejection with `null-key`, got a message to `out`, key null, value null");
}

// A code that is made up when it is needed: the type may be implemented by hand.
struct MadeUp;

impl Codes for MadeUp {
    const NAMES: &'static [&'static str] = &["listed"];

    fn code(self) -> &'static str {
        "made-up"
    }
}

plugin!(Inventive {} | self, _record | Err(MadeUp.reject("")));

#[test]
fn a_code_that_is_not_listed_is_named() {
    let said = failure(|| run::<Inventive>([words("a")]));
    assert!(said.contains("the code `made-up` is not in the plugin's Codes"), "{said}");
}

plugin!(
    Flood {} | self,
    record | {
        let value = record.value().unwrap_or_default();
        Ok((0..1001).map(|_| Out::Out.emit().value(value)).collect())
    }
);

#[test]
fn what_the_host_would_refuse_is_refused() {
    let said = failure(|| run::<Flood>([words("a")]));
    assert!(said.contains("plugin-protocol") && said.contains("outputs_per_record_max"), "{said}");
}
