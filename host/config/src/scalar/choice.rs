//! One word of a few.

use super::{FromScalar, Refused, SUBSTITUTED, scalar_schema};
use crate::checked::{Delivery, Partitioner, Start};
use crate::nearest::nearest;
use crate::tree::Scalar;

/// A type whose values have words in the file.
pub(crate) trait Choice: Copy + 'static {
    /// The default first.
    const WORDS: &'static [(&'static str, Self)];
}

impl Choice for Delivery {
    const WORDS: &'static [(&'static str, Self)] =
        &[("exactly_once", Delivery::ExactlyOnce), ("at_least_once", Delivery::AtLeastOnce)];
}

impl Choice for Start {
    const WORDS: &'static [(&'static str, Self)] = &[("earliest", Start::Earliest), ("latest", Start::Latest)];
}

impl Choice for Partitioner {
    const WORDS: &'static [(&'static str, Self)] = &[("key", Partitioner::Key), ("source", Partitioner::Source)];
}

/// A value written as its word.
#[derive(Clone, Copy)]
pub(crate) struct One<T>(pub(crate) T);

impl<T: Choice> Default for One<T> {
    fn default() -> One<T> {
        const { assert!(!T::WORDS.is_empty()) };
        One(T::WORDS[0].1)
    }
}

fn words<T: Choice>() -> Vec<&'static str> {
    T::WORDS.iter().map(|(word, _)| *word).collect()
}

impl<T: Choice> FromScalar for One<T> {
    fn expected() -> String {
        let words: Vec<String> = words::<T>().iter().map(|word| format!("`{word}`")).collect();
        words.join(" or ")
    }

    fn from_scalar(scalar: &Scalar) -> Result<One<T>, Refused> {
        if let Some((_, value)) = T::WORDS.iter().find(|(word, _)| *word == scalar.text) {
            return Ok(One(*value));
        }
        let meant = if scalar.substituted() { None } else { nearest(&scalar.text, &words::<T>()) };
        Err(Refused {
            message: format!("expected {}, found {}", Self::expected(), scalar.shown()),
            hint: meant.map(|meant| format!("did you mean `{meant}`?")),
        })
    }
}

scalar_schema!([T: Choice] One<T>, {
    "anyOf": [{ "enum": words::<T>() }, { "type": "string", "pattern": SUBSTITUTED }],
    "default": words::<T>().first(),
});
