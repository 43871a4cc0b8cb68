//! What a plugin prints and logs: whole lines, so many bytes per second, the rest dropped and counted.
//!
//! Never closes and never fails: a stream that does makes `println!` panic, and a record that is logged about too much would
//! become a dead letter.

mod lines;
mod stream;

pub(crate) use lines::Log;
pub(super) use stream::Output;

use std::sync::Arc;

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Stdout,
    Stderr,
    /// `telemetry.log`.
    Log,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// One line of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLine<'a> {
    pub plugin: &'a str,
    pub origin: Origin,
    pub level: Level,
    /// Position of the record in the call, where the plugin said it.
    pub at: Option<u32>,
    /// At most 4 KiB, without control characters but tabs.
    pub message: &'a str,
}

/// Gets every line that is not dropped, on the thread of the call.
pub type LogSink = Arc<dyn Fn(&LogLine<'_>) + Send + Sync>;

/// Lines become events of the process's log.
pub(crate) fn to_tracing() -> LogSink {
    Arc::new(|line| {
        let LogLine { plugin, at, message, .. } = *line;
        match line.level {
            Level::Trace => tracing::trace!(plugin, at, "{message}"),
            Level::Debug => tracing::debug!(plugin, at, "{message}"),
            Level::Info => tracing::info!(plugin, at, "{message}"),
            Level::Warn => tracing::warn!(plugin, at, "{message}"),
            Level::Error => tracing::error!(plugin, at, "{message}"),
        }
    })
}
