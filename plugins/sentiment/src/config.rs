//! The plugin's section of the pipeline file.

use std::collections::BTreeMap;

use crate::pointer::Pointer;
use crate::row;
use wasmill_sdk::Problems;
use wasmill_sdk::prelude::{Deserialize, JsonSchema, Serialize};

/// Where the text is, what goes into the row beside it, and what counts as positive.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// A JSON pointer (RFC 6901) to the text: `/text`, `/review/body`. Absent: the record's value is the text itself.
    pub text: Option<String>,
    /// What is copied from the record's JSON into the row: column to JSON pointer. What is not there becomes `null`.
    pub ids: BTreeMap<String, String>,
    /// The longest text, in bytes before it is normalised.
    #[schemars(range(min = 1))]
    pub max_bytes: usize,
    /// Which numbers and addresses are masked.
    pub mask: Mask,
    /// From which compound score on a text is positive, and down to which it is negative.
    pub thresholds: Thresholds,
}

/// All of them, unless it says otherwise.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mask {
    /// E-mail addresses become `[email]`.
    pub emails: bool,
    /// Telephone numbers become `[phone]`.
    pub phones: bool,
    /// Payment card numbers become `[card]`: 13 to 19 digits whose check digit is right.
    pub cards: bool,
}

/// The reference's own proposal, unless it says otherwise.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// At least this is positive.
    #[schemars(range(min = -1, max = 1))]
    pub positive: f64,
    /// At most this is negative.
    #[schemars(range(min = -1, max = 1))]
    pub negative: f64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            text: None,
            ids: BTreeMap::new(),
            max_bytes: 16 << 10,
            mask: Mask::default(),
            thresholds: Thresholds::default(),
        }
    }
}

impl Default for Mask {
    fn default() -> Mask {
        Mask { emails: true, phones: true, cards: true }
    }
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds { positive: 0.05, negative: -0.05 }
    }
}

/// A configuration with its pointers read.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) text: Option<Pointer>,
    pub(crate) ids: Vec<(String, Pointer)>,
    pub(crate) max_bytes: usize,
    pub(crate) mask: Mask,
    pub(crate) thresholds: Thresholds,
}

impl Config {
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn checked(self) -> Result<Checked, Problems> {
        let Config { text, ids, max_bytes, mask, thresholds } = self;
        let mut problems = Problems::default();
        let mut pointer = |place: String, text: &str| {
            Pointer::read(text).map_err(|message| problems.add(place, format!("{text:?} {message}"))).ok()
        };
        let found = text.as_deref().map(|text| pointer("/text".into(), text));
        let columns = ids.iter().map(|(column, text)| {
            let place = format!("/ids/{}", column.replace('~', "~0").replace('/', "~1"));
            Some((column.clone(), pointer(place, text)?))
        });
        let columns: Vec<_> = columns.flatten().collect();
        if text.is_none() && !ids.is_empty() {
            problems.add("/ids", "needs `text`: a record that is nothing but text has no ids");
        }
        for column in ids.keys().filter(|column| column.is_empty() || row::COLUMNS.contains(&column.as_str())) {
            problems.add(format!("/ids/{column}"), format!("{column:?} can't be a column of ids: the row has its own"));
        }
        if max_bytes == 0 {
            problems.add("/max_bytes", "must be at least 1: every text would be too long");
        }
        let Thresholds { positive, negative } = thresholds;
        for (path, threshold) in [("/thresholds/positive", positive), ("/thresholds/negative", negative)] {
            if !(-1.0..=1.0).contains(&threshold) {
                problems.add(path, format!("{threshold} is no compound score: those are from -1 to 1"));
            }
        }
        if negative >= positive {
            problems.add("/thresholds/negative", format!("{negative} is not less than `positive`, {positive}"));
        }
        problems.or(Checked { text: found.flatten(), ids: columns, max_bytes, mask, thresholds })
    }
}
