//! librdkafka's errors, sorted into the classes of `wasmill-record`.

use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ffi::CStr;
use wasmill_record::{Class, Failure};

/// A call that could not even be made.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    #[error("librdkafka property `{name}`: {message}")]
    Property { name: String, message: String },
    #[error("failed to create the client: {0}")]
    Create(String),
    #[error("`{0}` holds a NUL byte, which librdkafka can't carry")]
    Nul(String),
    #[error("failed to {call}: {message}")]
    Call { call: &'static str, message: String },
}

/// Kafka's name of an error, such as `MSG_SIZE_TOO_LARGE`.
pub(crate) fn name(code: Code) -> &'static str {
    // SAFETY: returns a pointer to a static string for every code.
    unsafe { CStr::from_ptr(sys::rd_kafka_err2name(code)) }.to_str().unwrap_or("UNKNOWN")
}

/// Takes ownership of an error object of the C API; null is success.
///
/// # Safety
/// `error` is null or an object that nobody else frees.
pub(crate) unsafe fn check(call: &str, error: *mut sys::rd_kafka_error_t) -> Result<(), Failure> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: not null, and ours until the destroy below.
    unsafe {
        let code = sys::rd_kafka_error_code(error);
        let class = if sys::rd_kafka_error_is_fatal(error) != 0 {
            Class::Fatal
        } else if sys::rd_kafka_error_txn_requires_abort(error) != 0 {
            Class::Abortable
        } else if sys::rd_kafka_error_is_retriable(error) != 0 {
            Class::Retriable
        } else {
            Class::Unknown
        };
        let words = CStr::from_ptr(sys::rd_kafka_error_string(error)).to_string_lossy();
        let message = format!("{call}: {} ({words})", name(code));
        sys::rd_kafka_error_destroy(error);
        Err(Failure { class, fenced: is_fenced(code), message })
    }
}

/// A plain code from calls without an error object.
pub(crate) fn check_code(call: &str, code: Code) -> Result<(), Failure> {
    if code == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    Err(Failure { class: class_of(code), fenced: is_fenced(code), message: format!("{call}: {}", name(code)) })
}

/// Group and offset calls: gone membership can't be healed by trying again, the rest can.
fn class_of(code: Code) -> Class {
    use Code::*;
    match code {
        RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID
        | RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION
        | RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID
        | RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS
        | RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST => Class::Abortable,
        RD_KAFKA_RESP_ERR__FATAL | RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED => Class::Fatal,
        _ => Class::Retriable,
    }
}

/// A newer producer with our transactional id exists, or the coordinator timed this one out.
fn is_fenced(code: Code) -> bool {
    use Code::*;
    matches!(
        code,
        RD_KAFKA_RESP_ERR__FENCED | RD_KAFKA_RESP_ERR_PRODUCER_FENCED | RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH
    )
}

/// Whether a delivery report means that the broker will never take this record.
pub(crate) fn is_refusal(code: Code) -> bool {
    use Code::*;
    matches!(
        code,
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
            | RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE
            | RD_KAFKA_RESP_ERR_INVALID_RECORD
            | RD_KAFKA_RESP_ERR_INVALID_MSG
            | RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP
            | RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
            | RD_KAFKA_RESP_ERR_POLICY_VIOLATION
    )
}
