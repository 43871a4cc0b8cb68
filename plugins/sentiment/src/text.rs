//! Text as the row has it: normalised.

use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Composed (Unicode NFC), without control characters, byte order marks and zero-width spaces; every run of white space is
/// one space, and none is at the ends.
///
/// Case, punctuation, repeated letters and emoji stay, joiners and variation selectors included: they are what a feeling
/// is written with. Text that is so already is not copied.
pub(crate) fn normalised(text: &str) -> Cow<'_, str> {
    let clean = clean(text);
    // What is left out may have stood between a letter and its accent, so this comes second.
    match is_nfc_quick(clean.chars()) {
        IsNormalized::Yes => clean,
        _ => clean.nfc().collect::<String>().into(),
    }
}

fn clean(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return text.into();
    }
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            space if space.is_whitespace() => {
                if !clean.is_empty() && !clean.ends_with(' ') {
                    clean.push(' ');
                }
            }
            nothing if is_nothing(nothing) => {}
            other => clean.push(other),
        }
    }
    clean.truncate(clean.trim_end().len());
    clean.into()
}

fn is_clean(text: &str) -> bool {
    let mut before = ' ';
    for character in text.chars() {
        if character.is_whitespace() && (character != ' ' || before == ' ') || is_nothing(character) {
            return false;
        }
        before = character;
    }
    text.is_empty() || before != ' '
}

/// What is in a text and can't be seen, and is no part of an emoji.
fn is_nothing(character: char) -> bool {
    character.is_control() || matches!(character, '\u{feff}' | '\u{200b}')
}

#[cfg(test)]
mod tests {
    use super::normalised;
    use std::borrow::Cow;

    #[test]
    fn text_is_composed_and_has_single_spaces() {
        for (text, expected) in [
            ("", ""),
            (" \t\r\n\u{a0}\u{3000}", ""),
            ("  good \n\n food\t", "good food"),
            ("cafe\u{301}", "caf\u{e9}"),
            ("\u{212b}ngstr\u{f6}m", "\u{c5}ngstr\u{f6}m"),
            ("\u{feff}good\u{0}\u{7f} \u{200b}food", "good food"),
            ("good \u{7} food", "good food"),
            ("\u{7} good", "good"),
            ("SOOO   good!!!  :)", "SOOO good!!! :)"),
            ("a\u{2028}b\u{85}c", "a b c"),
        ] {
            assert_eq!(normalised(text), expected, "{text:?}");
        }
    }

    #[test]
    fn emoji_stay_whole() {
        for text in ["\u{2764}\u{fe0f}", "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "\u{1f44d}\u{1f3fd} ok"] {
            assert_eq!(normalised(text), text);
        }
    }

    #[test]
    fn what_is_normal_is_not_copied_and_nothing_changes_twice() {
        assert!(matches!(normalised("Tr\u{e8}s bon, merci! \u{1f60a}"), Cow::Borrowed(_)));
        for text in ["a  b", "e\u{301} \u{7} x ", " \u{feff} ", "e\u{7}\u{301}"] {
            let once = normalised(text).into_owned();
            assert_eq!(normalised(&once), once, "{text:?}");
        }
    }
}
