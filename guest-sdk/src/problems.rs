//! What is wrong with a configuration.

use std::borrow::Cow;
use std::fmt;

/// One problem. The host turns the path into file and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A JSON pointer (RFC 6901) into the configuration: `/limits/max_items`; empty: the whole of it.
    pub path: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// All that is wrong with a configuration.
///
/// ```
/// # use wasmill_sdk::Problems;
/// # struct Plugin; struct Config { min: u32, max: u32 }
/// fn configure(config: Config) -> Result<Plugin, Problems> {
///     let mut problems = Problems::default();
///     if config.max == 0 {
///         problems.add("/max", "must be at least 1");
///     }
///     if config.min > config.max {
///         problems.add("/min", format!("{} is more than `max`, {}", config.min, config.max));
///     }
///     problems.or(Plugin)
/// }
/// assert!(configure(Config { min: 1, max: 0 }).is_err_and(|problems| problems.into_iter().count() == 2));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// A single problem.
    pub fn at(path: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Problems {
        let mut problems = Problems::default();
        problems.add(path, message);
        problems
    }

    /// Adds a problem.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<Cow<'static, str>>) {
        self.0.push(Problem { path: path.into(), message: message.into().into_owned() });
    }

    /// The plugin, if there is no problem.
    ///
    /// # Errors
    /// Itself, if there is one.
    pub fn or<P>(self, plugin: P) -> Result<P, Problems> {
        if self.0.is_empty() { Ok(plugin) } else { Err(self) }
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems(vec![problem])
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Problem { path, message }) in self.0.iter().enumerate() {
            let path = if path.is_empty() { "the configuration" } else { path };
            write!(f, "{}{path}: {message}", if at > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
