//! Three calls of librdkafka's admin API: DescribeTopics, DescribeConfigs and CreateTopics.

use super::{NewTopic, ProbeError, TopicFacts, TopicSettings};
use crate::client::Client;
use crate::conf::c_string;
use crate::consumer::{Event, Queue, millis};
use crate::error::name;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_admin_op_t as Op;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ffi::{CStr, CString, c_char};
use std::time::{Duration, Instant};

pub(super) fn describe_topics(
    client: &Client,
    queue: &Queue,
    names: &[&str],
    timeout: Duration,
) -> Result<Vec<TopicFacts>, ProbeError> {
    const CALL: &str = "describe topics";
    let c_names = c_names(CALL, names)?;
    let mut pointers: Vec<*const c_char> = c_names.iter().map(|name| name.as_ptr()).collect();
    let options = Options::new(client, Op::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, timeout);
    // SAFETY: all objects are alive for the call, which copies what it needs.
    unsafe {
        let collection = sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        sys::rd_kafka_DescribeTopics(client.as_ptr(), collection, options.0, queue.as_ptr());
        sys::rd_kafka_TopicCollection_destroy(collection);
    }
    let event = answer(CALL, queue, sys::RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT, timeout)?;
    // SAFETY: the event is of this kind; everything read below belongs to it.
    unsafe {
        let result = sys::rd_kafka_event_DescribeTopics_result(event.as_ptr());
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        (0..count).map(|at| topic_facts(*topics.add(at))).collect()
    }
}

/// # Safety
/// `topic` belongs to a result that is alive.
unsafe fn topic_facts(topic: *const sys::rd_kafka_TopicDescription_t) -> Result<TopicFacts, ProbeError> {
    // SAFETY: the caller's promise; strings end in NUL.
    unsafe {
        let topic_name = CStr::from_ptr(sys::rd_kafka_TopicDescription_name(topic)).to_string_lossy().into_owned();
        let error = sys::rd_kafka_TopicDescription_error(topic);
        let code = if error.is_null() { Code::RD_KAFKA_RESP_ERR_NO_ERROR } else { sys::rd_kafka_error_code(error) };
        let missing =
            matches!(code, Code::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART | Code::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
        if missing {
            return Ok(TopicFacts { name: topic_name, ..TopicFacts::default() });
        }
        if code == Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED {
            let message = format!("topic {topic_name}");
            return Err(ProbeError::Denied { call: "describe topics", message });
        }
        if code != Code::RD_KAFKA_RESP_ERR_NO_ERROR {
            let message = format!("topic {topic_name}: {}", name(code));
            return Err(ProbeError::Call { call: "describe topics", message });
        }
        let mut partitions = 0;
        sys::rd_kafka_TopicDescription_partitions(topic, &mut partitions);
        let id = sys::rd_kafka_Uuid_base64str(sys::rd_kafka_TopicDescription_topic_id(topic));
        let id = if id.is_null() { String::new() } else { CStr::from_ptr(id).to_string_lossy().into_owned() };
        let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
        Ok(TopicFacts { name: topic_name, id, partitions, ..TopicFacts::default() })
    }
}

/// Topics and what their configuration says, where we may read it.
pub(super) fn configurations(
    client: &Client,
    queue: &Queue,
    names: &[&str],
    timeout: Duration,
) -> Result<Vec<(String, TopicSettings)>, ProbeError> {
    const CALL: &str = "describe topic configurations";
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let c_names = c_names(CALL, names)?;
    let options = Options::new(client, Op::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout);
    // SAFETY: all objects are alive for the call, which copies what it needs.
    unsafe {
        let mut resources: Vec<_> = c_names
            .iter()
            .map(|name| {
                sys::rd_kafka_ConfigResource_new(sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC, name.as_ptr())
            })
            .collect();
        sys::rd_kafka_DescribeConfigs(
            client.as_ptr(),
            resources.as_mut_ptr(),
            resources.len(),
            options.0,
            queue.as_ptr(),
        );
        sys::rd_kafka_ConfigResource_destroy_array(resources.as_mut_ptr(), resources.len());
    }
    let event = answer(CALL, queue, sys::RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT, timeout)?;
    // SAFETY: the event is of this kind; everything read below belongs to it.
    unsafe {
        let result = sys::rd_kafka_event_DescribeConfigs_result(event.as_ptr());
        let mut count = 0;
        let resources = sys::rd_kafka_DescribeConfigs_result_resources(result, &mut count);
        Ok((0..count).map(|at| topic_settings(*resources.add(at))).collect())
    }
}

/// # Safety
/// `resource` belongs to a result that is alive.
unsafe fn topic_settings(resource: *const sys::rd_kafka_ConfigResource_t) -> (String, TopicSettings) {
    // SAFETY: the caller's promise; strings end in NUL, values may be null.
    unsafe {
        let topic = CStr::from_ptr(sys::rd_kafka_ConfigResource_name(resource)).to_string_lossy().into_owned();
        let mut count = 0;
        let entries = sys::rd_kafka_ConfigResource_configs(resource, &mut count);
        let mut settings = TopicSettings::default();
        for at in 0..count {
            let entry = *entries.add(at);
            let value = sys::rd_kafka_ConfigEntry_value(entry);
            let Some(value) = (!value.is_null()).then(|| CStr::from_ptr(value)).and_then(|value| value.to_str().ok())
            else {
                continue;
            };
            match CStr::from_ptr(sys::rd_kafka_ConfigEntry_name(entry)).to_bytes() {
                b"max.message.bytes" => settings.bytes_max = value.parse().ok(),
                b"cleanup.policy" => settings.cleanup_policy = Some(value.to_owned()),
                b"delete.retention.ms" => settings.delete_retention_ms = value.parse().ok(),
                _ => {}
            }
        }
        (topic, settings)
    }
}

/// Creates a topic; one that is there already is no error.
pub(super) fn create_topic(
    client: &Client,
    queue: &Queue,
    topic: &NewTopic<'_>,
    timeout: Duration,
) -> Result<(), ProbeError> {
    const CALL: &str = "create topic";
    let denied = |message: String| ProbeError::Denied { call: CALL, message };
    let failed = |message: String| ProbeError::Call { call: CALL, message };
    let c_name = c_string(topic.name).map_err(|error| failed(error.to_string()))?;
    let options = Options::new(client, Op::RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout);
    let mut words = [0 as c_char; 512];
    // SAFETY: all objects are alive for the call, which copies what it needs; the new topic is ours to destroy.
    unsafe {
        let replicas = topic.replication_factor.map_or(-1, i32::from);
        let new =
            sys::rd_kafka_NewTopic_new(c_name.as_ptr(), topic.partitions, replicas, words.as_mut_ptr(), words.len());
        if new.is_null() {
            return Err(failed(CStr::from_ptr(words.as_ptr()).to_string_lossy().into_owned()));
        }
        for (key, value) in topic.settings {
            if let (Ok(key), Ok(value)) = (c_string(key), c_string(value)) {
                sys::rd_kafka_NewTopic_set_config(new, key.as_ptr(), value.as_ptr());
            }
        }
        let mut topics = [new];
        sys::rd_kafka_CreateTopics(client.as_ptr(), topics.as_mut_ptr(), topics.len(), options.0, queue.as_ptr());
        sys::rd_kafka_NewTopic_destroy(new);
    }
    let event = answer(CALL, queue, sys::RD_KAFKA_EVENT_CREATETOPICS_RESULT, timeout)?;
    // SAFETY: the event is of this kind; everything read below belongs to it.
    unsafe {
        let result = sys::rd_kafka_event_CreateTopics_result(event.as_ptr());
        let mut count = 0;
        let results = sys::rd_kafka_CreateTopics_result_topics(result, &mut count);
        for at in 0..count {
            let result = *results.add(at);
            let words = sys::rd_kafka_topic_result_error_string(result);
            let words = if words.is_null() { c"" } else { CStr::from_ptr(words) };
            match sys::rd_kafka_topic_result_error(result) {
                Code::RD_KAFKA_RESP_ERR_NO_ERROR | Code::RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS => {}
                Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
                | Code::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED => {
                    return Err(denied(format!("topic {}", topic.name)));
                }
                code => {
                    let message = format!("topic {}: {} {}", topic.name, name(code), words.to_string_lossy());
                    return Err(failed(message));
                }
            }
        }
    }
    Ok(())
}

/// Waits for the answer of `kind`; other events on the queue (errors) are served by taking them.
pub(super) fn answer(call: &'static str, queue: &Queue, kind: i32, timeout: Duration) -> Result<Event, ProbeError> {
    let deadline = Instant::now() + timeout + ANSWER_GRACE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ProbeError::Call { call, message: "no answer in time".to_owned() });
        }
        if let Some(event) = queue.poll(left)
            && event.kind() == kind
        {
            if event.code() == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
                return Ok(event);
            }
            return Err(ProbeError::Call { call, message: event.message() });
        }
    }
}

/// librdkafka reports its own timeout as an answer; ours comes after it.
const ANSWER_GRACE: Duration = Duration::from_secs(1);

pub(super) struct Options(*mut sys::rd_kafka_AdminOptions_t);

impl Options {
    pub(super) fn as_ptr(&self) -> *const sys::rd_kafka_AdminOptions_t {
        self.0
    }

    pub(super) fn new(client: &Client, op: Op, timeout: Duration) -> Options {
        let mut words = [0 as c_char; 128];
        // SAFETY: the handle is alive, the buffer is ours. A refused timeout leaves the default of 60 s.
        unsafe {
            let options = sys::rd_kafka_AdminOptions_new(client.as_ptr(), op);
            sys::rd_kafka_AdminOptions_set_request_timeout(options, millis(timeout), words.as_mut_ptr(), words.len());
            Options(options)
        }
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: ours, and the last use.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.0) }
    }
}

pub(super) fn c_names(call: &'static str, names: &[&str]) -> Result<Vec<CString>, ProbeError> {
    names
        .iter()
        .map(|name| c_string(name).map_err(|error| ProbeError::Call { call, message: error.to_string() }))
        .collect()
}
