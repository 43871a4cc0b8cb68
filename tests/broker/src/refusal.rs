//! A refused transactional call, by the three questions that decide what to do next.

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

/// Why a transactional call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: RDKafkaErrorCode,
    /// The producer is of no more use.
    pub fatal: bool,
    /// The transaction is to be aborted.
    pub abortable: bool,
}

impl Refusal {
    /// A refusal that ends the producer.
    pub fn fatal(code: RDKafkaErrorCode) -> Self {
        Self { code, fatal: true, abortable: false }
    }

    /// A refusal that ends the transaction only.
    pub fn abortable(code: RDKafkaErrorCode) -> Self {
        Self { code, fatal: false, abortable: true }
    }

    /// The refusal in the answer of a transactional call.
    ///
    /// # Panics
    /// The call succeeded, or failed on our side of the wire.
    #[track_caller]
    pub fn of(answer: KafkaResult<()>) -> Self {
        match answer {
            Err(KafkaError::Transaction(error)) => {
                Self { code: error.code(), fatal: error.is_fatal(), abortable: error.txn_requires_abort() }
            }
            other => panic!("expected the transaction to be refused, got {other:?}"),
        }
    }
}
