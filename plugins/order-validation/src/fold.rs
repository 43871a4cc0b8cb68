//! Lists that are looked at as they stream past. No list is made, so an order costs no memory however long it is.

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use strict_json::Object;

/// What is kept of a list.
pub(crate) trait Fold<'r>: Default {
    type Element: Deserialize<'r>;

    /// What the list is called where something else stands in its place.
    const NAME: &'static str;

    fn add(&mut self, element: Self::Element);
}

/// Reads a list of `F::Element` into an `F`.
pub(crate) fn folded<'r, D: Deserializer<'r>, F: Fold<'r>>(deserializer: D) -> Result<F, D::Error> {
    struct Elements<F>(PhantomData<F>);

    impl<'r, F: Fold<'r>> Visitor<'r> for Elements<F> {
        type Value = F;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of {}", F::NAME)
        }

        fn visit_seq<A: SeqAccess<'r>>(self, mut sequence: A) -> Result<F, A::Error> {
            let mut folded = F::default();
            while let Some(Object(element)) = sequence.next_element()? {
                folded.add(element);
            }
            Ok(folded)
        }
    }

    deserializer.deserialize_seq(Elements(PhantomData))
}

/// Counts that are known as a whole: the smallest and the largest, and where they were.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extremes {
    pub(crate) least: At,
    pub(crate) most: At,
}

/// A number, and its position in the list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) number: i64,
    pub(crate) position: u32,
}

impl Extremes {
    /// The first of several that are equal stays.
    pub(crate) fn add(&mut self, number: i64, position: u32) {
        let at = At { number, position };
        if number < self.least.number {
            self.least = at;
        }
        if number > self.most.number {
            self.most = at;
        }
    }
}

/// Of an empty list: nothing is out of any bounds.
impl Default for Extremes {
    fn default() -> Extremes {
        let at = |number| At { number, position: 0 };
        Extremes { least: at(i64::MAX), most: at(i64::MIN) }
    }
}

/// A sum of amounts; `None`: 64 bits do not hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum(pub(crate) Option<i64>);

impl Default for Sum {
    fn default() -> Sum {
        Sum(Some(0))
    }
}

impl Sum {
    pub(crate) fn add(&mut self, amount: Option<i64>) {
        self.0 = self.0.zip(amount).and_then(|(sum, amount)| sum.checked_add(amount));
    }
}
