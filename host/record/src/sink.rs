//! Records and positions out, as one unit. What "one unit" means is the sink's business: a Kafka transaction, or, at
//! least once, delivery first and positions after it. The main path is the same for both.
//!
//! Legal order: `init`, then any number of (`begin`, writes, `drain`, `send_positions`, `commit`) or (`begin`, writes,
//! `abort`). Never an empty transaction: `begin` is called when a partition is first touched, and its position is always
//! sent. After `give_up` the order starts again at `init`.

use crate::{
    Batch, ChangelogEnd, ChangelogPartition, CommitOffset, Emission, Failure, InputPartition, Membership, Origin, Reply,
};
use std::time::Duration;

/// One position to commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub partition: InputPartition,
    pub next: CommitOffset,
}

/// Requests of the open transaction that were seen on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wire {
    /// The coordinator has answered a request that adds something to the transaction.
    pub opened: bool,
    /// EndTxn requests since `begin`, whoever asked for them.
    pub end_txn: u32,
    /// The connection to the transaction coordinator broke since `begin`.
    pub disconnected: bool,
    /// A request with positions has left and was not answered.
    pub positions_unanswered: bool,
}

impl Wire {
    /// Whether a copy of a request may still be under way that would act on the producer's next transaction: end it, or put
    /// positions into it that are not its own.
    pub fn may_arrive_late(&self) -> bool {
        self.end_txn > 1 || self.disconnected || self.positions_unanswered
    }
}

/// Why a record could not be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    /// Refused for good before it left: too large for the topic or the client.
    Refused(String),
    /// The transaction can't go on.
    Failed(Failure),
}

/// A record that the broker refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub origin: Origin,
    /// Kafka's name of the error, such as `MESSAGE_TOO_LARGE`.
    pub error: String,
    /// The topic that refused it.
    pub topic: String,
}

/// What is added to a record on its way to the dead-letter topic.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetter<'a> {
    /// Headers in order; they replace those of the same name that an earlier failure left.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// Without the value: the record is too large for the topic.
    pub truncated: bool,
}

/// One worker's outlet.
pub trait Sink<B: Batch> {
    type Membership: Membership;

    /// Makes the producer usable and settles what an earlier one with the same id left open. One try of at most
    /// `timeout`; retriable errors may be tried again without bound while the broker is away.
    fn init(&mut self, timeout: Duration) -> Result<(), Failure>;

    fn begin(&mut self) -> Result<(), Failure>;

    /// Writes the record as it came: key, value, timestamp copied, headers moved.
    fn forward(&mut self, batch: &mut B, at: usize, output: u16, origin: Origin) -> Result<(), WriteError>;

    /// Writes what the plugin made of the record. Spans were checked by the caller.
    fn emit(
        &mut self,
        batch: &B,
        at: usize,
        emission: &Emission,
        reply: &Reply,
        origin: Origin,
    ) -> Result<(), WriteError>;

    /// Writes the record to the dead-letter topic.
    fn dead_letter(&mut self, batch: &B, at: usize, letter: &DeadLetter<'_>, origin: Origin) -> Result<(), WriteError>;

    /// Writes a change of state to its changelog. `value` `None` deletes.
    fn change(
        &mut self,
        of: ChangelogPartition,
        key: &[u8],
        value: Option<&[u8]>,
        timestamp: Option<i64>,
    ) -> Result<(), WriteError>;

    /// After the drain: how far the changelogs that were written to have come.
    fn changelog_ends(&mut self) -> Vec<ChangelogEnd>;

    /// Serves delivery reports without waiting; called once per batch.
    fn poll(&mut self);

    /// Waits until everything written so far is acknowledged; more may be written after it. Fails when something was
    /// refused.
    fn flush(&mut self, timeout: Duration) -> Result<(), Failure>;

    /// Waits until everything written is acknowledged or refused; nothing may be written after it.
    fn drain(&mut self, timeout: Duration) -> Result<(), Failure>;

    /// Records that were refused since the last call; emptied by it. Bounded; when it overflows, more is lost than said
    /// and `drain` fails as well.
    fn take_refusals(&mut self) -> Vec<Refusal>;

    /// Group metadata of this moment.
    fn membership(&self) -> Self::Membership;

    /// Sends positions and token. Retriable errors may be tried again.
    fn send_positions(
        &mut self,
        positions: &[Position],
        token: &str,
        membership: &Self::Membership,
        timeout: Duration,
    ) -> Result<(), Failure>;

    fn commit(&mut self, timeout: Duration) -> Result<(), Failure>;

    fn abort(&mut self, timeout: Duration) -> Result<(), Failure>;

    /// What was on the wire since `begin`.
    fn wire(&self) -> Wire;

    /// Drops the producer where it stands, without waiting, and puts a fresh client in its place.
    fn give_up(&mut self);

    /// The tokens stored with the stable committed offsets, in the order asked; `None`: no offset or no token.
    fn committed_tokens(
        &mut self,
        partitions: &[InputPartition],
        timeout: Duration,
    ) -> Result<Vec<Option<String>>, Failure>;
}
