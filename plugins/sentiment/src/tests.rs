mod data;
mod parity;
mod refused;

use super::{Output, Sentiment};
use serde_json::{Value, json};
use wasmill_sdk::{Harness, Sample};

/// Feedback as JSON, with two ids.
fn config() -> Value {
    json!({ "text": "/text", "ids": { "review": "/review", "order": "/order/id" } })
}

fn harness(config: Value) -> Harness<Sentiment> {
    Harness::new(config)
}

#[test]
fn feedback_becomes_a_flat_row_with_the_key_of_its_record() {
    let feedback = r#"{"review":"r-1","order":{"id":12345678901234567890123},"text":" The pizza was\n GREAT!!! "}"#;
    let sample = Sample::new().key("c-7").value(feedback).header("trace", "1").timestamp(5);
    harness(config()).source("feedback", 3).record(sample).expect_message(Output::Rows, |message| {
        let row = r#"{"order":12345678901234567890123,"review":"r-1","text":"The pizza was GREAT!!!","length":22,"compound":0.7723,"pos":0.656,"neu":0.344,"neg":0.0,"label":"positive","source_topic":"feedback","source_partition":3,"source_offset":0}"#;
        assert_eq!(message.value.as_deref().map(String::from_utf8_lossy).as_deref(), Some(row));
        assert_eq!((message.key.as_deref(), message.headers.len(), message.timestamp), (Some(&b"c-7"[..]), 1, Some(5)));
    });
}

#[test]
fn a_value_can_be_the_text_itself() {
    harness(json!({})).record(Sample::new().value("{\"text\": \"awful\"}")).expect(
        Output::Rows,
        json!({
            "text": "{\"text\": \"awful\"}", "length": 17, "compound": -0.4588, "pos": 0.0, "neu": 0.25, "neg": 0.75,
            "label": "negative", "source_topic": "test", "source_partition": 0, "source_offset": 0,
        }),
    );
}

#[track_caller]
fn columns(config: Value, value: impl serde::Serialize, expected: &[(&str, Value)]) {
    harness(config).send("c-7", value).expect_message(Output::Rows, |message| {
        let row: Value = serde_json::from_slice(message.value.as_deref().unwrap()).unwrap();
        for (column, expected) in expected {
            assert_eq!(row.get(column), Some(expected), "{column} of {row}");
        }
    });
}

#[test]
fn escaped_text_is_text() {
    let feedback = r#"{"text": "caf\u0065\u0301 \ud83d\ude0a \"good\"", "review": "r\u002d1"}"#;
    let value: Box<serde_json::value::RawValue> = serde_json::from_str(feedback).unwrap();
    columns(
        config(),
        value,
        &[("text", json!("caf\u{e9} \u{1f60a} \"good\"")), ("length", json!(13)), ("review", json!("r-1"))],
    );
}

#[test]
fn an_id_that_is_not_there_is_null() {
    columns(config(), json!({ "text": "fine", "order": 7 }), &[("review", Value::Null), ("order", Value::Null)]);
}

#[test]
fn what_is_masked_is_not_scored() {
    let text = "Write to love@best.com or call +1 415 555 0100; 4111 1111 1111 1111 was used twice";
    let masked = "Write to [email] or call [phone]; [card] was used twice";
    columns(
        config(),
        json!({ "text": text }),
        &[("text", json!(masked)), ("length", json!(55)), ("compound", json!(0.0))],
    );
    let unmasked = json!({ "text": "/text", "mask": { "emails": false, "phones": false, "cards": false } });
    columns(unmasked, json!({ "text": text }), &[("text", json!(text))]);
}

#[test]
fn thresholds_are_the_pipelines() {
    for (thresholds, label) in [
        (json!({}), "positive"),
        (json!({ "positive": 0.4404 }), "positive"),
        (json!({ "positive": 0.4405 }), "neutral"),
        (json!({ "positive": 0.9, "negative": 0.4404 }), "negative"),
    ] {
        let config = json!({ "text": "/text", "thresholds": thresholds });
        columns(config, json!({ "text": "good" }), &[("compound", json!(0.4404)), ("label", json!(label))]);
    }
    columns(config(), json!({ "text": "table" }), &[("compound", json!(0.0)), ("label", json!("neutral"))]);
}

#[test]
fn every_mistake_in_a_configuration_is_named_at_once() {
    let paths = |config: Value| -> Vec<String> {
        let Err(problems) = Harness::<Sentiment>::configure(config) else { panic!("the configuration is taken") };
        problems.into_iter().map(|problem| problem.path).collect()
    };
    assert_eq!(
        paths(json!({
            "text": "text", "ids": { "label": "/label", "a/b": "x", "": "/y" }, "max_bytes": 0,
            "thresholds": { "positive": -1.5, "negative": 0.2 },
        })),
        ["/text", "/ids/a~1b", "/ids/", "/ids/label", "/max_bytes", "/thresholds/positive", "/thresholds/negative"]
    );
    assert_eq!(paths(json!({ "ids": { "review": "/review" } })), ["/ids"]);
    assert_eq!(paths(json!({ "txt": "/text" })), ["/txt"]);
}
