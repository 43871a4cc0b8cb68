//! The texts of `examples/data`: each ends as a row.

use super::harness;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wasmill_sdk::{Answer, Sample};

const FEEDBACK: &str = include_str!("../../../../examples/data/feedback.jsonl");

#[test]
fn every_text_of_the_data_ends_as_a_row() {
    let config = json!({ "text": "/text", "ids": { "review": "/review", "sentence": "/sentence" } });
    let mut counts = BTreeMap::<String, u32>::new();
    let mut count = |what: &str| *counts.entry(what.to_owned()).or_default() += 1;
    let harness = harness(config).batch(FEEDBACK.lines().map(|line| Sample::new().value(line)));
    for answer in harness.answers() {
        match answer {
            Answer::Emit(messages) => {
                let row: Value = serde_json::from_slice(messages[0].value.as_deref().unwrap()).unwrap();
                count(row["label"].as_str().unwrap());
                let masked = |mask: &&str| row["text"].as_str().unwrap().contains(mask);
                ["[email]", "[phone]", "[card]"].into_iter().filter(masked).for_each(&mut count);
            }
            Answer::Reject { code, .. } => count(code),
            other => panic!("neither a row nor refused: {other}"),
        }
    }
    let expected = [("[email]", 1), ("negative", 236), ("neutral", 285), ("positive", 479)];
    assert_eq!(counts, expected.map(|(what, count)| (what.to_owned(), count)).into());
    assert_eq!(FEEDBACK.lines().count(), 1000);
}
