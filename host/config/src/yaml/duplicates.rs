//! Finds every key that is written twice, although the parser can only stop at the first one or hide them all.
//!
//! Each time it stops, the second key's first character is replaced by a character that occurs nowhere in the file, which
//! moves nothing, and the text is parsed again. The places thus marked are in the tree and have a key path there.

use std::collections::BTreeMap;

use marked_yaml::types::MarkedMappingNode;
use marked_yaml::{LoadError, LoaderOptions, Marker, Node, parse_yaml_with_options};

/// More are not looked for: each costs a pass over the file.
const DUPLICATES_MAX: usize = 20;

/// A key that was already there.
pub(super) struct Duplicate {
    /// As it was written.
    pub(super) key: String,
    /// Where it was first, from 1.
    pub(super) first_line: usize,
}

pub(super) struct Parsed {
    pub(super) root: MarkedMappingNode,
    /// By the character that the key begins with in the tree.
    pub(super) duplicates: BTreeMap<char, Duplicate>,
}

/// Parses `text`; an error when it is not YAML, or when a duplicate key can't be marked.
pub(super) fn parse(text: &str) -> Result<Parsed, LoadError> {
    let options = || LoaderOptions::default().error_on_duplicate_keys(true).prevent_coercion(true);
    let mut marks = ('\u{e000}'..='\u{f8ff}').filter(|mark| !text.contains(*mark));
    let mut duplicates = BTreeMap::new();
    let mut marked_text = text.to_owned();
    loop {
        match parse_yaml_with_options(0, &marked_text, options()) {
            Ok(Node::Mapping(root)) => return Ok(Parsed { root, duplicates }),
            // The parser has its own error for this; here only because the types allow it.
            Ok(_) => return Err(LoadError::TopLevelMustBeMapping(Marker::new(0, 0, 1, 1))),
            Err(LoadError::DuplicateKey(inner)) if duplicates.len() < DUPLICATES_MAX => {
                let place = inner.key.span().start().map(|mark| mark.character());
                let marked = place
                    .zip(marks.next())
                    .and_then(|(place, mark)| Some((replace_first_char(&marked_text, place, &inner.key, mark)?, mark)));
                let Some((text, mark)) = marked else { return Err(LoadError::DuplicateKey(inner)) };
                marked_text = text;
                let first_line = inner.prev_key.span().start().map_or(1, |mark| mark.line());
                duplicates.insert(mark, Duplicate { key: inner.key.as_str().to_owned(), first_line });
            }
            Err(error) => return Err(error),
        }
    }
}

/// `text` with the key that stands at character `place` beginning with `mark`; `None` when something else stands there.
fn replace_first_char(text: &str, place: usize, key: &str, mark: char) -> Option<String> {
    let (mut byte, mut found) = text.char_indices().nth(place)?;
    if matches!(found, '"' | '\'') {
        byte += 1;
        found = text.get(byte..)?.chars().next()?;
    }
    if key.chars().next()? != found {
        return None;
    }
    let (before, after) = (text.get(..byte)?, text.get(byte + found.len_utf8()..)?);
    Some(format!("{before}{mark}{after}"))
}
