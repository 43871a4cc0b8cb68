//! What wasmtime says about a call that failed, sorted by whom it is held against, and put into words.

use crate::deadline::Deadline;
use crate::host::Host;
use std::fmt;
use wasmill_record::{GuestFailure, GuestFailureKind, InvokeError};
use wasmtime::{Store, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

/// Of a failure's words; dead letters carry them as headers.
const MESSAGE_BYTES_MAX: usize = 4096;

/// More memory than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("asked for {} MiB of memory; limits.memory_mib is {}", wanted.div_ceil(1 << 20), most >> 20)]
pub(crate) struct OutOfMemory {
    pub(crate) wanted: usize,
    pub(crate) most: usize,
}

/// More than the guest's memory could hold beside what it had from the beginning. Told before the call: in the guest it would
/// be a failed allocation like any other, and look like the plugin's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} MiB are more than the plugin's memory can hold: limits.memory_mib is {}, of which it has {} for records",
    needed.div_ceil(1 << 20), most >> 20, room >> 20
)]
pub(crate) struct TooLarge {
    pub(crate) needed: usize,
    pub(crate) room: usize,
    pub(crate) most: usize,
}

/// Something that the host could not do; the guest asked for nothing illegal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct HostFault(pub(crate) String);

/// The guest broke the contract in a call of its own.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Breach(pub(crate) &'static str);

impl Breach {
    pub(crate) fn error(what: &'static str) -> wasmtime::Error {
        wasmtime::Error::new(Breach(what))
    }
}

/// What a panic hook told us before the trap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Panic {
    pub(crate) at: Option<u32>,
    pub(crate) message: String,
    pub(crate) place: String,
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The first line is the reason, so it must be one line.
        write!(f, "panicked at {}: {}", one_line(&self.place), one_line(&self.message))?;
        self.at.map_or(Ok(()), |at| write!(f, " (record {at} of the call)"))
    }
}

/// Which entry failed: it decides what an error without a type of its own means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum During {
    /// Making an instance: memory maps and the like.
    Start,
    /// A call before the first batch; otherwise as `Call`.
    Setup,
    /// A call: what is left are values that are none, such as text that is not UTF-8 or a list outside of memory.
    Call,
}

/// Takes what the host noted about the call.
pub(crate) fn classify(store: &mut Store<Host>, error: &wasmtime::Error, during: During) -> InvokeError {
    let host = store.data_mut();
    let (panic, tail) = (host.panic.take(), host.log.take_tail());
    if let Some(fault) = error.downcast_ref::<HostFault>() {
        return InvokeError::Host(fault.to_string());
    }
    let (kind, reason) = if let Some(fault) = error.downcast_ref::<OutOfMemory>() {
        (GuestFailureKind::Memory, fault.to_string())
    } else if let Some(breach) = error.downcast_ref::<Breach>() {
        (GuestFailureKind::Protocol, breach.to_string())
    } else if error.is::<I32Exit>() {
        (GuestFailureKind::Trap, "called exit".to_owned())
    } else {
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => (GuestFailureKind::Deadline, deadline_reason(&host.deadline, during)),
            Some(trap) => (GuestFailureKind::Trap, trap_reason(*trap, panic.as_ref(), &tail)),
            None if during == During::Start => return InvokeError::Host(format!("{error:#}")),
            None => (GuestFailureKind::Protocol, one_line(&error.root_cause().to_string())),
        }
    };
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
    InvokeError::Guest(GuestFailure { kind, message: words(reason, &tail, &backtrace) })
}

fn deadline_reason(deadline: &Deadline, during: During) -> String {
    match during {
        During::Start | During::Setup => "took more CPU time than limits.start_deadline_ms to start".to_owned(),
        During::Call => {
            format!("took more CPU time than limits.record_deadline_ms = {}", deadline.budget().as_millis())
        }
    }
}

fn trap_reason(trap: Trap, panic: Option<&Panic>, tail: &str) -> String {
    if let Some(panic) = panic {
        return panic.to_string();
    }
    // A Rust guest without our hook says it on stderr, in two lines.
    let mut lines = tail.lines().skip_while(|line| !line.contains("panicked at "));
    if let Some((_, place)) = lines.next().and_then(|line| line.split_once("panicked at ")) {
        return match lines.next() {
            Some(message) => format!("panicked at {} {message}", place.trim_end()),
            None => format!("panicked at {}", place.trim_end_matches(':')),
        };
    }
    trap.to_string()
}

/// `0: function` per line; the library's own text begins with a heading.
fn frames(backtrace: &WasmBacktrace) -> String {
    let text = backtrace.to_string();
    text.split_once('\n').map(|(_, frames)| frames.to_owned()).unwrap_or_default()
}

fn words(reason: String, tail: &str, backtrace: &str) -> String {
    let mut words = reason;
    for part in [tail.trim_end(), backtrace.trim_end()] {
        if !part.is_empty() {
            words.push('\n');
            words.push_str(part);
        }
    }
    cut(&mut words, MESSAGE_BYTES_MAX);
    words
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Between two characters.
pub(crate) fn cut(text: &mut String, bytes_max: usize) {
    text.truncate(text.floor_char_boundary(bytes_max));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_that_told_us_is_believed_first() {
        let panic =
            Panic { at: Some(3), message: "index out\nof bounds".to_owned(), place: "src/lib.rs:3:5".to_owned() };
        let reason = trap_reason(Trap::UnreachableCodeReached, Some(&panic), "thread panicked at src/x.rs:1:\nno");
        assert_eq!(reason, "panicked at src/lib.rs:3:5: index out of bounds (record 3 of the call)");
    }

    #[test]
    fn without_a_hook_stderr_says_where_and_why() {
        let tail =
            "a line before\nthread 'main' panicked at src/lib.rs:3:5:\nindex out of bounds\nnote: run with ...\n";
        let reason = trap_reason(Trap::UnreachableCodeReached, None, tail);
        assert_eq!(reason, "panicked at src/lib.rs:3:5: index out of bounds");
    }

    #[test]
    fn without_either_the_trap_says_what_it_knows() {
        let reason = trap_reason(Trap::StackOverflow, None, "some line");
        assert_eq!(reason, "wasm trap: call stack exhausted");
    }

    #[test]
    fn words_are_cut_between_characters() {
        let words = words("reason".to_owned(), "", &"é".repeat(4000));
        assert!(words.starts_with("reason\né") && words.len() <= MESSAGE_BYTES_MAX && words.len() > 4000);
    }

    #[test]
    fn a_limit_is_named_in_the_unit_it_is_set_in() {
        let words = OutOfMemory { wanted: (64 << 20) + 1, most: 64 << 20 }.to_string();
        assert_eq!(words, "asked for 65 MiB of memory; limits.memory_mib is 64");
    }
}
