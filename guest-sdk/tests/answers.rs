//! What an author says and what the host would do, through the harness.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;
use wasmill_sdk::prelude::*;
use wasmill_sdk::telemetry::{Counter, Level};
use wasmill_sdk::{Answer, Message};

#[derive(Outputs)]
enum Out {
    First,
    Second,
}

#[derive(Codes)]
enum Refusal {
    Bad,
    NotYet,
}

const SEEN: Counter = Counter::new(0, "seen");

/// Does what the record's value says.
struct Obedient;

impl Stateless for Obedient {
    type Config = NoConfig;
    type Outputs = Out;
    type Codes = Refusal;

    const INPUTS: &'static [&'static str] = &["left", "right"];
    const COUNTERS: &'static [Counter] = &[SEEN];

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Obedient)
    }

    fn process(&self, record: Record<'_>, context: &Context) -> Result<Outcome, Failure> {
        SEEN.add(1);
        match record.value().unwrap_or(b"tombstone") {
            b"tombstone" => Ok(Outcome::Drop),
            b"many" => Ok((0..3_u8).map(|n| Out::First.emit().key([n])).collect()),
            b"none" => Ok(Vec::new().into()),
            b"all" => Ok(all_of(Out::Second.emit())),
            b"keep nothing" => Ok(Out::First.emit().null_key().tombstone().without_headers().into()),
            b"map" => Ok(Out::First.emit().value("begun").json(&json!({ "a": [1] }))?.into()),
            b"not json" => Ok(Out::First.emit().json(&std::collections::BTreeMap::from([([1], 1)]))?.into()),
            b"begin and fail" => {
                let _begun = Out::First.emit().value("never sent");
                Err(Refusal::Bad.reject("after all"))
            }
            b"question mark" => Err(Refusal::Bad)?,
            b"number" => {
                let number: u32 = record.key_str()?.parse().or_reject(Refusal::Bad)?;
                Ok(Out::First.emit().value(number.to_string()).into())
            }
            b"retry" if context.attempt() < 3 => Err(Refusal::NotYet.retry_after(250, "later")),
            b"context" => {
                let value = json!({ "topic": context.topic(), "partition": context.partition(),
                    "now": context.now_ms(), "input": record.input(), "offset": record.offset() });
                Ok(Out::First.emit().json(&value)?.into())
            }
            b"random" => Ok(Out::First.emit().value(context.random().to_string()).into()),
            b"log" => {
                telemetry::warn(format!("at {}", record.offset()));
                Ok(Outcome::Drop)
            }
            b"header" => {
                let last = record.header("h").map(|value| value.map(<[u8]>::to_vec));
                Ok(Out::First.emit().value(format!("{last:?}")).into())
            }
            _ => Ok(Out::First.forward()),
        }
    }
}

fn all_of(emission: Emission) -> Outcome {
    let emission = emission.key("k").header("own", "1").value("v").null_header("null");
    emission.timestamp(12).partition(3).into()
}

wasmill_sdk::export!(Obedient);

fn harness() -> Harness<Obedient> {
    Harness::new(json!({}))
}

fn value(value: &str) -> Sample {
    Sample::new().key("key").value(value).header("h", "1").timestamp(5)
}

fn message(harness: &Harness<Obedient>) -> Message {
    match harness.answers() {
        [Answer::Emit(messages)] if messages.len() == 1 => messages[0].clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_forwarded_record_is_the_record() {
    let answers = harness().record(value("as it is")).answers().to_vec();
    let Answer::Forward(message) = &answers[0] else { panic!("{answers:?}") };
    assert_eq!((message.output, message.value.as_deref()), ("first", Some(&b"as it is"[..])));
    assert_eq!((message.headers.len(), message.timestamp), (1, Some(5)));
}

#[test]
fn what_is_not_set_is_the_records() {
    let sent = message(&harness().record(value("map")));
    assert_eq!((sent.key.as_deref(), sent.value.as_deref()), (Some(&b"key"[..]), Some(&br#"{"a":[1]}"#[..])));
    assert_eq!((sent.headers.len(), sent.timestamp, sent.partition), (1, Some(5), None));
}

#[test]
fn everything_can_be_set() {
    let sent = message(&harness().record(value("all")));
    assert_eq!((sent.output, sent.key.as_deref()), ("second", Some(&b"k"[..])));
    let headers = [("h", Some("1")), ("own", Some("1")), ("null", None)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.map(|it| it.as_bytes().to_vec())));
    assert_eq!(sent.headers, headers, "inherited ones first, own ones in their order");
    assert_eq!((sent.timestamp, sent.partition), (Some(12), Some(3)));
}

#[test]
fn everything_can_be_left_out() {
    let sent = message(&harness().record(value("keep nothing")));
    assert_eq!((sent.key, sent.value, sent.headers.len()), (None, None, 0));
}

#[test]
fn a_record_can_become_many_or_none() {
    let harness = harness().batch([value("many"), value("none"), Sample::new()]);
    let [Answer::Emit(many), Answer::Emit(none), Answer::Drop] = harness.answers() else { panic!() };
    let keys: Vec<_> = many.iter().map(|it| it.key.clone().unwrap()).collect();
    assert_eq!((keys, none.len()), (vec![vec![0], vec![1], vec![2]], 0));
}

#[test]
fn a_rejected_record_leaves_nothing_of_what_it_began() {
    harness()
        .batch([value("begin and fail"), value("many"), value("question mark")])
        .expect_reject(Refusal::Bad)
        .expect_message(Out::First, |it| assert_eq!(it.key.as_deref(), Some(&[0][..])))
        .expect_message(Out::First, |it| assert_eq!(it.key.as_deref(), Some(&[1][..])))
        .expect_message(Out::First, |it| assert_eq!(it.key.as_deref(), Some(&[2][..])))
        .expect_reject(Refusal::Bad);
}

#[test]
fn failures_of_the_sdk_have_codes_of_its_own() {
    harness()
        .batch([value("not json"), Sample::new().value("number"), value("number").key([0xff]), value("number")])
        .expect_reject("invalid-output")
        .expect_reject("null-key")
        .expect_reject("invalid-key")
        .expect_reject(Refusal::Bad);
}

#[test]
fn a_retry_says_when_and_why() {
    let harness = harness().record(value("retry"));
    let expected = Answer::Retry { after_ms: 250, code: "not-yet".into(), message: "later".into() };
    assert_eq!(harness.answers(), [expected]);
    harness.attempt(3).record(value("retry")).expect_message(Out::First, |_| {});
}

#[test]
fn the_context_is_what_the_host_says() {
    harness()
        .source("orders", 4)
        .now_ms(99)
        .input("right")
        .batch([Sample::new(), value("context")])
        .expect_drop()
        .expect(Out::First, json!({ "topic": "orders", "partition": 4, "now": 99, "input": 1, "offset": 1 }));
}

#[test]
fn randomness_is_the_records_own() {
    // Also in every company: the harness compares.
    let harness = harness().batch([value("random"), value("random")]);
    let answers = harness.answers();
    assert_ne!(answers[0], answers[1]);
}

#[test]
fn the_last_header_of_a_name_counts() {
    let samples = [value("header").null_header("h"), Sample::new().value("header")];
    harness()
        .batch(samples)
        .expect_message(Out::First, |it| assert_eq!(it.value.as_deref(), Some(&b"Some(None)"[..])))
        .expect_message(Out::First, |it| assert_eq!(it.value.as_deref(), Some(&b"None"[..])));
}

#[test]
fn lines_and_counters_are_those_of_the_answers_that_are_kept() {
    let harness = harness().batch([Sample::new(), value("log")]).expect_drop().expect_drop();
    assert_eq!(harness.lines(), [(Level::Warn, Some(1), "at 1".to_owned())]);
    assert_eq!(harness.counted(SEEN), 2, "the self-check's runs don't count");
}
