//! The run-time guests: what the record says, and what must become of it.

use crate::records;
use Expected::{Dropped, Fails, Forwarded, Rejected};
use wasmill_flow::Entry;
use wasmill_record::GuestFailureKind::{self, Deadline, Memory, Protocol, Trap};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The call fails so, in company and alone; the record is a dead letter with the kind's code.
    Fails(GuestFailureKind),
    /// Nothing is held against it.
    Forwarded,
    Dropped,
    /// A dead letter with this code, which is the plugin's own.
    Rejected(&'static str),
}

#[derive(Debug, Clone, Copy)]
pub struct Guest {
    /// What the value begins with.
    pub name: &'static str,
    pub expected: Expected,
}

const fn of(name: &'static str, expected: Expected) -> Guest {
    Guest { name, expected }
}

/// Longest code that there is.
const LONGEST: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Everything that a record can make the guest `zoo` do.
pub const ZOO: &[Guest] = &[
    // No answer.
    of("panic", Fails(Trap)),
    of("panic-long", Fails(Trap)),
    of("unreachable", Fails(Trap)),
    of("abort", Fails(Trap)),
    of("exit", Fails(Trap)),
    of("exit-ok", Fails(Trap)),
    of("recursion", Fails(Trap)),
    of("out-of-bounds", Fails(Trap)),
    of("lock-twice", Fails(Trap)),
    // Too late, in the guest or in what it makes the host do.
    of("loop", Fails(Deadline)),
    of("slow:60000", Fails(Deadline)),
    of("loop-log", Fails(Deadline)),
    of("loop-print", Fails(Deadline)),
    of("loop-count", Fails(Deadline)),
    of("loop-sleep", Fails(Deadline)),
    of("loop-poll", Fails(Deadline)),
    of("loop-random", Fails(Deadline)),
    // Too much memory, the guest's or the host's.
    of("grow", Fails(Memory)),
    of("grow-slowly", Fails(Memory)),
    of("grow-politely", Fails(Memory)),
    of("random-huge", Fails(Protocol)),
    of("random-large", Fails(Protocol)),
    of("handles", Fails(Protocol)),
    of("poll-many", Fails(Protocol)),
    of("data-unused", Fails(Protocol)),
    // Calls that the contract does not allow.
    of("state-outside", Fails(Protocol)),
    of("state-unknown", Fails(Protocol)),
    of("count-unknown", Fails(Protocol)),
    // As many answers as records, each with its arguments, no more and no less.
    of("no-answer", Fails(Protocol)),
    of("two-answers", Fails(Protocol)),
    of("many-answers", Fails(Protocol)),
    of("action-0", Fails(Protocol)),
    of("action-6", Fails(Protocol)),
    of("action-255", Fails(Protocol)),
    of("args-left-over", Fails(Protocol)),
    of("args-too-few", Fails(Protocol)),
    of("emission-cut", Fails(Protocol)),
    of("emissions-announced", Fails(Protocol)),
    of("list-outside", Fails(Protocol)),
    of("list-unaligned", Fails(Protocol)),
    // Every number, out of its range.
    of("output", Fails(Protocol)),
    of("output-wide", Fails(Protocol)),
    of("output-emitted", Fails(Protocol)),
    of("span", Fails(Protocol)),
    of("span-start", Fails(Protocol)),
    of("span-overflow", Fails(Protocol)),
    of("span-unread", Fails(Protocol)),
    of("null-somewhere", Fails(Protocol)),
    of("flag", Fails(Protocol)),
    of("flag-high", Fails(Protocol)),
    of("inherited-and-given", Fails(Protocol)),
    of("timestamp", Fails(Protocol)),
    of("timestamp-least", Fails(Protocol)),
    of("partition", Fails(Protocol)),
    of("store", Fails(Protocol)),
    of("store-count", Fails(Protocol)),
    of("store-of-a-rejection", Fails(Protocol)),
    of("header-name", Fails(Protocol)),
    of("header-length", Fails(Protocol)),
    of("header-value-length", Fails(Protocol)),
    of("header-overflow", Fails(Protocol)),
    of("headers-more", Fails(Protocol)),
    of("headers-most", Fails(Protocol)),
    of("headers-unread", Fails(Protocol)),
    of("headers-outside", Fails(Protocol)),
    of("headers-none-somewhere", Fails(Protocol)),
    // Little that asks for much.
    of("emissions", Fails(Protocol)),
    of("value-large", Fails(Protocol)),
    of("overlap", Fails(Protocol)),
    of("inherit", Fails(Protocol)),
    of("headers-inherited", Fails(Protocol)),
    of("headers-empty", Fails(Protocol)),
    // Words.
    of("code-empty", Fails(Protocol)),
    of("code-long", Fails(Protocol)),
    of("code-capitals", Fails(Protocol)),
    of("code-utf8", Fails(Protocol)),
    of("code-null", Fails(Protocol)),
    of("code-unread", Fails(Protocol)),
    of("code-outside", Fails(Protocol)),
    of("code-at-the-end", Fails(Protocol)),
    of("message-long", Fails(Protocol)),
    of("message-utf8", Fails(Protocol)),
    of("message-cut", Fails(Protocol)),
    of("message-null", Fails(Protocol)),
    of("message-outside", Fails(Protocol)),
    of("retry-code", Fails(Protocol)),
    of("retry-message", Fails(Protocol)),
    of("listed", Rejected("listed")),
    of("unlisted", Rejected("unlisted")),
    of("order:17", Rejected("order-17")),
    of("code-longest", Rejected(LONGEST)),
    // Looks dangerous, and is not.
    of("in-company", Forwarded),
    of("slow:1", Forwarded),
    of("socket", Forwarded),
    of("bind", Forwarded),
    of("resolve", Forwarded),
    of("file", Forwarded),
    of("file-written", Forwarded),
    of("environment", Forwarded),
    of("stdin", Forwarded),
    of("sleep", Forwarded),
    of("clock", Forwarded),
    of("flood", Forwarded),
    of("flood-stdout", Forwarded),
    of("flood-stderr", Forwarded),
    of("log-long", Forwarded),
    of("panicked-only", Forwarded),
    of("drop", Dropped),
];

/// What the types of `plugin-typed` allow and the contract does not; the guest `typed` does it.
pub const TYPED: &[Guest] = &[
    of("no-answer", Fails(Protocol)),
    of("two-answers", Fails(Protocol)),
    of("output", Fails(Protocol)),
    of("output-emitted", Fails(Protocol)),
    of("code", Fails(Protocol)),
    of("code-empty", Fails(Protocol)),
    of("message-long", Fails(Protocol)),
    of("timestamp", Fails(Protocol)),
    of("partition", Fails(Protocol)),
    of("store", Fails(Protocol)),
    of("emissions", Fails(Protocol)),
    of("inherit", Fails(Protocol)),
    of("value-large", Fails(Protocol)),
];

impl Expected {
    /// As `host::Answered::words` begins.
    pub fn words(self) -> String {
        match self {
            Fails(kind) => kind.code().to_owned(),
            Forwarded => "forward 0".to_owned(),
            Dropped => "drop".to_owned(),
            Rejected(code) => format!("reject {code}: "),
        }
    }

    /// The code of the dead letter that the record becomes.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Fails(kind) => Some(kind.code()),
            Rejected(code) => Some(code),
            Forwarded | Dropped => None,
        }
    }
}

impl Guest {
    /// The record that brings it about.
    pub fn entry(&self) -> Entry {
        let mut entry = records::record(self.name);
        match self.name {
            // 16 KiB, a thousand times.
            "inherit" => entry.value = Some([b"inherit:".as_slice(), &[b'v'; 16_384]].concat()),
            // Headers without a name and a value: nothing but their number, a thousand times.
            "headers-inherited" => entry.headers = vec![(Vec::new(), None); 2000],
            _ => {}
        }
        entry
    }
}
