//! What can't be read, and with which code; and what looks odd and can.

use super::{Run, T, assert_code, decision, order};
use crate::Refusal;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wasmill_sdk::{Answer, Codes, Sample};

const ORDER: &str =
    r#"{"order_id":"o-1","customer_id":"c-7","restaurant_id":"r-3","items":[{"sku":"P-1","quantity":2}]}"#;
const COUNT: &str = r#"{"type":"count","restaurant_id":"r-3","sku":"P-1","count":20}"#;
const ADJUSTMENT: &str = r#"{"type":"adjustment","restaurant_id":"r-3","sku":"P-1","delta":-2}"#;
const FULFILMENT: &str = r#"{"order_id":"o-1","restaurant_id":"r-3","status":"confirmed"}"#;

fn replaced(message: &str, part: &str, by: &str) -> String {
    assert!(message.contains(part), "{message} has no {part}");
    message.replacen(part, by, 1)
}

/// Input, what is wrong, the value, the code.
fn cases() -> Vec<(&'static str, &'static str, String, Refusal)> {
    use Refusal::*;
    let of = |input, message: &'static str| {
        move |what, part: &str, by: &str, code| (input, what, replaced(message, part, by), code)
    };
    let (order, count) = (of("orders", ORDER), of("stock", COUNT));
    let (adjustment, fulfilment) = (of("stock", ADJUSTMENT), of("fulfilment", FULFILMENT));
    let item = r#"{"sku":"P-1","quantity":2}"#;
    vec![
        order("too long", "{", &format!("{{\"padding\":\"{}\",", "x".repeat(1000)), MessageTooLarge),
        order("half of it", r#"}]}"#, "", InvalidJson),
        count("two of them", "20}", "20}{}", InvalidJson),
        fulfilment("an empty value", FULFILMENT, "", InvalidJson),
        order("no customer", r#""customer_id":"c-7","#, "", MissingField),
        order("no items", "items", "itemz", MissingField),
        order("an item without a quantity", r#","quantity":2"#, "", MissingField),
        order("an id twice", "{", r#"{"order_id":"o-1","#, DuplicateField),
        order("an id twice, one escaped", "{", r#"{"order\u005fid":"o-1","#, DuplicateField),
        order("a list", ORDER, r#"["o-1","c-7","r-3",[]]"#, WrongType),
        order("an item that is a list", item, r#"["P-1",2]"#, WrongType),
        order("a float", "2}", "2.0}", WrongType),
        order("a number for an id", r#""o-1""#, "1", WrongType),
        order("null for the items", &format!("[{item}]"), "null", WrongType),
        order("an id with a space", "o-1", "o 1", InvalidId),
        order("a customer of nothing", "c-7", "", InvalidId),
        order("a restaurant with a line break", "r-3", r"r\n3", InvalidId),
        order("a SKU of 65 bytes", "P-1", &"x".repeat(65), InvalidId),
        order("another restaurant", "r-3", "r-4", WrongKey),
        order("an empty list", item, "", NoItems),
        order("four items of three", item, &[item; 4].join(","), TooManyItems),
        order("none of it", ":2}", ":0}", OutOfRange),
        order("a million and one", ":2}", ":1000001}", OutOfRange),
        count("no type", r#""type":"count","#, "", MissingField),
        count("a type that nobody knows", r#""count","#, r#""inventory","#, UnknownType),
        count("a count without a count", r#""count":20"#, r#""delta":20"#, MissingField),
        count("a count of null", "20", "null", WrongType),
        count("a restaurant of 23 characters", "r-3", &"\u{9867}".repeat(23), InvalidId),
        count("no SKU to speak of", "P-1", "", InvalidId),
        count("another restaurant", "r-3", "R-3", WrongKey),
        count("less than nothing", "20", "-1", OutOfRange),
        count("more than there can be", "20", "1000000001", OutOfRange),
        adjustment("an adjustment without one", r#""delta":-2"#, r#""count":2"#, MissingField),
        adjustment("too large a delivery", "-2", "1000000001", OutOfRange),
        adjustment("too large a loss", "-2", "-1000000001", OutOfRange),
        fulfilment("no status", r#","status":"confirmed""#, "", MissingField),
        fulfilment("a status that nobody knows", "confirmed", "Confirmed", UnknownType),
        fulfilment("an order without an id", "o-1", "", InvalidId),
        fulfilment("another restaurant", "r-3", "r-4", WrongKey),
    ]
}

fn run() -> Run {
    Run::with(json!({ "max_bytes": 500, "max_items": 3 }))
}

fn sample(value: impl AsRef<[u8]>) -> Sample {
    Sample::new().key("r-3").value(value).timestamp(T)
}

#[test]
fn each_mistake_has_its_code() {
    let mut run = run();
    for (input, what, value, code) in cases() {
        let answers = run.batch(input, vec![sample(&value)]);
        match &answers[0] {
            Answer::Reject { code: found, .. } if found == code.code() => {}
            other => panic!("{what}: expected `{}`, got {other}\n{value}", code.code()),
        }
    }
}

#[test]
fn every_code_is_reached() {
    let mut reached: BTreeSet<&str> = cases().into_iter().map(|(_, _, _, code)| code.code()).collect();
    // Below, and in `stock.rs`.
    reached.extend([Refusal::NullValue, Refusal::NoTimestamp, Refusal::AmountOverflow].map(Codes::code));
    assert_eq!(reached, Refusal::NAMES.iter().copied().collect());
}

#[test]
fn every_input_wants_a_key_a_value_and_a_time() {
    for (input, value) in [("orders", ORDER), ("stock", COUNT), ("fulfilment", FULFILMENT)] {
        let answers = run().batch(
            input,
            vec![
                Sample::new().value(value).timestamp(T),
                Sample::new().key([0xff]).value(value).timestamp(T),
                Sample::new().key("r-3").timestamp(T),
                Sample::new().key("r-3").value(value),
                sample(b"{\"order_id\":\"\xe9\"}"),
            ],
        );
        let codes = ["null-key", "invalid-key", "null-value", "no-timestamp", "invalid-json"];
        answers.iter().zip(codes).for_each(|(answer, code)| assert_code(answer, code));
    }
}

#[test]
fn the_first_millisecond_of_all_is_a_time() {
    for (input, value) in [("orders", ORDER), ("stock", COUNT), ("fulfilment", FULFILMENT)] {
        let answers = run().batch(input, vec![sample(value).timestamp(0)]);
        assert!(matches!(&answers[0], Answer::Emit(_)), "{}", answers[0]);
    }
}

#[test]
fn a_refused_record_changes_nothing() {
    let mut run = Run::stocked(&[("P-1", 5)]);
    let before = run.stock_json("P-1");
    let late = T + 1_000_000_000;
    run.batch("stock", vec![sample(replaced(COUNT, "20", "-1")).timestamp(late)]);
    run.batch("orders", vec![sample(replaced(ORDER, "r-3", "r-4")).timestamp(late)]);
    assert_eq!((run.stock_json("P-1"), run.entry_json("o-1")), (before, json!(null)));
}

#[test]
fn what_json_allows_is_no_reason_to_refuse() {
    let mut run = Run::stocked(&[("P-1", 50)]);
    let spaced = ORDER.replace(',', " ,\r\n\t").replace(':', " : ");
    for (at, value) in [
        replaced(ORDER, "o-1", r"o\u002d1"),
        replaced(ORDER, "P-1", r"\u0050-1").replace("o-1", "o-2"),
        replaced(ORDER, r#""sku""#, r#""s\u006bu""#).replace("o-1", "o-3"),
        replaced(ORDER, r#""r-3""#, r#""r\u002d3""#).replace("o-1", "o-4"),
        spaced.replace("o-1", "o-5"),
        replaced(ORDER, "{", r#"{"extra":{"deep":[null,1e999,{"a":"\ud83e\uddc0"}]},"extra":2,"#).replace("o-1", "o-6"),
        replaced(ORDER, "c-7", "\u{9867}\u{5ba2}").replace("o-1", "o-7"),
    ]
    .iter()
    .enumerate()
    {
        let messages = run.send("orders", sample(value));
        assert_eq!(decision(&messages)["order_id"], format!("o-{}", at + 1), "{value}");
        assert_eq!(messages.len(), 2, "{value}");
    }
    assert_eq!(run.pieces("P-1"), [36, 14, 0, 50]);
    assert_eq!(
        decision(&run.send("fulfilment", sample(replaced(FULFILMENT, "confirmed", r"\u0063onfirmed"))))["decision"],
        "confirmed"
    );
}

#[test]
fn what_is_at_its_limit_is_within_it() {
    let mut run = Run::with(json!({ "max_items": 3, "max_bytes": 2_000 }));
    assert_eq!(run.count(0, "P-1", 1_000_000_000)["on_hand"], 1_000_000_000);
    assert_eq!(run.adjust(0, "P-1", 1_000_000_000)["on_hand"], 2_000_000_000);
    assert_eq!(run.adjust(0, "P-1", -1_000_000_000)["on_hand"], 1_000_000_000);
    let id = "x".repeat(64);
    assert_eq!(run.order(0, &id, &[("P-1", 1_000_000), ("P-1", 1_000_000), ("P-1", 1)])["decision"], "accepted");
    assert_eq!(run.pieces("P-1")[1], 2_000_001);
    let exact = Run::with(json!({ "max_bytes": ORDER.len() })).batch("orders", vec![sample(ORDER)]);
    assert!(matches!(&exact[0], Answer::Emit(_)), "{}", exact[0]);
}

/// The harness fails on a panic, and on a code that is not in the manifest.
#[test]
fn whatever_byte_is_wrong_there_is_an_answer() {
    for (input, message) in [("orders", ORDER), ("stock", COUNT), ("fulfilment", FULFILMENT)] {
        let spoilt = (0..message.len()).flat_map(|at| {
            [0, b'"', b'{', b'\\', b'9', b'-', b' ', 0xff].map(|by| {
                let mut value = message.as_bytes().to_vec();
                value[at] = by;
                sample(value)
            })
        });
        let cut = (0..message.len()).map(|at| sample(&message.as_bytes()[..at]));
        let answers = Run::stocked(&[("P-1", 5)]).batch(input, spoilt.chain(cut).collect());
        let refused = answers.iter().filter(|answer| matches!(answer, Answer::Reject { .. })).count();
        assert!(refused > answers.len() / 2 && refused < answers.len(), "{refused} of {}", answers.len());
    }
}

#[test]
fn a_message_says_where_and_how_much() {
    let long = "\u{20ac}".repeat(65);
    let cases: [(&str, Value, &str); 4] = [
        ("orders", order("o 1", &[("P-1", 1)]), r#"`order_id`: "o 1" is not 1 to 64 bytes without spaces"#),
        ("orders", order("o-1", &[("P-1", -7)]), "`quantity`: -7 is not from 1 to 1000000"),
        (
            "fulfilment",
            json!({ "order_id": "o-1", "restaurant_id": "r-4", "status": "confirmed" }),
            r#"the key is "r-3", the message is about "r-4""#,
        ),
        (
            "stock",
            json!({ "type": long, "restaurant_id": "r-3", "sku": "P-1" }),
            &format!("`type`: \"{}\" is no type", "\u{20ac}".repeat(64)),
        ),
    ];
    for (input, value, expected) in cases {
        let answers = run().batch(input, vec![Sample::new().key("r-3").json(value).timestamp(T)]);
        let Answer::Reject { message, .. } = &answers[0] else { panic!("{}", answers[0]) };
        assert_eq!(message, expected);
    }
}
