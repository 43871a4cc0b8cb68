//! Who is in a consumer group: DescribeConsumerGroups of librdkafka's admin API.

use super::ProbeError;
use super::admin::{Options, answer, c_names};
use crate::client::Client;
use crate::consumer::Queue;
use crate::error::name;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_admin_op_t as Op;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ffi::{CStr, c_char};
use std::time::Duration;

/// A process of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMember {
    pub client_id: String,
    /// As the broker sees it.
    pub host: String,
}

/// A group that is not there has none.
pub(super) fn members(
    client: &Client,
    queue: &Queue,
    group: &str,
    timeout: Duration,
) -> Result<Vec<GroupMember>, ProbeError> {
    const CALL: &str = "describe the group";
    let c_names = c_names(CALL, &[group])?;
    let mut pointers: Vec<*const c_char> = c_names.iter().map(|name| name.as_ptr()).collect();
    let options = Options::new(client, Op::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeout);
    // SAFETY: all objects are alive for the call, which copies what it needs.
    unsafe {
        sys::rd_kafka_DescribeConsumerGroups(
            client.as_ptr(),
            pointers.as_mut_ptr(),
            pointers.len(),
            options.as_ptr(),
            queue.as_ptr(),
        );
    }
    let event = answer(CALL, queue, sys::RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT, timeout)?;
    let mut members = Vec::new();
    // SAFETY: the event is of this kind; everything read below belongs to it.
    unsafe {
        let result = sys::rd_kafka_event_DescribeConsumerGroups_result(event.as_ptr());
        let mut count = 0;
        let groups = sys::rd_kafka_DescribeConsumerGroups_result_groups(result, &mut count);
        for at in 0..count {
            let described = *groups.add(at);
            match sys::rd_kafka_error_code(sys::rd_kafka_ConsumerGroupDescription_error(described)) {
                Code::RD_KAFKA_RESP_ERR_NO_ERROR => {}
                Code::RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND => continue,
                Code::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED => {
                    return Err(ProbeError::Denied { call: CALL, message: format!("group {group}") });
                }
                code => return Err(ProbeError::Call { call: CALL, message: format!("group {group}: {}", name(code)) }),
            }
            for number in 0..sys::rd_kafka_ConsumerGroupDescription_member_count(described) {
                let member = sys::rd_kafka_ConsumerGroupDescription_member(described, number);
                members.push(GroupMember {
                    client_id: text(sys::rd_kafka_MemberDescription_client_id(member)),
                    host: text(sys::rd_kafka_MemberDescription_host(member)),
                });
            }
        }
    }
    Ok(members)
}

/// # Safety
/// Null, or alive and ending in NUL.
unsafe fn text(from: *const c_char) -> String {
    // SAFETY: the caller's promise.
    if from.is_null() { String::new() } else { unsafe { CStr::from_ptr(from) }.to_string_lossy().into_owned() }
}
