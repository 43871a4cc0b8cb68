//! The last so many of something: entries of words, oldest first, in one line of text.
//!
//! An account is read and written with every record of its customer, and most of it is what is remembered to tell duplicates.
//! As lists of lists that takes four times as long to read as the rest; a line is read as one text and searched as one. Words
//! have no space in them: ids and numbers don't.

use serde::{Deserialize, Serialize};

/// Entries of so many words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Window<const WORDS: usize>(String);

impl<const WORDS: usize> Window<WORDS> {
    /// Whether there is an entry whose first word is this.
    pub(crate) fn contains(&self, first: &str) -> bool {
        // Nearly always it is nowhere, and that is found out fast.
        self.0.contains(first) && self.entries().any(|entry| entry.first() == Some(&first))
    }

    /// The entry whose first word is this.
    pub(crate) fn get(&self, first: &str) -> Option<[&str; WORDS]> {
        self.entries().find(|entry| entry.first() == Some(&first))
    }

    /// Appends an entry, and lets go of what is beyond the limit: more than one where the limit has become smaller.
    pub(crate) fn push(&mut self, entry: [&str; WORDS], limit: usize) {
        for word in entry {
            if !self.0.is_empty() {
                self.0.push(' ');
            }
            self.0.push_str(word);
        }
        let beyond = self.len().saturating_sub(limit);
        if let Some(last) = (beyond * WORDS).checked_sub(1) {
            let end = self.0.match_indices(' ').nth(last).map_or(self.0.len(), |(at, _)| at + 1);
            self.0.drain(..end);
        }
    }

    /// Puts another entry in the place of the one with the same first word.
    pub(crate) fn replace(&mut self, by: [&str; WORDS]) {
        let words = self.entries().flat_map(|entry| if entry.first() == by.first() { by } else { entry });
        self.0 = words.collect::<Vec<_>>().join(" ");
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        match self.0.as_bytes() {
            [] => 0,
            line => (line.iter().filter(|byte| **byte == b' ').count() + 1) / WORDS,
        }
    }

    fn entries(&self) -> impl Iterator<Item = [&str; WORDS]> {
        let mut words = self.0.split(' ').filter(|word| !word.is_empty());
        std::iter::from_fn(move || {
            let mut entry = [""; WORDS];
            for place in &mut entry {
                *place = words.next()?;
            }
            Some(entry)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    fn window(entries: &[[&str; 2]]) -> Window<2> {
        let mut window = Window::default();
        entries.iter().for_each(|entry| window.push(*entry, 100));
        window
    }

    #[test]
    fn an_entry_is_found_by_its_first_word_alone() {
        let window = window(&[["o-1", "27"], ["27", "3"], ["o-10", "o-2"]]);
        assert_eq!(window.get("27"), Some(["27", "3"]));
        assert_eq!(window.get("o-10"), Some(["o-10", "o-2"]));
        for known in ["o-1", "27", "o-10"] {
            assert!(window.contains(known), "{known}");
        }
        for unknown in ["o-2", "3", "o-", "o", "1", "o-1 27", "-10"] {
            assert!(!window.contains(unknown) && window.get(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn the_oldest_go_first() {
        let mut window = window(&[["a", "1"], ["b", "2"], ["c", "3"]]);
        window.push(["d", "4"], 3);
        assert_eq!(window.0, "b 2 c 3 d 4");
        window.push(["e", "5"], 2);
        assert_eq!((window.0.as_str(), window.len()), ("d 4 e 5", 2));
        window.push(["f", "6"], 1);
        assert_eq!((window.0.as_str(), window.len()), ("f 6", 1));
        assert_eq!(Window::<2>::default().len(), 0);
    }

    #[test]
    fn an_entry_is_replaced_where_it_stands() {
        let mut window = window(&[["a", "1"], ["b", "a"], ["c", "3"]]);
        window.replace(["a", "9"]);
        assert_eq!(window.0, "a 9 b a c 3");
        window.replace(["x", "9"]);
        assert_eq!(window.0, "a 9 b a c 3");
    }

    #[test]
    fn entries_of_one_word_are_words() {
        let mut window = Window::<1>::default();
        ["a", "b", "c"].iter().for_each(|word| window.push([word], 2));
        assert_eq!(
            (window.0.as_str(), window.len(), window.contains("a"), window.contains("c")),
            ("b c", 2, false, true)
        );
    }
}
