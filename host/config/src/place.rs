//! Places in the file that outlive its reading, for problems that only show when a plugin is loaded.
//!
//! Whoever loads it (the binary's `lint`, and the start of a pipeline) turns what it finds into [`Problem`]s here, so that they
//! look like all others. Holds values of the file, so nothing here prints itself.

use std::fmt;
use std::sync::Arc;

use crate::problem::Problem;
use crate::tree::{Kind, Node};

/// A place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The keys that lead there.
    pub path: String,
}

impl Place {
    /// What is wrong there, and what to do about it.
    pub fn problem(&self, message: impl Into<String>, hint: impl Into<Option<String>>) -> Problem {
        let Place { file, line, column, path } = self.clone();
        Problem { file, line, column, path, message: message.into(), hint: hint.into() }
    }
}

/// Where the values of one plugin's `config` are.
#[derive(Clone)]
pub struct ConfigPlaces {
    file: Arc<str>,
    root: Arc<Node>,
}

impl fmt::Debug for ConfigPlaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigPlaces").finish_non_exhaustive()
    }
}

/// A pointer may come from the plugin: of keys that are not in the file, no more are shown, nor more of each.
const MISSING_KEYS_MAX: usize = 8;
const MISSING_KEY_CHARS_MAX: usize = 64;

/// What the environment gave is hidden in messages from this length on. Shorter texts are no secrets, and are found by
/// accident in every other message.
const HIDDEN_BYTES_MIN: usize = 4;

impl ConfigPlaces {
    pub(crate) fn new(file: &str, root: Node) -> ConfigPlaces {
        ConfigPlaces { file: file.into(), root: Arc::new(root) }
    }

    /// What is wrong with the value that `pointer` names (RFC 6901; the empty text is the whole `config`).
    ///
    /// What is not in the file is placed at the nearest thing around it that is. A value that came from the environment
    /// appears as it was written, `${NAME}`, when `message` or `hint` quotes it whole.
    pub fn problem(&self, pointer: &str, message: &str, hint: Option<&str>) -> Problem {
        let (node, missing) = self.find(pointer);
        // Of what holds others, its key is what one looks for.
        let at = if let Kind::Mapping(_) | Kind::List(_) = node.kind { &node.key_at } else { &node.at };
        let at = missing
            .iter()
            .take(MISSING_KEYS_MAX)
            .fold(at.clone(), |at, key| at.below(&key.chars().take(MISSING_KEY_CHARS_MAX).collect::<String>()));
        let place = Place { file: self.file.to_string(), line: at.line, column: at.column, path: at.path };
        place.problem(hide(node, message.to_owned()), hint.map(|hint| hide(node, hint.to_owned())))
    }

    /// The deepest node on the way, and the keys that are not there.
    fn find(&self, pointer: &str) -> (&Node, Vec<String>) {
        // The first part is what stands before the first slash: nothing, or this is no pointer and names no place.
        let mut keys = pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~"));
        let mut node = &*self.root;
        while let Some(key) = keys.next() {
            match child(node, &key) {
                Some(child) => node = child,
                None => return (node, std::iter::once(key).chain(keys).collect()),
            }
        }
        (node, Vec::new())
    }
}

fn child<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.kind {
        Kind::List(items) => items.get(key.parse::<usize>().ok()?),
        _ => node.get(key),
    }
}

/// `text` with what the environment gave to `node` or anything in it put back to how it was written.
fn hide(node: &Node, text: String) -> String {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.substituted() && scalar.text.len() >= HIDDEN_BYTES_MIN => {
            text.replace(&scalar.text, &scalar.written)
        }
        Kind::Mapping(entries) => entries.iter().fold(text, |text, entry| hide(&entry.node, text)),
        Kind::List(items) => items.iter().fold(text, |text, item| hide(item, text)),
        Kind::Null | Kind::Scalar(_) | Kind::Broken => text,
    }
}

#[cfg(test)]
mod tests;
