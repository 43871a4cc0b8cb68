//! The records that are sent: the lines of a file again and again, orders of each round with ids of their own.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::pipelines::{Identity, Pipeline};

/// What is sent to one pipeline. Records are made when they are asked for.
#[derive(Debug)]
pub(crate) struct Records {
    lines: Vec<Line>,
    count: usize,
}

#[derive(Debug)]
struct Line {
    text: String,
    key: String,
    order_id: Option<String>,
}

/// A record before it is sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) key: String,
    pub(crate) value: String,
    /// What it is known by, if that can be told before it has its place.
    pub(crate) identity: Option<String>,
}

impl Records {
    /// Reads the pipeline's data, for so many records.
    pub(crate) fn read(pipeline: &Pipeline, count: u64) -> Result<Records> {
        let path = wasmill_artifacts::root().join(pipeline.data);
        let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let lines = text.lines().map(|line| Line::read(line, pipeline));
        let lines: Vec<Line> = lines.collect::<Result<_>>().with_context(|| path.display().to_string())?;
        ensure!(!lines.is_empty(), "{} is empty", path.display());
        Ok(Records { lines, count: usize::try_from(count)? })
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The `number`th record, `None` behind the last.
    pub(crate) fn get(&self, number: usize) -> Option<Made> {
        let line = self.lines.get(number % self.lines.len()).filter(|_| number < self.count)?;
        let round = number / self.lines.len() + 1;
        Some(match &line.order_id {
            None => Made { key: line.key.clone(), value: line.text.clone(), identity: None },
            Some(id) => {
                let value = line.text.replacen(&field(id), &field(&format!("{id}-{round}")), 1);
                Made { key: line.key.clone(), value, identity: Some(format!("{id}-{round}")) }
            }
        })
    }
}

impl Line {
    fn read(text: &str, pipeline: &Pipeline) -> Result<Line> {
        let json: Value = serde_json::from_str(text).with_context(|| format!("not JSON: {text}"))?;
        let member = |name: &str| Some(json.get(name)?.as_str()?.to_owned());
        let key = member(pipeline.key).with_context(|| format!("no `{}` in {text}", pipeline.key))?;
        let order_id = match pipeline.identity {
            Identity::Place => None,
            Identity::OrderId => Some(member("order_id").filter(|id| text.contains(&field(id)))),
        };
        let order_id = order_id.map(|id| id.with_context(|| format!("no `order_id` in {text}"))).transpose()?;
        Ok(Line { text: text.to_owned(), key, order_id })
    }
}

fn field(order_id: &str) -> String {
    format!(r#""order_id":"{order_id}""#)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::pipelines::ALL;

    #[test]
    fn orders_of_every_round_have_ids_of_their_own_and_are_known_by_them() {
        let records = Records::read(&ALL[0], 5_000).unwrap();
        let made: Vec<Made> = (0..).map_while(|number| records.get(number)).collect();
        assert_eq!(made.len(), 5_000);
        let ids: BTreeSet<&str> = made.iter().filter_map(|made| made.identity.as_deref()).collect();
        assert_eq!(ids.len(), 5_000);
        for made in &made {
            let json: Value = serde_json::from_str(&made.value).unwrap();
            assert_eq!(json["order_id"].as_str(), made.identity.as_deref());
            assert_eq!(json["customer_id"].as_str(), Some(made.key.as_str()));
        }
    }

    #[test]
    fn texts_are_sent_as_they_are() {
        let records = Records::read(&ALL[1], 1_001).unwrap();
        assert_eq!(records.get(0), records.get(1_000));
        assert_eq!(records.get(1_001), None);
        assert_eq!(records.get(0).unwrap().identity, None);
    }
}
