//! A record that is to be sent, and the texts of customers: the lines of a file again and again, at a steady rate.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::board::now_ms;
use crate::clock::Phase;
use crate::pipelines::SENTIMENT;

/// A record before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) topic: &'static str,
    /// Which reads it.
    pub(crate) pipeline: usize,
    pub(crate) key: String,
    pub(crate) value: String,
    /// When it is due, and its timestamp; the stream's time.
    pub(crate) time_ms: i64,
    pub(crate) correlation: Option<String>,
    /// What it is known by, if that can be told before it has its place.
    pub(crate) identity: Option<String>,
    /// The order that has to be decided about before this is sent.
    pub(crate) after: Option<String>,
    /// It was sent before; who reads it drops it.
    pub(crate) is_again: bool,
}

/// What one feed sends, in the order of its times, and how fast they pass.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) records: Vec<Outgoing>,
    pub(crate) phases: Vec<Phase>,
}

/// So many texts of customers in so many seconds.
pub(crate) fn texts(count: u64, seconds: u64) -> Result<Load> {
    let path = wasmill_artifacts::root().join("examples/data/feedback.jsonl");
    let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let lines = text.lines().map(|line| Ok((key(line)?, line)));
    let lines: Vec<(String, &str)> = lines.collect::<Result<_>>().with_context(|| path.display().to_string())?;
    ensure!(!lines.is_empty(), "{} is empty", path.display());
    let from_ms = i64::try_from(now_ms())?;
    let length_ms = i64::try_from(seconds * 1000)?;
    let count = i64::try_from(count)?;
    let records = lines.iter().cycle().zip(0..count).map(|((key, line), number)| Outgoing {
        topic: "feedback",
        pipeline: SENTIMENT,
        key: key.clone(),
        value: (*line).to_owned(),
        time_ms: from_ms + number * length_ms / count,
        correlation: None,
        identity: None,
        after: None,
        is_again: false,
    });
    Ok(Load { records: records.collect(), phases: vec![Phase { from_ms, speed: 1.0 }] })
}

/// Sentences of one review stay in their order.
fn key(line: &str) -> Result<String> {
    let json: Value = serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))?;
    let review = json.get("review").and_then(Value::as_str);
    Ok(review.with_context(|| format!("no `review` in {line}"))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_sent_as_they_are_again_and_again_at_a_steady_rate() {
        let Load { records, phases } = texts(1_001, 10).unwrap();
        assert_eq!(records.len(), 1_001);
        let [first, .., last] = &records[..] else { panic!("two of them at least") };
        assert_eq!((&first.value, &first.key), (&last.value, &last.key));
        assert!(first.value.contains(&format!(r#""review": "{}""#, first.key)), "{first:?}");
        assert_eq!((phases[0].from_ms, last.time_ms - first.time_ms), (first.time_ms, 9_990));
    }
}
