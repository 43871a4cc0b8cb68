//! Which known word was probably meant.
//!
//! Called for unknown keys and unknown choices.

/// The known word that `word` was probably meant to be, if one is near enough not to mislead.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // A longer word would cost time and is no typing mistake.
    const WORD_CHARS_MAX: usize = 64;
    if word.chars().count() > WORD_CHARS_MAX {
        return None;
    }
    let word = word.to_lowercase().replace(['-', '.', ' '], "_");
    let close = known
        .iter()
        .map(|known| (distance(&word, known), *known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= known.chars().count().max(3) / 3);
    // `interval` for `interval_ms`: far by letters, but the beginning of just one key.
    let begins = || {
        let mut begun = known.iter().filter(|known| !word.is_empty() && known.starts_with(&format!("{word}_")));
        begun.next().filter(|_| begun.next().is_none()).copied()
    };
    close.map(|(_, known)| known).or_else(begins)
}

/// How many letters must be changed, added, removed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let changed = last[j] + usize::from(from != to);
            let mut least = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *to && *from == b[j - 1] {
                least = least.min(before_last[j - 1] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_mistakes_find_their_word() {
        let known = ["topic", "start", "interval_ms", "transaction_timeout_ms", "records_max", "bytes_max"];
        let table = [
            ("topics", Some("topic")),
            ("tpoic", Some("topic")),
            ("Topic", Some("topic")),
            ("interval-ms", Some("interval_ms")),
            ("interval", Some("interval_ms")),
            ("transaction_timeout", Some("transaction_timeout_ms")),
            ("record_max", Some("records_max")),
            ("colour", None),
            ("", None),
        ];
        for (word, expected) in table {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
        assert_eq!(nearest(&"topic".repeat(20), &known), None);
    }
}
