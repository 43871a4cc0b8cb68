//! Group metadata that a test can read and make up: the library's safe wrapper can do neither.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::Producer as _;
use rdkafka_sys as sys;

use crate::Refusal;
use crate::client::{Producer, WITHIN};

/// Who commits: what TxnOffsetCommit is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMetadata {
    pub group: String,
    pub generation: i32,
    pub member: String,
}

impl GroupMetadata {
    /// The consumer's present metadata.
    ///
    /// # Panics
    /// The consumer has no `group.id`.
    pub fn of(consumer: &BaseConsumer) -> Self {
        // SAFETY: the client outlives the call; the metadata is ours and destroyed below, and the strings are copied
        // before that.
        unsafe {
            let metadata = sys::rd_kafka_consumer_group_metadata(consumer.client().native_ptr());
            assert!(!metadata.is_null(), "the consumer has no group");
            let owned = Self {
                group: string(sys::rd_kafka_consumer_group_metadata_group_id(metadata)),
                generation: sys::rd_kafka_consumer_group_metadata_generation_id(metadata),
                member: string(sys::rd_kafka_consumer_group_metadata_member_id(metadata)),
            };
            sys::rd_kafka_consumer_group_metadata_destroy(metadata);
            owned
        }
    }

    /// What the library has before a consumer joins: the broker does not check it.
    pub fn of_nobody(group: &str) -> Self {
        Self { group: group.to_owned(), generation: -1, member: String::new() }
    }
}

/// `send_offsets_to_transaction` with any metadata.
///
/// # Errors
/// What the library says, as the broker answered.
pub fn send_offsets(producer: &Producer, offsets: &TopicPartitionList, by: &GroupMetadata) -> Result<(), Refusal> {
    let group = CString::new(by.group.as_str()).expect("a group has no NUL");
    let member = CString::new(by.member.as_str()).expect("a member id has no NUL");
    let timeout = i32::try_from(WITHIN.as_millis()).expect("a timeout of seconds");
    // SAFETY: all pointers are valid for the call they are passed to: the strings, the list and the client outlive
    // it, the library copies the strings; metadata and error are ours and destroyed once.
    unsafe {
        let metadata = if *by == GroupMetadata::of_nobody(&by.group) {
            sys::rd_kafka_consumer_group_metadata_new(group.as_ptr())
        } else {
            let (generation, no_instance) = (by.generation, ptr::null());
            sys::rd_kafka_consumer_group_metadata_new_with_genid(
                group.as_ptr(),
                generation,
                member.as_ptr(),
                no_instance,
            )
        };
        let client = producer.client().native_ptr();
        let error = sys::rd_kafka_send_offsets_to_transaction(client, offsets.ptr(), metadata, timeout);
        sys::rd_kafka_consumer_group_metadata_destroy(metadata);
        if error.is_null() {
            return Ok(());
        }
        let refusal = Refusal {
            code: sys::rd_kafka_error_code(error).into(),
            fatal: sys::rd_kafka_error_is_fatal(error) != 0,
            abortable: sys::rd_kafka_error_txn_requires_abort(error) != 0,
        };
        sys::rd_kafka_error_destroy(error);
        Err(refusal)
    }
}

/// # Safety
/// `text` is a C string that stays valid during the call.
unsafe fn string(text: *const c_char) -> String {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
