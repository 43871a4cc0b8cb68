//! What a transaction looks like from outside, for describing requests and for tests.

use super::state::{State, Transaction};

/// The coordinator's states by Kafka's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "Kafka's own names")]
pub enum TransactionState {
    Empty,
    Ongoing,
    PrepareCommit,
    PrepareAbort,
    CompleteCommit,
    CompleteAbort,
}

impl TransactionState {
    /// As Kafka spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Ongoing => "Ongoing",
            Self::PrepareCommit => "PrepareCommit",
            Self::PrepareAbort => "PrepareAbort",
            Self::CompleteCommit => "CompleteCommit",
            Self::CompleteAbort => "CompleteAbort",
        }
    }
}

impl From<State> for TransactionState {
    fn from(state: State) -> Self {
        match state {
            State::Empty => Self::Empty,
            State::Ongoing => Self::Ongoing,
            State::PrepareCommit => Self::PrepareCommit,
            State::PrepareAbort => Self::PrepareAbort,
            State::CompleteCommit => Self::CompleteCommit,
            State::CompleteAbort => Self::CompleteAbort,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) id: String,
    pub(crate) state: TransactionState,
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    pub(crate) timeout_ms: i32,
    /// -1: none is open.
    pub(crate) began_ms: i64,
    pub(crate) partitions: Vec<(String, i32)>,
}

impl View {
    pub(crate) fn of(id: &str, transaction: &Transaction) -> Self {
        Self {
            id: id.to_owned(),
            state: transaction.state.into(),
            producer_id: transaction.producer_id,
            epoch: transaction.epoch,
            timeout_ms: transaction.timeout_ms,
            began_ms: transaction.began.map_or(-1, |began| began.wall_ms),
            partitions: transaction.partitions.iter().cloned().collect(),
        }
    }
}
