//! What a plugin answers, in the shape of the plugin contract: flat decisions, and one arena for their bytes.
//!
//! The seam [`Invoke`] is all the main path knows of a plugin: native functions stand behind it in tests and benches,
//! the sandbox in production.

use crate::{Batch, InputPartition, ReadState};
use std::sync::Arc;

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

/// Neighbours in [`Reply::headers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeaderRun {
    pub first: u32,
    pub count: u32,
}

/// A header of an emission; a null value is not an empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderSpan {
    pub name: Span,
    pub value: Option<Span>,
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
    /// Headers of its own, which follow.
    pub headers: HeaderRun,
    /// Own timestamp; `None`: the input record's.
    pub timestamp: Option<i64>,
    /// Own partition; `None`: by the output's partitioner.
    pub partition: Option<i32>,
}

/// A change of keyed state: the new value of a key, or that it has none any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Number of the store.
    pub store: u16,
    pub key: Span,
    /// `None` deletes.
    pub value: Option<Span>,
}

/// Neighbours in [`Reply::changes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeRun {
    pub first: u32,
    pub count: u32,
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
    /// Own headers of all emissions.
    pub headers: Vec<HeaderSpan>,
    /// Changes of keyed state of all records.
    pub changes: Vec<Change>,
    /// The changes of each record, in order; fewer than `outcomes` where the last ones have none. Those of a record that
    /// is rejected or waits are not kept.
    pub change_runs: Vec<ChangeRun>,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn clear(&mut self) {
        self.outcomes.clear();
        self.emissions.clear();
        self.headers.clear();
        self.changes.clear();
        self.change_runs.clear();
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

    /// The headers of `run`; `None` when they lie outside.
    pub fn headers(&self, run: HeaderRun) -> Option<&[HeaderSpan]> {
        let first = usize::try_from(run.first).ok()?;
        self.headers.get(first..first.checked_add(usize::try_from(run.count).ok()?)?)
    }

    /// The changes of the record at `at` of the call; `None` when they lie outside.
    pub fn changes_of(&self, at: usize) -> Option<&[Change]> {
        let Some(run) = self.change_runs.get(at) else { return Some(&[]) };
        let first = usize::try_from(run.first).ok()?;
        self.changes.get(first..first.checked_add(usize::try_from(run.count).ok()?)?)
    }
}

/// Why a plugin gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GuestFailureKind {
    Trap,
    Deadline,
    Memory,
    Protocol,
    /// A key or a value for a store is larger than the limit.
    StateTooLarge,
    /// It was not called: its memory can't hold what it would have been given.
    TooLarge,
}

impl GuestFailureKind {
    /// The dead letter's code.
    pub fn code(self) -> &'static str {
        match self {
            GuestFailureKind::Trap => "plugin-trap",
            GuestFailureKind::Deadline => "plugin-deadline",
            GuestFailureKind::Memory => "plugin-memory",
            GuestFailureKind::Protocol => "plugin-protocol",
            GuestFailureKind::StateTooLarge => "state-too-large",
            GuestFailureKind::TooLarge => "record-too-large",
        }
    }
}

/// A call that failed as a whole; its answer is void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestFailure {
    pub kind: GuestFailureKind,
    /// The first line is the reason; what follows is for people, such as a backtrace.
    pub message: String,
}

/// Why a call brought no answer, sorted by whom it may be held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvokeError {
    /// The plugin's doing: alone in its call, the record is a dead letter.
    Guest(GuestFailure),
    /// The host could not make the call, such as no memory for an instance. Says nothing about any record.
    Host(String),
}

impl From<GuestFailure> for InvokeError {
    fn from(failure: GuestFailure) -> InvokeError {
        InvokeError::Guest(failure)
    }
}

/// What happened inside an instance since it was last asked; see [`Invoke::take_counts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InvokeCounts {
    /// Instances that were given up for a fresh one, for whatever reason.
    pub renewals: u64,
    /// Of these, because memory had grown past the limit for recycling.
    pub recycled: u64,
    /// Forwards and emissions to outputs that the pipeline does not map.
    pub dropped_emissions: u64,
    /// Log lines beyond the limit.
    pub dropped_log_lines: u64,
    /// Keys of stores that the plugin read one by one, because it had not said that it would need them.
    pub unplanned_reads: u64,
    /// Memory of the instance of this moment; not a count.
    pub memory_bytes: u64,
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
    ) -> Result<(), InvokeError>;

    /// The most records that one call should get at this moment; changes between calls, never 0.
    fn batch_max(&self) -> usize {
        usize::MAX
    }

    /// Calls from now on read this keyed state: that of the partition whose records they get.
    fn read_from(&mut self, state: &Arc<dyn ReadState>) {
        let _ = state;
    }

    /// Forgets everything: after a failure, an abort or a lost assignment, instance memory is only a cache.
    fn renew(&mut self);

    /// What happened since the last time; for metrics, once per batch.
    fn take_counts(&mut self) -> InvokeCounts {
        InvokeCounts::default()
    }

    /// Calls `each` with every counter of the plugin's own that has grown since the last time, and by how much.
    fn take_counters(&mut self, each: &mut dyn FnMut(&str, u64)) {
        let _ = each;
    }

    /// For dead letters: the seed that calls for this partition get; `None` where there is none.
    fn seed(&mut self, partition: InputPartition) -> Option<u64> {
        let _ = partition;
        None
    }

    /// For dead letters: the plugin's name and `sha256:<hex>` of its code.
    fn name(&self) -> &str;
    fn digest(&self) -> Option<&str>;
}
