//! Card and telephone numbers: runs of digits in groups, `4111 1111-1111 1111`, `+49 (0)30 1234567`.

use super::{CARD, Found, PHONE};
use crate::config::Mask;
use std::ops::{Range, RangeInclusive};

/// ISO/IEC 7812 with the check digit; shorter ones are no longer given out.
const CARD_DIGITS: RangeInclusive<usize> = 13..=19;
/// ITU E.164 knows no longer ones; shorter ones than nine have to look like a telephone number.
const PHONE_DIGITS: RangeInclusive<usize> = 9..=15;
/// With a `+` in front, shorter ones are certain.
const INTERNATIONAL_DIGITS: RangeInclusive<usize> = 7..=15;
/// The shortest of all that is masked.
const DIGITS_MIN: usize = 7;
/// Between two groups: `) - ` is the longest.
const SEPARATOR_BYTES_MAX: usize = 4;

/// Whether there are enough digits to look any closer.
pub(super) fn are_possible(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).nth(DIGITS_MIN - 1).is_some()
}

/// Finds them in a part of the text.
pub(super) fn find(text: &str, part: Range<usize>, mask: Mask, found: &mut Found) {
    let mut groups = groups(text, part).peekable();
    let mut run = Vec::new();
    while let Some(group) = groups.next() {
        let end = group.end;
        run.push(group);
        let goes_on = groups.peek().is_some_and(|next| is_separator(text.get(end..next.start).unwrap_or_default()));
        if !goes_on {
            in_run(text, &run, mask, found);
            run.clear();
        }
    }
}

/// Digits that stand together.
fn groups(text: &str, part: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let (mut at, end) = (part.start, part.end);
    std::iter::from_fn(move || {
        let rest = text.get(at..end)?.as_bytes();
        let start = at + rest.iter().position(u8::is_ascii_digit)?;
        let digits = text.get(start..end)?.bytes().take_while(u8::is_ascii_digit).count();
        at = start + digits;
        Some(start..at)
    })
}

fn is_separator(between: &str) -> bool {
    between.len() <= SEPARATOR_BYTES_MAX && between.bytes().all(|it| b" -./()".contains(&it))
}

/// Cards first: what is left between them may be telephone numbers.
fn in_run(text: &str, run: &[Range<usize>], mask: Mask, found: &mut Found) {
    let mut rest = run;
    let mut before = 0;
    while mask.cards && before < rest.len() {
        match card(text, rest.split_at(before).1) {
            Some(groups) => {
                let (phones, from) = rest.split_at(before);
                let (card, after) = from.split_at(groups);
                phone(text, phones, mask, found);
                found.extend(over(card).map(|range| (range, CARD)));
                (rest, before) = (after, 0);
            }
            None => before += 1,
        }
    }
    phone(text, rest, mask, found);
}

/// How many groups from the first on are a card's number: the longest that its check digit confirms.
fn card(text: &str, run: &[Range<usize>]) -> Option<usize> {
    let (mut digits, mut end, mut longest) = (0, None, None);
    for (at, group) in run.iter().enumerate() {
        let adjacent = end.is_none_or(|end| matches!(text.get(end..group.start), Some(" " | "-")));
        digits += group.len();
        end = Some(group.end);
        if !adjacent || digits > *CARD_DIGITS.end() {
            break;
        }
        let groups = run.split_at(at + 1).0;
        if CARD_DIGITS.contains(&digits) && luhn(text, groups) {
            longest = Some(groups.len());
        }
    }
    longest
}

/// ISO/IEC 7812-1, annex B.
fn luhn(text: &str, groups: &[Range<usize>]) -> bool {
    let digits = groups.iter().rev().flat_map(|group| text.get(group.clone()).unwrap_or_default().bytes().rev());
    let counted = digits.zip([false, true].into_iter().cycle()).map(|(digit, doubled)| {
        let digit = u32::from(digit - b'0') << u32::from(doubled);
        if digit > 9 { digit - 9 } else { digit }
    });
    counted.sum::<u32>().is_multiple_of(10)
}

/// A whole run is one telephone number, or none, after a date at its beginning.
fn phone(text: &str, run: &[Range<usize>], mask: Mask, found: &mut Found) {
    let run = if is_date(text, run) { run.split_at(3).1 } else { run };
    let Some(mut range) = over(run).filter(|_| mask.phones) else { return };
    let lengths: Vec<usize> = run.iter().map(Range::len).collect();
    let digits: usize = lengths.iter().sum();
    let inside = text.get(range.clone()).unwrap_or_default();
    let before = text.get(..range.start).unwrap_or_default();
    let international = before.ends_with('+');
    let is_phone = if international {
        INTERNATIONAL_DIGITS.contains(&digits)
    } else {
        let dotted = run.len() > 1 && inside.bytes().all(|it| it == b'.' || it.is_ascii_digit());
        let address = dotted && run.len() == 4 && lengths.iter().all(|length| *length <= 3);
        let fraction = dotted && run.len() == 2;
        let local = lengths == [3, 4] && inside.contains('-');
        PHONE_DIGITS.contains(&digits) && !address && !fraction || local
    };
    if is_phone {
        range.start -= usize::from(international);
        // A bracket that was opened just before, and is closed inside.
        let opened = text.get(..range.start).is_some_and(|before| before.ends_with('('));
        range.start -= usize::from(opened && inside.contains(')'));
        found.push((range, PHONE));
    }
}

/// `2024-03-31`, `31.03.2024`, `03/31/2024`.
fn is_date(text: &str, run: &[Range<usize>]) -> bool {
    let [first, second, third, ..] = run else { return false };
    let between = |one: &Range<usize>, other: &Range<usize>| text.get(one.end..other.start).unwrap_or_default();
    let separator = between(first, second);
    matches!(separator, "-" | "." | "/")
        && separator == between(second, third)
        && matches!((first.len(), second.len(), third.len()), (4, 1..=2, 1..=2) | (1..=2, 1..=2, 4))
}

fn over(groups: &[Range<usize>]) -> Option<Range<usize>> {
    Some(groups.first()?.start..groups.last()?.end)
}
