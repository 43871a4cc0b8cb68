//! What is wrong with a configuration, where, and what to do about it.
//!
//! Does not print: the verbs decide between text and JSON. Filled by every stage from the parser to the cross-checks.

use std::cell::RefCell;
use std::fmt;

use serde::Serialize;

use crate::place::Place;
use crate::tree::At;

/// One mistake in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file as the user named it.
    pub file: String,
    /// From 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// In characters, from 1; 0 when the file as a whole is meant.
    pub column: usize,
    /// The keys that lead there, such as `pipelines.orders.commit.interval_ms`; empty when the text is not even YAML.
    pub path: String,
    /// What is wrong. Never holds a secret; a value that the environment gave and that is refused appears as `${NAME}`.
    pub message: String,
    /// Something to type or a key to change.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        f.write_str(": ")?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// Collects problems while the stages share it. At most a few per line of a file of bounded size.
pub(crate) struct Problems {
    file: String,
    found: RefCell<Vec<Problem>>,
}

impl Problems {
    pub(crate) fn new(file: &str) -> Problems {
        Problems { file: file.to_owned(), found: RefCell::default() }
    }

    pub(crate) fn push(&self, at: &At, message: impl Into<String>, hint: impl Into<Option<String>>) {
        self.found.borrow_mut().push(self.place(at).problem(message, hint));
    }

    /// For what is found out later.
    pub(crate) fn place(&self, at: &At) -> Place {
        Place { file: self.file.clone(), line: at.line, column: at.column, path: at.path.clone() }
    }

    /// Everything found, in the order of the file; what is on one spot stays in the order of the checks.
    pub(crate) fn sorted(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|problem| (problem.line, problem.column));
        found
    }
}
