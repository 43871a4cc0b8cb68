//! One question for a stable position with the broker's own answer: the consumer's `committed()` keeps
//! UNSTABLE_OFFSET_COMMIT to itself and asks again until its time is up, so it can't tell "unstable" from "silent".

use std::ffi::CString;
use std::ptr::null_mut;

use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;

use crate::client::{WITHIN, config, position};

/// The group's stable committed position on this partition, `None` when nothing is committed.
///
/// # Errors
/// The broker's error for this partition or for the request.
pub fn stable_offset(
    bootstrap: &str,
    group: &str,
    topic: &str,
    partition: i32,
) -> Result<Option<i64>, RDKafkaErrorCode> {
    let admin: AdminClient<DefaultClientContext> = config(bootstrap, &[]).create().expect("an admin client");
    let client = admin.inner().native_ptr();
    let group = CString::new(group).expect("a group has no NUL");
    let timeout = i32::try_from(WITHIN.as_millis()).expect("a timeout of seconds");
    // SAFETY: the client outlives everything made from it here; each object is destroyed once, after its last use;
    // the library copies group, list and options in the call. The event is null or owned by us, and what is read
    // through it is read before it is destroyed.
    unsafe {
        let queue = sys::rd_kafka_queue_new(client);
        let options = sys::rd_kafka_AdminOptions_new(
            client,
            sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
        );
        let refused = sys::rd_kafka_AdminOptions_set_require_stable_offsets(options, 1);
        assert!(refused.is_null(), "the library does not take the option");
        let list = position(topic, partition, 0);
        let mut question = sys::rd_kafka_ListConsumerGroupOffsets_new(group.as_ptr(), list.ptr());
        sys::rd_kafka_ListConsumerGroupOffsets(client, &raw mut question, 1, options, queue);
        let event = sys::rd_kafka_queue_poll(queue, timeout);
        let answer = answer(event);
        if !event.is_null() {
            sys::rd_kafka_event_destroy(event);
        }
        sys::rd_kafka_ListConsumerGroupOffsets_destroy(question);
        sys::rd_kafka_AdminOptions_destroy(options);
        sys::rd_kafka_queue_destroy(queue);
        answer
    }
}

/// # Safety
/// `event` is null or a ListConsumerGroupOffsets result that stays alive during the call.
unsafe fn answer(event: *mut sys::rd_kafka_event_t) -> Result<Option<i64>, RDKafkaErrorCode> {
    assert!(!event.is_null(), "no answer within {WITHIN:?}");
    // SAFETY: the caller's promise; every pointer is checked before it is followed, and the list's first element
    // exists when the list is not empty.
    unsafe {
        done(sys::rd_kafka_event_error(event))?;
        let result = sys::rd_kafka_event_ListConsumerGroupOffsets_result(event);
        let mut count = 0;
        let groups = if result.is_null() {
            null_mut()
        } else {
            sys::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &raw mut count)
        };
        assert!(!groups.is_null() && count == 1, "the answer is not about one group");
        let error = sys::rd_kafka_group_result_error(*groups);
        if !error.is_null() {
            done(sys::rd_kafka_error_code(error))?;
        }
        let partitions = sys::rd_kafka_group_result_partitions(*groups);
        assert!(!partitions.is_null() && (*partitions).cnt == 1, "the answer is not about one partition");
        let partition = &*(*partitions).elems;
        done(partition.err)?;
        Ok(Some(partition.offset).filter(|offset| *offset >= 0))
    }
}

fn done(code: sys::rd_kafka_resp_err_t) -> Result<(), RDKafkaErrorCode> {
    match code {
        sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        error => Err(error.into()),
    }
}
