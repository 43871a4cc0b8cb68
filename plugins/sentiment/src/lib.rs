//! Turns what customers write into rows for a table: who and where, the text, and how it feels.
//!
//! The text is normalised (`text.rs`), then masked (`mask.rs`), then scored: whoever has the row can score its text again and
//! gets the same. The scores are VADER's, those of the Python reference vaderSentiment 3.3.2 to the last digit; `vectors/`
//! has its answers. A row has the key of its record.
//!
//! 120,000 to 138,000 of the texts in `examples/data` a second and core in Wasm, 195,000 natively, on a machine with other work
//! to do; a boundary comes on top. `examples/speed.rs` measures it.

mod config;
mod mask;
mod pointer;
mod refusal;
mod row;
mod text;

pub use config::{Config, Mask, Thresholds};
pub use refusal::Refusal;

use config::Checked;
use row::Row;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::LazyLock;
use vader_parity::{SentimentIntensityAnalyzer, SentimentScores};
use wasmill_sdk::prelude::*;

/// The lexicon, read once: it takes as long as two hundred texts.
static ANALYZER: LazyLock<SentimentIntensityAnalyzer> = LazyLock::new(SentimentIntensityAnalyzer::new);

/// Where rows go.
#[derive(Debug, Clone, Copy, Outputs)]
pub enum Output {
    /// One row for each text.
    Rows,
}

/// The plugin.
#[derive(Debug)]
pub struct Sentiment {
    config: Checked,
}

impl Stateless for Sentiment {
    type Config = Config;
    type Outputs = Output;
    type Codes = Refusal;

    const READS: Reads = Reads::VALUE;

    fn configure(config: Config) -> Result<Sentiment, Problems> {
        LazyLock::force(&ANALYZER); // here, so that no record pays for it
        Ok(Sentiment { config: config.checked()? })
    }

    fn process(&self, record: Record<'_>, context: &Context) -> Result<Outcome, Failure> {
        let value = record.value().ok_or_else(|| Refusal::NullValue.reject("the record is a tombstone"))?;
        let Scored { ids, text, scores } = self.scored(value)?;
        let row = Row {
            ids,
            text: &text,
            label: self.label(scores.compound),
            scores,
            topic: context.topic(),
            partition: context.partition(),
            offset: record.offset(),
        };
        Ok(Output::Rows.emit().json(&row)?.into())
    }
}

/// Columns and what stands in them.
type Ids<'r> = Vec<(&'r str, Option<&'r RawValue>)>;

/// A text and what it says; all of a row but where its record is.
#[derive(Debug)]
pub struct Scored<'r> {
    ids: Ids<'r>,
    text: Cow<'r, str>,
    scores: SentimentScores,
}

impl Sentiment {
    /// All that is done to a value but for writing the row: for whoever has no record.
    ///
    /// # Errors
    /// Why there is no row.
    pub fn scored<'r>(&'r self, value: &'r [u8]) -> Result<Scored<'r>, Failure> {
        let (text, ids) = self.read(value)?;
        let text = self.cleaned(text)?;
        Ok(Scored { ids, scores: ANALYZER.polarity_scores(&text), text })
    }

    fn read<'r>(&'r self, value: &'r [u8]) -> Result<(Cow<'r, str>, Ids<'r>), Failure> {
        let document = str::from_utf8(value).or_reject(Refusal::TextUndecodable)?;
        let Some(pointer) = &self.config.text else { return Ok((document.into(), Vec::new())) };
        let text = match pointer.find(document).or_reject(Refusal::InvalidJson)? {
            None => return Err(Refusal::TextMissing.reject("nothing is there")),
            Some(raw) if raw.get() == "null" => return Err(Refusal::TextMissing.reject("null is there")),
            Some(raw) if !raw.get().starts_with('"') => {
                return Err(Refusal::TextNotAString.reject("something else than a text is there"));
            }
            Some(raw) => pointer::string(raw).or_reject(Refusal::TextUndecodable)?,
        };
        let mut ids = Vec::with_capacity(self.config.ids.len());
        for (column, pointer) in &self.config.ids {
            let id = pointer.find(document).or_reject(Refusal::InvalidJson)?;
            let broken = id.is_some_and(|id| match id.get().as_bytes().first() {
                Some(b'{' | b'[') => true,
                Some(b'"') => pointer::string(id).is_err(),
                _ => false,
            });
            if broken {
                return Err(Refusal::InvalidId.reject(format!("`{column}` is no text, number, true, false or null")));
            }
            ids.push((column.as_str(), id));
        }
        Ok((text, ids))
    }

    /// Normalised and masked.
    fn cleaned<'t>(&self, text: Cow<'t, str>) -> Result<Cow<'t, str>, Failure> {
        if text.len() > self.config.max_bytes {
            let (length, limit) = (text.len(), self.config.max_bytes);
            return Err(Refusal::TextTooLong.reject(format!("{length} bytes, at most {limit}")));
        }
        let text = match text {
            Cow::Borrowed(text) => text::normalised(text),
            Cow::Owned(text) => text::normalised(&text).into_owned().into(),
        };
        if text.is_empty() {
            return Err(Refusal::TextEmpty.reject("there is nothing to read"));
        }
        Ok(mask::masked(text, self.config.mask))
    }

    fn label(&self, compound: f64) -> &'static str {
        match compound {
            high if high >= self.config.thresholds.positive => "positive",
            low if low <= self.config.thresholds.negative => "negative",
            _ => "neutral",
        }
    }
}

wasmill_sdk::export!(Sentiment);

#[cfg(test)]
mod tests;
