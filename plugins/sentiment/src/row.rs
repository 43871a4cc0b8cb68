//! What comes out: a flat JSON object, whatever the feedback looked like.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use vader_parity::SentimentScores;

/// The columns that every row has, after those of `ids`.
pub(crate) const COLUMNS: [&str; 10] =
    ["text", "length", "compound", "pos", "neu", "neg", "label", "source_topic", "source_partition", "source_offset"];

pub(crate) struct Row<'r> {
    pub(crate) ids: Vec<(&'r str, Option<&'r RawValue>)>,
    pub(crate) text: &'r str,
    pub(crate) scores: SentimentScores,
    pub(crate) label: &'static str,
    pub(crate) topic: &'r str,
    pub(crate) partition: u32,
    pub(crate) offset: i64,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [text, length, compound, pos, neu, neg, label, topic, partition, offset] = COLUMNS;
        let mut row = serializer.serialize_map(Some(self.ids.len() + COLUMNS.len()))?;
        for (column, id) in &self.ids {
            row.serialize_entry(column, id)?;
        }
        row.serialize_entry(text, self.text)?;
        row.serialize_entry(length, &self.text.chars().count())?;
        row.serialize_entry(compound, &self.scores.compound)?;
        row.serialize_entry(pos, &self.scores.pos)?;
        row.serialize_entry(neu, &self.scores.neu)?;
        row.serialize_entry(neg, &self.scores.neg)?;
        row.serialize_entry(label, self.label)?;
        row.serialize_entry(topic, self.topic)?;
        row.serialize_entry(partition, &self.partition)?;
        row.serialize_entry(offset, &self.offset)?;
        row.end()
    }
}
