//! What has no row, and with which code.

use super::harness;
use crate::Refusal;
use serde_json::json;
use std::collections::BTreeSet;
use wasmill_sdk::{Answer, Codes, Sample};

#[test]
fn each_mistake_has_its_code() {
    use Refusal::*;
    let long = format!(r#"{{"text": "{}"}}"#, "x".repeat(101));
    let cases: Vec<(&str, &[u8], Refusal)> = vec![
        ("no JSON", b"good food", InvalidJson),
        ("half of it", br#"{"text": "good"#, InvalidJson),
        ("broken behind the text", br#"{"text": "good", "x": tru}"#, InvalidJson),
        ("two documents", br#"{"text": "good"} {}"#, InvalidJson),
        ("nothing at all", b"", InvalidJson),
        ("no text", br#"{"review": "good"}"#, TextMissing),
        ("null", br#"{"text": null}"#, TextMissing),
        ("another document", br#""good""#, TextMissing),
        ("a number", br#"{"text": 5}"#, TextNotAString),
        ("a list of texts", br#"{"text": ["good"]}"#, TextNotAString),
        ("an object", br#"{"text": {"en": "good"}}"#, TextNotAString),
        ("Latin-1", b"{\"text\": \"caf\xe9\"}", TextUndecodable),
        ("UTF-16", b"\xff\xfe{\0", TextUndecodable),
        ("half a surrogate pair", br#"{"text": "good \ud83d"}"#, TextUndecodable),
        ("an encoded surrogate", b"{\"text\": \"\xed\xa0\xbd\"}", TextUndecodable),
        ("101 bytes of 100", long.as_bytes(), TextTooLong),
        ("an empty text", br#"{"text": ""}"#, TextEmpty),
        ("spaces", br#"{"text": " \t\n\u00a0\u200b\ufeff"}"#, TextEmpty),
        ("an id that is a list", br#"{"text": "good", "id": [1]}"#, InvalidId),
        ("an id that is an object", br#"{"text": "good", "id": {}}"#, InvalidId),
        ("an id of half a pair", br#"{"text": "good", "id": "\udc00"}"#, InvalidId),
    ];
    let config = json!({ "text": "/text", "ids": { "id": "/id" }, "max_bytes": 100 });
    let samples = cases.iter().map(|(_, value, _)| Sample::new().value(value)).chain([Sample::new().key("k")]);
    let harness = harness(config).batch(samples);
    let mut reached = BTreeSet::new();
    let tombstone = ("a tombstone", &b""[..], NullValue);
    for ((what, _, expected), answer) in cases.iter().chain([&tombstone]).zip(harness.answers()) {
        let Answer::Reject { code, message } = answer else { panic!("{what}: {answer}") };
        assert_eq!(code, expected.code(), "{what}: {message}");
        reached.insert(expected.code());
    }
    assert_eq!(reached, Refusal::NAMES.iter().copied().collect(), "every code is reached");
}

#[test]
fn plain_text_is_refused_for_what_can_be_wrong_with_it() {
    harness(json!({ "max_bytes": 10 }))
        .batch(["caf\u{e9} 12345", "caf\u{e9} 1234", " \n "].map(|value| Sample::new().value(value)))
        .expect_reject(Refusal::TextTooLong)
        .expect_message(crate::Output::Rows, |_| {})
        .expect_reject(Refusal::TextEmpty)
        .batch([Sample::new().value(b"caf\xe9"), Sample::new()])
        .expect_reject(Refusal::TextUndecodable)
        .expect_reject(Refusal::NullValue);
}
