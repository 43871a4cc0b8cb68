//! What can't be read, and with which code; and what looks odd and can.

use super::{Run, T, assert_code, event};
use crate::Refusal;
use serde_json::json;
use std::collections::BTreeSet;
use wasmill_sdk::{Answer, Codes, Sample};

const ORDER: &str = r#"{"order_id":"o-1","customer_id":"c-7","currency":"USD","totals":{"total_cents":2750}}"#;
const REFUND: &str =
    r#"{"type":"refund","adjustment_id":"a-1","customer_id":"c-7","order_id":"o-1","amount_cents":500}"#;
const CORRECTION: &str = r#"{"type":"correction","adjustment_id":"a-2","customer_id":"c-7","points":-20}"#;
const SPEND: &str = r#"{"type":"spend","adjustment_id":"a-3","customer_id":"c-7","points":100}"#;

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
    let (order, refund) = (of("orders", ORDER), of("adjustments", REFUND));
    let (correction, spend) = (of("adjustments", CORRECTION), of("adjustments", SPEND));
    vec![
        order("too long", "{", &format!("{{\"padding\":\"{}\",", "x".repeat(1000)), MessageTooLarge),
        order("half of it", "}}", "}", InvalidJson),
        refund("two of them", "500}", "500}{}", InvalidJson),
        order("no currency", r#""currency":"USD","#, "", MissingField),
        order("no total", "total_cents", "total", MissingField),
        order("a total twice", "{\"total_cents\"", "{\"total_cents\":1,\"total\\u005fcents\"", DuplicateField),
        order("a list", ORDER, r#"["o-1","c-7","USD",{"total_cents":1}]"#, WrongType),
        order("totals that are a list", r#"{"total_cents":2750}"#, "[2750]", WrongType),
        order("half a cent", "2750", "2750.5", WrongType),
        order("null for a customer", r#""c-7""#, "null", WrongType),
        order("an id of nothing", "o-1", "", InvalidId),
        order("a customer with a space", "c-7", "c 7", InvalidId),
        order("another customer", "c-7", "c-8", WrongKey),
        order("another currency", "USD", "EUR", WrongCurrency),
        order("small letters", "USD", "usd", WrongCurrency),
        order("less than nothing", "2750", "-1", OutOfRange),
        order("more than there is", "2750", "1000000000001", OutOfRange),
        refund("no type", r#""type":"refund","#, "", MissingField),
        refund("a type that nobody knows", "refund", "Refund", UnknownType),
        refund("no order", r#","order_id":"o-1""#, "", MissingField),
        refund("no amount", r#","amount_cents":500"#, "", MissingField),
        refund("an amount of null", "500", "null", WrongType),
        refund("an order that is no id", "o-1", "o 1", InvalidId),
        refund("another customer", "c-7", "C-7", WrongKey),
        refund("nothing", "500", "0", OutOfRange),
        refund("more than there is", "500", "1000000000001", OutOfRange),
        correction("no points", r#","points":-20"#, "", MissingField),
        correction("an adjustment without an id", "a-2", "", InvalidId),
        correction("no correction", "-20", "0", OutOfRange),
        correction("too much up", "-20", "1000000001", OutOfRange),
        correction("too much down", "-20", "-1000000001", OutOfRange),
        spend("no points", r#","points":100"#, "", MissingField),
        spend("points in words", "100", r#""100""#, WrongType),
        spend("nothing", "100", "0", OutOfRange),
        spend("less than nothing", "100", "-1", OutOfRange),
        spend("too much", "100", "1000000001", OutOfRange),
        spend(
            "a field of another type that has the wrong one",
            r#""points""#,
            r#""amount_cents":"1","points""#,
            WrongType,
        ),
    ]
}

fn sample(value: impl AsRef<[u8]>) -> Sample {
    Sample::new().key("c-7").value(value).timestamp(T)
}

#[test]
fn each_mistake_has_its_code() {
    let mut run = Run::with(json!({ "max_bytes": 500 }));
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
    // Below, and in `orders.rs`.
    reached.extend([Refusal::NullValue, Refusal::NoTimestamp, Refusal::AmountOverflow].map(Codes::code));
    assert_eq!(reached, Refusal::NAMES.iter().copied().collect());
}

#[test]
fn every_input_wants_a_key_a_value_and_a_time() {
    for (input, value) in [("orders", ORDER), ("adjustments", SPEND)] {
        let answers = Run::new().batch(
            input,
            vec![
                Sample::new().value(value).timestamp(T),
                Sample::new().key([0xff]).value(value).timestamp(T),
                Sample::new().key("c-7").timestamp(T),
                Sample::new().key("c-7").value(value),
                sample(b"{\"order_id\":\"\xe9\"}"),
            ],
        );
        let codes = ["null-key", "invalid-key", "null-value", "no-timestamp", "invalid-json"];
        answers.iter().zip(codes).for_each(|(answer, code)| assert_code(answer, code));
    }
}

#[test]
fn the_first_millisecond_of_all_is_a_time() {
    for (input, value) in [("orders", ORDER), ("adjustments", SPEND)] {
        let answers = Run::new().batch(input, vec![sample(value).timestamp(0)]);
        assert!(matches!(&answers[0], Answer::Emit(_)), "{}", answers[0]);
    }
}

#[test]
fn a_refused_record_changes_nothing() {
    let mut run = Run::new();
    run.order(0, "o-1", 2_750);
    let before = run.account();
    run.batch("orders", vec![sample(replaced(ORDER, "USD", "EUR").replace("o-1", "o-2"))]);
    run.batch("adjustments", vec![sample(replaced(SPEND, "100", "0"))]);
    assert_eq!(run.account(), before);
    assert_eq!(run.spend("a-3", 1)["type"], "spent", "its id is free");
}

#[test]
fn what_json_allows_is_no_reason_to_refuse() {
    let mut run = Run::new();
    let spaced = ORDER.replace(',', " ,\r\n\t").replace(':', " : ");
    for (at, value) in [
        replaced(ORDER, "o-1", r"o\u002d1"),
        replaced(ORDER, "c-7", r"\u0063-7").replace("o-1", "o-2"),
        replaced(ORDER, "USD", r"\u0055SD").replace("o-1", "o-3"),
        replaced(ORDER, r#""totals""#, r#""tot\u0061ls""#).replace("o-1", "o-4"),
        spaced.replace("o-1", "o-5"),
        replaced(ORDER, "{", r#"{"extra":{"deep":[null,1e999,{"a":"\ud83e\uddc0"}]},"extra":2,"#).replace("o-1", "o-6"),
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(event(&run.send("orders", sample(value)))["order_id"], format!("o-{}", at + 1), "{value}");
    }
    assert_eq!(run.points(), [162, 162, 0, 0]);
    let escaped = replaced(REFUND, r#""refund""#, r#""r\u0065fund""#).replace("o-1", r"o\u002d1");
    assert_eq!(event(&run.send("adjustments", sample(escaped)))["type"], "refunded");
    // Fields of other types do not matter.
    let full = replaced(SPEND, "{", r#"{"order_id":"not an id","amount_cents":-1,"#);
    assert_eq!(event(&run.send("adjustments", sample(full)))["type"], "spent");
}

#[test]
fn what_is_at_its_limit_is_within_it() {
    let mut run = Run::with(json!({ "max_bytes": ORDER.len() + 9 }));
    assert_eq!(event(&run.send("orders", sample(replaced(ORDER, "2750", "1000000000000"))))["type"], "earned");
    let mut run = Run::new();
    run.order(0, "o-1", 1_000_000_000_000);
    assert_eq!(run.refund("a-1", "o-1", 1_000_000_000_000)["type"], "refunded");
    assert_eq!(run.correct("a-2", -1_000_000_000)["type"], "corrected");
    assert_eq!(run.correct("a-3", 1_000_000_000)["type"], "corrected");
    assert_eq!(run.correct("a-4", 1_000_000_000)["type"], "corrected");
    assert_eq!(run.spend("a-5", 1_000_000_000)["type"], "spent");
}

/// The harness fails on a panic, and on a code that is not in the manifest.
#[test]
fn whatever_byte_is_wrong_there_is_an_answer() {
    for (input, message) in [("orders", ORDER), ("adjustments", REFUND), ("adjustments", SPEND)] {
        let spoilt = (0..message.len()).flat_map(|at| {
            [0, b'"', b'{', b'\\', b'9', b'-', b' ', 0xff].map(|by| {
                let mut value = message.as_bytes().to_vec();
                value[at] = by;
                sample(value)
            })
        });
        let cut = (0..message.len()).map(|at| sample(&message.as_bytes()[..at]));
        let answers = Run::new().batch(input, spoilt.chain(cut).collect());
        let refused = answers.iter().filter(|answer| matches!(answer, Answer::Reject { .. })).count();
        assert!(refused > answers.len() / 2 && refused < answers.len(), "{refused} of {}", answers.len());
    }
}
