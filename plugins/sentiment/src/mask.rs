//! Contact and card numbers are taken out before anybody reads a text, and before it is scored.
//!
//! In doubt something is masked: an order number of ten digits reads like a telephone number. What is not found: digits
//! written as words or in another script, addresses with spaces in them, names.

mod email;
mod number;

use crate::config::Mask;
use std::borrow::Cow;
use std::ops::Range;

/// What stands in the place of what was found; no part of it is in the lexicon.
pub(crate) const EMAIL: &str = "[email]";
pub(crate) const PHONE: &str = "[phone]";
pub(crate) const CARD: &str = "[card]";

/// What was found where.
type Found = Vec<(Range<usize>, &'static str)>;

/// The text with its masks; not copied when there is nothing to mask.
pub(crate) fn masked<'t>(text: Cow<'t, str>, mask: Mask) -> Cow<'t, str> {
    let mut found = Found::new();
    if mask.emails {
        email::find(&text, &mut found);
    }
    if (mask.phones || mask.cards) && number::are_possible(&text) {
        // Digits of an address are gone with it.
        let addresses: Vec<_> = found.iter().map(|(range, _)| range.clone()).collect();
        let mut from = 0;
        for address in addresses.into_iter().chain(std::iter::once(text.len()..text.len())) {
            number::find(&text, from..address.start, mask, &mut found);
            from = address.end;
        }
        found.sort_unstable_by_key(|(range, _)| range.start);
    }
    if found.is_empty() {
        return text;
    }
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for (range, by) in found {
        masked.push_str(text.get(from..range.start).unwrap_or_default());
        masked.push_str(by);
        from = range.end;
    }
    masked.push_str(text.get(from..).unwrap_or_default());
    masked.into()
}

#[cfg(test)]
mod tests;
