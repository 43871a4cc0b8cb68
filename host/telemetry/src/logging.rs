//! Sets up logging: standard error, for people on a terminal, one JSON object per line elsewhere.
//!
//! Called once by the binary before anything else, and by tests and tools that want to see logs. Deliberately not here: log
//! files, rotation, sending logs anywhere (the platform collects standard error), and limits on how much is logged (whoever
//! logs in a loop counts instead). Writing is synchronous: a reader of standard error that stops reading stops the threads
//! that log.

use std::io::{IsTerminal, stderr};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// The environment variable that holds the filter, in tracing-subscriber's directives: `info,wasmill_pipeline=debug`.
pub const FILTER_VARIABLE: &str = "WASMILL_LOG";

/// What is logged when neither the caller nor [`FILTER_VARIABLE`] says. The cache's engine has a line for every table.
pub const DEFAULT_FILTER: &str = "info,fjall=warn,lsm_tree=warn";

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// [`Format::Human`] when standard error is a terminal, else [`Format::Json`].
    #[default]
    Auto,
    /// A line of text: time, level, target, message, `field=value`. Coloured on a terminal unless `NO_COLOR` is set.
    Human,
    /// A JSON object per line: `timestamp` (RFC 3339, UTC), `level`, `target`, `message`, and the fields beside them.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The user's to fix.
    #[error("{place} is not a log filter: `{filter}`: {reason}")]
    Filter { place: &'static str, filter: String, reason: String },
    /// Logging was set up before, by us or by an embedding test.
    #[error("logging is set up already")]
    AlreadySet,
}

/// Sends log lines to standard error from now on. `level` is what the command line says and wins over
/// [`FILTER_VARIABLE`], which wins over [`DEFAULT_FILTER`]; both take a level or a list of directives.
pub fn init(format: Format, level: Option<&str>) -> Result<(), LoggingError> {
    let from_environment = std::env::var(FILTER_VARIABLE).ok().filter(|text| !text.trim().is_empty());
    let filter = match (level, &from_environment) {
        (Some(level), _) => filter("the log level", level)?,
        (None, Some(text)) => filter(FILTER_VARIABLE, text)?,
        (None, None) => EnvFilter::new(DEFAULT_FILTER),
    };
    let terminal = stderr().is_terminal();
    let json = match format {
        Format::Auto => !terminal,
        Format::Human => false,
        Format::Json => true,
    };
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    subscriber(json, terminal && !no_color, filter, stderr).try_init().map_err(|_| LoggingError::AlreadySet)
}

/// Reads a filter. A directive without `=` must be a level: the library would take `verbose` for the name of a target,
/// log everything of it and nothing of anybody else.
fn filter(place: &'static str, text: &str) -> Result<EnvFilter, LoggingError> {
    let refused = |reason: String| LoggingError::Filter { place, filter: text.to_owned(), reason };
    let target_or_level = |directive: &str| {
        directive.contains(['=', '[', ']', '{', '}'])
            || (!directive.is_empty() && directive.parse::<LevelFilter>().is_ok())
    };
    if let Some(word) = text.split(',').map(str::trim).find(|directive| !target_or_level(directive)) {
        return Err(refused(format!("`{word}` is none of off, error, warn, info, debug, trace, nor `target=level`")));
    }
    EnvFilter::builder().parse(text).map_err(|error| refused(error.to_string()))
}

fn subscriber<W>(json: bool, color: bool, filter: EnvFilter, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    if json {
        Box::new(lines.json().flatten_event(true).with_span_list(false).finish())
    } else {
        Box::new(lines.with_ansi(color).finish())
    }
}

#[cfg(test)]
mod tests;
