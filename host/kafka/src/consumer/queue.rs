//! Queues and events of the C API.

use crate::client::Client;
use crate::error::KafkaError;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ffi::CStr;
use std::time::Duration;

/// A queue that we hold a reference to. Must be dropped before its client.
pub(crate) struct Queue(*mut sys::rd_kafka_queue_t);

// SAFETY: queues are locked inside librdkafka.
unsafe impl Send for Queue {}
// SAFETY: as above.
unsafe impl Sync for Queue {}

impl Queue {
    /// An empty one, to forward partitions to.
    pub(crate) fn new(client: &Client) -> Queue {
        // SAFETY: the handle is alive; never null.
        Queue(unsafe { sys::rd_kafka_queue_new(client.as_ptr()) })
    }

    /// The consumer's own: rebalances and errors arrive here.
    pub(crate) fn main(client: &Client) -> Result<Queue, KafkaError> {
        // SAFETY: the handle is alive and a consumer; the main queue moves into the consumer queue.
        let queue = unsafe {
            sys::rd_kafka_poll_set_consumer(client.as_ptr());
            sys::rd_kafka_queue_get_consumer(client.as_ptr())
        };
        if queue.is_null() {
            return Err(KafkaError::Create("the consumer has no queue: is `group.id` set?".to_owned()));
        }
        Ok(Queue(queue))
    }

    /// The queue of a client that is not a consumer: errors, delivery reports, answers.
    pub(crate) fn of_client(client: &Client) -> Queue {
        // SAFETY: the handle is alive; never null.
        Queue(unsafe { sys::rd_kafka_queue_get_main(client.as_ptr()) })
    }

    /// The queue of one partition; looking it up creates the partition's object, so that it can be paused.
    pub(crate) fn of_partition(client: &Client, topic: &CStr, partition: i32) -> Option<Queue> {
        // SAFETY: the handle is alive, the name ends in NUL.
        let queue = unsafe { sys::rd_kafka_queue_get_partition(client.as_ptr(), topic.as_ptr(), partition) };
        (!queue.is_null()).then(|| Queue(queue))
    }

    /// What arrives here goes to `to` from now on.
    pub(crate) fn forward(&self, to: &Queue) {
        // SAFETY: both are alive; librdkafka keeps its own reference to `to`.
        unsafe { sys::rd_kafka_queue_forward(self.0, to.0) }
    }

    /// Ends a wait on this queue, or the next one.
    pub(crate) fn wake(&self) {
        // SAFETY: alive.
        unsafe { sys::rd_kafka_queue_yield(self.0) }
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_queue_t {
        self.0
    }

    pub(crate) fn poll(&self, timeout: Duration) -> Option<Event> {
        // SAFETY: alive; the event is ours.
        let event = unsafe { sys::rd_kafka_queue_poll(self.0, millis(timeout)) };
        (!event.is_null()).then(|| Event(event))
    }

    /// Takes up to `into.len()` messages; how many. A positive timeout waits until *all* have come, so ask for one then.
    pub(crate) fn consume(&self, into: &mut [*mut sys::rd_kafka_message_t], timeout: Duration) -> usize {
        // SAFETY: alive; librdkafka writes at most `len` pointers that are ours to destroy.
        let taken =
            unsafe { sys::rd_kafka_consume_batch_queue(self.0, millis(timeout), into.as_mut_ptr(), into.len()) };
        usize::try_from(taken).unwrap_or(0)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: our reference, and its last use.
        unsafe { sys::rd_kafka_queue_destroy(self.0) }
    }
}

/// librdkafka counts in whole milliseconds; a wait that is not zero stays one.
pub(crate) fn millis(timeout: Duration) -> i32 {
    let whole = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    if whole == 0 && !timeout.is_zero() { 1 } else { whole }
}

/// An event that we own.
pub(crate) struct Event(*mut sys::rd_kafka_event_t);

impl Event {
    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_event_t {
        self.0
    }

    pub(crate) fn kind(&self) -> i32 {
        // SAFETY: alive until our drop; so for all methods below.
        unsafe { sys::rd_kafka_event_type(self.0) }
    }

    pub(crate) fn code(&self) -> Code {
        // SAFETY: see `kind`.
        unsafe { sys::rd_kafka_event_error(self.0) }
    }

    pub(crate) fn message(&self) -> String {
        // SAFETY: see `kind`; the string ends in NUL and lives as long as the event.
        unsafe { CStr::from_ptr(sys::rd_kafka_event_error_string(self.0)) }.to_string_lossy().into_owned()
    }

    pub(crate) fn is_fatal(&self) -> bool {
        // SAFETY: see `kind`.
        unsafe { sys::rd_kafka_event_error_is_fatal(self.0) != 0 }
    }

    /// Topic and partition number of each partition of a rebalance event.
    pub(crate) fn partitions(&self) -> Vec<(String, i32)> {
        // SAFETY: see `kind`; list, elements and names belong to the event.
        unsafe {
            let Some(list) = sys::rd_kafka_event_topic_partition_list(self.0).as_ref() else { return Vec::new() };
            let count = usize::try_from(list.cnt).unwrap_or(0);
            let elements = (0..count).map(|at| &*list.elems.add(at));
            elements.map(|e| (CStr::from_ptr(e.topic).to_string_lossy().into_owned(), e.partition)).collect()
        }
    }

    /// Calls `each` with error code, topic and opaque of every message of a delivery report.
    pub(crate) fn reports(&self, mut each: impl FnMut(Code, &CStr, u64)) {
        loop {
            // SAFETY: see `kind`; messages and their topic live as long as the event.
            unsafe {
                let Some(message) = sys::rd_kafka_event_message_next(self.0).as_ref() else { return };
                let topic =
                    if message.rkt.is_null() { c"" } else { CStr::from_ptr(sys::rd_kafka_topic_name(message.rkt)) };
                each(message.err, topic, message._private as u64);
            }
        }
    }

    /// Topic, partition and offset of a fetch event's message.
    pub(crate) fn first_message(&self) -> Option<(String, i32, i64)> {
        // SAFETY: see `kind`; the message belongs to the event.
        unsafe {
            let message = sys::rd_kafka_event_message_next(self.0);
            let message = message.as_ref()?;
            if message.rkt.is_null() {
                return None;
            }
            let topic = CStr::from_ptr(sys::rd_kafka_topic_name(message.rkt)).to_string_lossy().into_owned();
            Some((topic, message.partition, message.offset))
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: ours, and the last use.
        unsafe { sys::rd_kafka_event_destroy(self.0) }
    }
}
