//! The scores are the reference's, to the last digit. `vectors/generate.py` made the file.

use super::harness;
use crate::{ANALYZER, text};
use serde_json::{Value, json};
use wasmill_sdk::{Answer, Sample};

const VECTORS: &str = include_str!("../../vectors/vader.jsonl");

/// A text and compound, pos, neu, neg.
fn vectors() -> Vec<(String, [f64; 4])> {
    let vector = |line: &str| {
        let vector: Value = serde_json::from_str(line).unwrap();
        let scores = ["compound", "pos", "neu", "neg"].map(|name| vector[name].as_f64().unwrap());
        (vector["text"].as_str().unwrap().to_owned(), scores)
    };
    VECTORS.lines().map(vector).collect()
}

#[test]
fn the_analyzer_says_what_the_reference_says() {
    let vectors = vectors();
    for (text, expected) in &vectors {
        let scores = ANALYZER.polarity_scores(text);
        assert_eq!([scores.compound, scores.pos, scores.neu, scores.neg], *expected, "{text:?}");
    }
    assert_eq!(vectors.len(), 813);
}

#[test]
fn so_do_rows() {
    let unmasked = json!({ "text": "/text", "mask": { "emails": false, "phones": false, "cards": false } });
    let normal: Vec<_> = vectors().into_iter().filter(|(text, _)| text::normalised(text) == text.as_str()).collect();
    assert!(normal.len() > 600, "{} texts", normal.len());
    let samples = normal.iter().map(|(text, _)| Sample::new().json(json!({ "text": text })));
    for (answer, (text, expected)) in harness(unmasked).batch(samples).answers().iter().zip(&normal) {
        let Answer::Emit(messages) = answer else { panic!("{text}: {answer}") };
        let row: Value = serde_json::from_slice(messages[0].value.as_deref().unwrap()).unwrap();
        let scores = ["compound", "pos", "neu", "neg"].map(|name| row[name].as_f64().unwrap());
        assert_eq!((row["text"].as_str(), scores), (Some(text.as_str()), *expected));
    }
}

/// Spaces at the ends and in a row mean nothing to the reference, so a text may be normalised before it is scored. (Not so
/// where what is left out is no space: `good\u{7}`.)
#[test]
fn normalising_changes_no_score_of_the_vectors() {
    for (text, expected) in vectors() {
        let scores = ANALYZER.polarity_scores(&text::normalised(&text));
        assert_eq!([scores.compound, scores.pos, scores.neu, scores.neg], expected, "{text:?}");
    }
}
