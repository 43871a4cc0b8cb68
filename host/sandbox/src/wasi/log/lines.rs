//! Bytes become lines, lines are cut, and only so many bytes of them go out per second.

use super::{Level, LogLine, LogSink, Origin};
use crate::failure::cut;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest line; the rest of it is cut off.
const LINE_BYTES_MAX: usize = 4096;

/// What is kept of stderr until the call is over: the words of a panic, for its dead letter.
const TAIL_BYTES_MAX: usize = 1024;

/// The log of one instance; shared with its streams. Outlives the instance, so that a fresh one has no fresh allowance.
#[derive(Clone)]
pub(crate) struct Log {
    shared: Arc<Shared>,
}

struct Shared {
    plugin: Arc<str>,
    sink: LogSink,
    dropped: AtomicU64,
    /// A stream was written to since `begin`. Most calls print nothing, and then cost no lock.
    written: AtomicBool,
    lines: Mutex<Lines>,
}

struct Lines {
    allowance: Allowance,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    tail: String,
}

impl Log {
    pub(crate) fn new(plugin: &str, bytes_per_s: usize, sink: LogSink) -> Log {
        let lines = Lines {
            allowance: Allowance::new(bytes_per_s),
            stdout: Vec::new(),
            stderr: Vec::new(),
            tail: String::new(),
        };
        let shared = Shared {
            plugin: plugin.into(),
            sink,
            dropped: AtomicU64::new(0),
            written: AtomicBool::new(false),
            lines: Mutex::new(lines),
        };
        Log { shared: Arc::new(shared) }
    }

    /// A call begins.
    pub(crate) fn begin(&self) {
        if self.shared.written.swap(false, Relaxed) {
            self.lines().tail.clear();
        }
    }

    /// The call is over: a line without an end has one now.
    pub(crate) fn finish(&self) {
        if !self.shared.written.load(Relaxed) {
            return;
        }
        let mut lines = self.lines();
        for origin in [Origin::Stdout, Origin::Stderr] {
            if !lines.pending(origin).is_empty() {
                self.end_line(&mut lines, origin);
            }
        }
    }

    /// Bytes of a stream.
    pub(crate) fn write(&self, origin: Origin, bytes: &[u8]) {
        self.shared.written.store(true, Relaxed);
        let mut lines = self.lines();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            lines.append(origin, &rest[..end]);
            self.end_line(&mut lines, origin);
            rest = &rest[end + 1..];
        }
        lines.append(origin, rest);
    }

    /// A line that came as one.
    pub(crate) fn line(&self, level: Level, at: Option<u32>, message: &str) {
        let message = &message[..message.floor_char_boundary(LINE_BYTES_MAX)];
        let mut lines = self.lines();
        self.send(&mut lines, Origin::Log, level, at, message);
    }

    /// Lines that were dropped since the last time.
    pub(crate) fn take_dropped(&self) -> u64 {
        self.shared.dropped.swap(0, Relaxed)
    }

    /// The end of what the call wrote to stderr.
    pub(crate) fn take_tail(&self) -> String {
        std::mem::take(&mut self.lines().tail)
    }

    fn end_line(&self, lines: &mut Lines, origin: Origin) {
        let mut bytes = std::mem::take(lines.pending(origin));
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end_matches('\r');
        if origin == Origin::Stderr {
            lines.keep_tail(text);
        }
        let level = if origin == Origin::Stderr { Level::Warn } else { Level::Info };
        if !text.is_empty() {
            self.send(lines, origin, level, None, text);
        }
        bytes.clear();
        *lines.pending(origin) = bytes;
    }

    /// The sink is called with the lock held: it is the instance's own, and lines stay in order.
    fn send(&self, lines: &mut Lines, origin: Origin, level: Level, at: Option<u32>, message: &str) {
        // At least one byte, so that empty lines are not free.
        if !lines.allowance.take(message.len().max(1), Instant::now()) {
            self.shared.dropped.fetch_add(1, Relaxed);
            return;
        }
        let control = |c: char| c.is_control() && c != '\t';
        let clean = message.contains(control).then(|| message.replace(control, "\u{fffd}"));
        let message = clean.as_deref().unwrap_or(message);
        (self.shared.sink)(&LogLine { plugin: &self.shared.plugin, origin, level, at, message });
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Lines> {
        self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn pending(&mut self, origin: Origin) -> &mut Vec<u8> {
        if origin == Origin::Stderr { &mut self.stderr } else { &mut self.stdout }
    }

    fn append(&mut self, origin: Origin, bytes: &[u8]) {
        let pending = self.pending(origin);
        let room = LINE_BYTES_MAX.saturating_sub(pending.len());
        pending.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn keep_tail(&mut self, line: &str) {
        self.tail.push_str(line);
        self.tail.push('\n');
        if self.tail.len() > TAIL_BYTES_MAX {
            let from = self.tail.ceil_char_boundary(self.tail.len() - TAIL_BYTES_MAX);
            self.tail.drain(..from);
            cut(&mut self.tail, TAIL_BYTES_MAX);
        }
    }
}

/// Bytes per second, counted in windows of one second: twice the limit may go out around the turn of a window.
struct Allowance {
    bytes_per_s: usize,
    window: Option<Instant>,
    used: usize,
}

impl Allowance {
    fn new(bytes_per_s: usize) -> Allowance {
        Allowance { bytes_per_s, window: None, used: 0 }
    }

    fn take(&mut self, bytes: usize, now: Instant) -> bool {
        let fresh = |start: Instant| now.saturating_duration_since(start) >= Duration::from_secs(1);
        if self.window.is_none_or(fresh) {
            (self.window, self.used) = (Some(now), 0);
        }
        let used = self.used.saturating_add(bytes);
        if used > self.bytes_per_s {
            return false;
        }
        self.used = used;
        true
    }
}

#[cfg(test)]
mod tests;
