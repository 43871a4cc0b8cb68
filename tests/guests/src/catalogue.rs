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
    /// Part of the failure's first line: a wrong answer of the guest that fails for another reason shows nothing.
    pub reason: &'static str,
}

const fn of(name: &'static str, expected: Expected) -> Guest {
    Guest { name, expected, reason: "" }
}

const fn fails(name: &'static str, kind: GuestFailureKind, reason: &'static str) -> Guest {
    Guest { name, expected: Fails(kind), reason }
}

/// Longest code that there is.
const LONGEST: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Everything that a record can make the guest `zoo` do.
pub const ZOO: &[Guest] = &[
    // No answer.
    fails("panic", Trap, "order 17 is broken"),
    fails("panic-long", Trap, "unreachable"),
    fails("unreachable", Trap, "unreachable"),
    fails("abort", Trap, "unreachable"),
    fails("exit", Trap, "called exit"),
    fails("exit-ok", Trap, "called exit"),
    fails("recursion", Trap, "out of bounds memory access"),
    fails("recursion-frameless", Trap, "call stack exhausted"),
    fails("out-of-bounds", Trap, "out of bounds memory access"),
    fails("lock-twice", Trap, "cannot recursively acquire mutex"),
    // Too late, in the guest or in what it makes the host do.
    fails("loop", Deadline, "limits.record_deadline_ms"),
    fails("slow:60000", Deadline, "limits.record_deadline_ms"),
    fails("loop-log", Deadline, "limits.record_deadline_ms"),
    fails("loop-print", Deadline, "limits.record_deadline_ms"),
    fails("loop-count", Deadline, "limits.record_deadline_ms"),
    fails("loop-sleep", Deadline, "limits.record_deadline_ms"),
    fails("loop-poll", Deadline, "limits.record_deadline_ms"),
    fails("loop-random", Deadline, "limits.record_deadline_ms"),
    // Too much memory, the guest's or the host's.
    fails("grow", Memory, "limits.memory_mib is 64"),
    fails("grow-slowly", Memory, "limits.memory_mib is 64"),
    fails("grow-politely", Memory, "limits.memory_mib is 64"),
    fails("random-huge", Protocol, "exceeds limit"),
    fails("random-large", Protocol, "exceeds limit"),
    fails("handles", Protocol, "resource table has no free keys"),
    fails("poll-many", Protocol, "too much data is being copied"),
    fails("data-unused", Protocol, "too much data is being copied"),
    // Calls that the contract does not allow.
    fails("state-outside", Protocol, "a store that is not in its manifest"),
    fails("state-unknown", Protocol, "a store that is not in its manifest"),
    fails("count-unknown", Protocol, "a counter that is not in its manifest"),
    // As many answers as records, each with its arguments, no more and no less.
    fails("no-answer", Protocol, "is missing, or there is one too many"),
    fails("two-answers", Protocol, "is missing, or there is one too many"),
    fails("many-answers", Protocol, "is missing, or there is one too many"),
    fails("action-0", Protocol, "is not an action"),
    fails("action-6", Protocol, "is not an action"),
    fails("action-255", Protocol, "is not an action"),
    fails("args-left-over", Protocol, "has arguments but no record"),
    fails("args-too-few", Protocol, "has too few arguments"),
    fails("emission-cut", Protocol, "has too few arguments"),
    fails("emissions-announced", Protocol, "has more emissions than outputs_per_record_max"),
    fails("list-outside", Protocol, "list pointer/length out of bounds"),
    fails("list-unaligned", Protocol, "list pointer is not aligned"),
    // Every number, out of its range.
    fails("output", Protocol, "names an output that is not in the manifest"),
    fails("output-wide", Protocol, "names an output that is not in the manifest"),
    fails("output-emitted", Protocol, "names an output that is not in the manifest"),
    fails("span", Protocol, "points outside of its data"),
    fails("span-start", Protocol, "points outside of its data"),
    fails("span-overflow", Protocol, "points outside of its data"),
    fails("span-unread", Protocol, "points outside of its data"),
    fails("null-somewhere", Protocol, "gives a null a position"),
    fails("flag", Protocol, "has an unknown flag"),
    fails("flag-high", Protocol, "has an unknown flag"),
    fails("inherited-and-given", Protocol, "inherits a part and gives it too"),
    fails("timestamp", Protocol, "has a negative timestamp"),
    fails("timestamp-least", Protocol, "has a negative timestamp"),
    fails("partition", Protocol, "has a partition of 2^31 or more"),
    fails("store", Protocol, "names a store that is not in the manifest"),
    fails("store-count", Protocol, "names a store that is not in the manifest"),
    fails("store-of-a-rejection", Protocol, "changes state and is not kept"),
    fails("header-name", Protocol, "has a header whose name is not UTF-8"),
    fails("header-length", Protocol, "has headers that end outside of its data"),
    fails("header-value-length", Protocol, "has headers that end outside of its data"),
    fails("header-overflow", Protocol, "has headers that end outside of its data"),
    fails("headers-more", Protocol, "has headers that end outside of its data"),
    fails("headers-most", Protocol, "has headers that end outside of its data"),
    fails("headers-unread", Protocol, "has headers that end outside of its data"),
    fails("headers-outside", Protocol, "has headers that end outside of its data"),
    fails("headers-none-somewhere", Protocol, "gives no headers a position"),
    // Little that asks for much.
    fails("emissions", Protocol, "has more emissions than outputs_per_record_max"),
    fails("value-large", Protocol, "asks for more output than output_bytes_max"),
    fails("overlap", Protocol, "asks for more output than output_bytes_max"),
    fails("inherit", Protocol, "asks for more output than output_bytes_max"),
    fails("headers-inherited", Protocol, "asks for more output than output_bytes_max"),
    fails("headers-empty", Protocol, "asks for more output than output_bytes_max"),
    // Words.
    fails("code-empty", Protocol, "has a code that is not 1 to 64"),
    fails("code-long", Protocol, "has a code that is not 1 to 64"),
    fails("code-capitals", Protocol, "has a code that is not 1 to 64"),
    fails("code-utf8", Protocol, "has a code that is not 1 to 64"),
    fails("code-null", Protocol, "has no code"),
    fails("code-unread", Protocol, "points outside of its data"),
    fails("code-outside", Protocol, "points outside of its data"),
    fails("code-at-the-end", Protocol, "points outside of its data"),
    fails("message-long", Protocol, "has a message of more than 1024 bytes"),
    fails("message-utf8", Protocol, "has a message that is not UTF-8"),
    fails("message-cut", Protocol, "has a message that is not UTF-8"),
    fails("message-null", Protocol, "has no message"),
    fails("message-outside", Protocol, "points outside of its data"),
    fails("retry-code", Protocol, "has a code that is not 1 to 64"),
    fails("retry-message", Protocol, "has a message that is not UTF-8"),
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
    fails("no-answer", Protocol, "is missing"),
    fails("two-answers", Protocol, "is missing"),
    fails("output", Protocol, "an output that is not in the manifest"),
    fails("output-emitted", Protocol, "an output that is not in the manifest"),
    fails("code", Protocol, "a code that is not"),
    fails("code-empty", Protocol, "a code that is not"),
    fails("message-long", Protocol, "1024 bytes"),
    fails("timestamp", Protocol, "negative timestamp"),
    fails("partition", Protocol, "2^31"),
    fails("store", Protocol, "a store that is not in the manifest"),
    fails("emissions", Protocol, "outputs_per_record_max"),
    fails("inherit", Protocol, "output_bytes_max"),
    fails("value-large", Protocol, ""),
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
