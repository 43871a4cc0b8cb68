//! The file as a tree: mappings and scalars with their places and key paths, `${...}` already substituted.
//!
//! Knows nothing of what keys mean. No `Debug` on anything that holds a value: it may be a secret.

/// A place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At {
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    /// Keys joined by dots; empty at the top.
    pub(crate) path: String,
}

impl At {
    /// The top of the file.
    pub(crate) fn top() -> At {
        At { line: 1, column: 1, path: String::new() }
    }

    /// The same spot with `key` added to the path, quoted when it would not read as one key.
    pub(crate) fn below(&self, key: &str) -> At {
        let mut path = self.path.clone();
        if !path.is_empty() {
            path.push('.');
        }
        if !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            path.push_str(key);
        } else {
            // Debug quotes, and escapes what would break the line that a problem is printed on.
            path.push_str(&format!("{key:?}"));
        }
        At { line: self.line, column: self.column, path }
    }

    /// The same spot with the number of an item added to the path, from 0 as in a JSON pointer.
    pub(crate) fn item(&self, number: usize) -> At {
        At { line: self.line, column: self.column, path: format!("{}[{number}]", self.path) }
    }
}

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct Node {
    /// Where its key is: the place of what is missing inside.
    pub(crate) key_at: At,
    /// Where the value itself is.
    pub(crate) at: At,
    pub(crate) kind: Kind,
}

#[derive(Clone)]
pub(crate) enum Kind {
    /// Nothing after the colon, `~` or `null`.
    Null,
    Scalar(Scalar),
    /// In the order of the file; no key twice.
    Mapping(Vec<Entry>),
    /// Only the `config` of a plugin may hold one.
    List(Vec<Node>),
    /// A problem with it has been reported.
    Broken,
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) node: Node,
}

impl Node {
    /// A mapping without keys, for a section that was left out; `at` is where it would be.
    pub(crate) fn empty(at: At) -> Node {
        Node { key_at: at.clone(), at, kind: Kind::Mapping(Vec::new()) }
    }
}

/// One value that is neither a mapping nor a list.
#[derive(Clone)]
pub(crate) struct Scalar {
    /// After substitution.
    pub(crate) text: String,
    /// Before substitution: the only form that messages show.
    pub(crate) written: String,
    /// Written without quotes.
    pub(crate) plain: bool,
}

impl Scalar {
    /// Whether a part of the text comes from the environment or from a default in `${...}`.
    pub(crate) fn substituted(&self) -> bool {
        self.text != self.written
    }

    /// For messages: what was written, never what the environment put there.
    pub(crate) fn shown(&self) -> String {
        const SHOWN_CHARS_MAX: usize = 60;
        let escaped: String = self.written.chars().flat_map(show_char).collect();
        let mut shown: String = escaped.chars().take(SHOWN_CHARS_MAX).collect();
        if shown.len() < escaped.len() {
            shown.push_str("...");
        }
        if self.substituted() { format!("`{shown}` (after substitution)") } else { format!("`{shown}`") }
    }
}

/// Control characters escaped, the rest as it is.
fn show_char(c: char) -> Vec<char> {
    if c.is_control() { c.escape_default().collect() } else { vec![c] }
}

impl Node {
    /// The value under `key`, when this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Mapping(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node),
            _ => None,
        }
    }

    /// For "expected ..., found ...".
    pub(crate) fn found(&self) -> String {
        match &self.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Scalar(scalar) => scalar.shown(),
            Kind::Mapping(_) => "a mapping".to_owned(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Broken => "something unreadable".to_owned(),
        }
    }
}
