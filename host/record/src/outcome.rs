//! What a plugin answers, in the shape of the plugin contract: flat decisions, and one arena for their bytes.
//!
//! The seam [`Invoke`] is all the main path knows of a plugin: native functions stand behind it in tests and benches,
//! the sandbox in production.

use crate::Batch;

/// Bytes in [`Reply::bytes`]. Indices are checked by [`Reply::slice`]; a reply that names bytes it has not got is a
/// protocol violation, never a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub at: u32,
    pub len: u32,
}

/// A key or a value of an emission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The input record's.
    Inherit,
    Null,
    Bytes(Span),
}

/// One record to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emission {
    /// Number of the output.
    pub output: u16,
    pub key: Field,
    pub value: Field,
    /// Whether the input record's headers come first.
    pub inherit_headers: bool,
    /// Own timestamp; `None`: the input record's.
    pub timestamp: Option<i64>,
    /// Own partition; `None`: by the output's partitioner.
    pub partition: Option<i32>,
}

/// The answer for one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Written unchanged to the output.
    Forward { output: u16 },
    /// Nothing to write.
    Drop,
    /// `count` emissions from `first` on in [`Reply::emissions`].
    Emit { first: u32, count: u32 },
    /// Not acceptable, now or ever.
    Reject { code: Span, message: Span },
    /// Not now. `after_ms` 0: the policy's back-off.
    Retry { after_ms: u32, code: Span, message: Span },
}

/// Answers for a batch. Reused from call to call; nothing is allocated once it has grown.
#[derive(Debug, Default)]
pub struct Reply {
    /// One per record, in order.
    pub outcomes: Vec<Outcome>,
    pub emissions: Vec<Emission>,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn clear(&mut self) {
        self.outcomes.clear();
        self.emissions.clear();
        self.bytes.clear();
    }

    /// Keeps `bytes` and says where.
    pub fn keep(&mut self, bytes: &[u8]) -> Span {
        let at = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(bytes);
        Span { at, len: u32::try_from(bytes.len()).unwrap_or(u32::MAX) }
    }

    /// The bytes of `span`; `None` when it lies outside.
    pub fn slice(&self, span: Span) -> Option<&[u8]> {
        let at = usize::try_from(span.at).ok()?;
        self.bytes.get(at..at.checked_add(usize::try_from(span.len).ok()?)?)
    }
}

/// Why a plugin gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GuestFailureKind {
    Trap,
    Deadline,
    Memory,
    Protocol,
}

impl GuestFailureKind {
    /// The dead letter's code.
    pub fn code(self) -> &'static str {
        match self {
            GuestFailureKind::Trap => "plugin-trap",
            GuestFailureKind::Deadline => "plugin-deadline",
            GuestFailureKind::Memory => "plugin-memory",
            GuestFailureKind::Protocol => "plugin-protocol",
        }
    }
}

/// A call that failed as a whole; its answer is void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestFailure {
    pub kind: GuestFailureKind,
    pub message: String,
}

/// What the plugin is told beside the records.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// 1 on first delivery of the batch's first record.
    pub attempt: u32,
    /// The host's wall clock for this call, milliseconds since the Unix epoch.
    pub now_ms: i64,
}

/// A plugin instance of one worker.
pub trait Invoke<B: Batch>: Send {
    /// Answers `count` records of `batch` from `from` on into `reply` (cleared by the caller).
    fn invoke(
        &mut self,
        batch: &B,
        from: usize,
        count: usize,
        source: &Source,
        reply: &mut Reply,
    ) -> Result<(), GuestFailure>;

    /// Forgets everything: after a failure, an abort or a lost assignment, instance memory is only a cache.
    fn renew(&mut self);

    /// For dead letters: the plugin's name and `sha256:<hex>` of its code.
    fn name(&self) -> &str;
    fn digest(&self) -> Option<&str>;
}
