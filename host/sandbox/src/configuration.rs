//! What is wrong with a document, by JSON pointer; the caller knows file and line.

use std::fmt;

/// Problems that are named at once; a configuration has few, and a plugin could name millions.
const PROBLEMS_MAX: usize = 100;

/// Of one message of a plugin's.
const MESSAGE_BYTES_MAX: usize = 1024;

/// One mistake in a plugin's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// RFC 6901, into the plugin's `config`; empty: the whole of it.
    pub pointer: String,
    /// Without the value where the schema found it, because values may be secrets.
    pub message: String,
}

/// All of them, in the order in which they were found; never empty inside of an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigProblems(pub Vec<ConfigProblem>);

impl ConfigProblems {
    /// Keeps the first hundred, each at a length that can be printed.
    pub(crate) fn of(problems: impl IntoIterator<Item = (String, String)>) -> ConfigProblems {
        let problem = |(mut pointer, mut message): (String, String)| {
            crate::failure::cut(&mut pointer, MESSAGE_BYTES_MAX);
            crate::failure::cut(&mut message, MESSAGE_BYTES_MAX);
            ConfigProblem { pointer, message }
        };
        ConfigProblems(problems.into_iter().take(PROBLEMS_MAX).map(problem).collect())
    }

    pub(crate) fn one(pointer: &str, message: impl Into<String>) -> ConfigProblems {
        ConfigProblems::of([(pointer.to_owned(), message.into())])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for ConfigProblems {
    /// A line per problem, each after a line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ConfigProblem { pointer, message } in &self.0 {
            let pointer = if pointer.is_empty() { "/" } else { pointer };
            write!(f, "\n  {pointer}: {message}")?;
        }
        Ok(())
    }
}
