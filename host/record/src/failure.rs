//! What went wrong between us and the broker, sorted by what to do about it.

use std::fmt;

/// The four classes of the transactional API, as librdkafka sorts them (`rd_kafka_error_t`), and our own guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The same call may succeed.
    Retriable,
    /// The transaction is void; the producer lives on after an abort.
    Abortable,
    /// The producer is finished.
    Fatal,
    /// None of the three was said: treated like an answer that never came.
    Unknown,
    /// Our own refusal to commit: group metadata or assignment epoch don't cover the transaction.
    Guard,
}

impl Class {
    /// The value of the metrics label `class`.
    pub fn label(self) -> &'static str {
        match self {
            Class::Retriable => "retriable",
            Class::Abortable => "abort",
            Class::Fatal => "fatal",
            Class::Unknown => "unknown",
            Class::Guard => "guard",
        }
    }
}

/// A failed call: its class, whether the broker said that a newer producer has our id, and the words for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub class: Class,
    pub fenced: bool,
    pub message: String,
}

impl Failure {
    pub fn new(class: Class, message: impl Into<String>) -> Failure {
        Failure { class, fenced: false, message: message.into() }
    }

    pub fn guard(message: impl Into<String>) -> Failure {
        Failure::new(Class::Guard, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.class.label())
    }
}

impl std::error::Error for Failure {}
