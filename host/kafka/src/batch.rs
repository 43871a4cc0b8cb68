//! A batch of records where librdkafka keeps them: borrowed, never copied, never detached.

use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ffi::CStr;
use std::ptr::null_mut;
use wasmill_record::{Batch, EachHeader, InputPartition, Offset, Record};

/// Messages of one partition. Every pointer is alive, without error, and ours to destroy.
#[derive(Default)]
pub struct KafkaBatch {
    partition: Option<InputPartition>,
    messages: Vec<Message>,
}

/// One message of the C API that we own.
pub(crate) struct Message(*mut sys::rd_kafka_message_t);

// SAFETY: a message may be read and destroyed on any thread; it is never shared between two.
unsafe impl Send for Message {}

impl Message {
    /// # Safety
    /// `message` came from a consume call and nobody else destroys it.
    pub(crate) unsafe fn new(message: *mut sys::rd_kafka_message_t) -> Message {
        Message(message)
    }

    pub(crate) fn get(&self) -> &sys::rd_kafka_message_t {
        // SAFETY: alive until our drop, and nobody writes to it meanwhile.
        unsafe { &*self.0 }
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_message_t {
        self.0
    }

    pub(crate) fn key(&self) -> Option<&[u8]> {
        // SAFETY: librdkafka states pointer and length of a buffer that lives as long as the message.
        unsafe { slice(self.get().key.cast(), self.get().key_len) }
    }

    pub(crate) fn value(&self) -> Option<&[u8]> {
        // SAFETY: as above.
        unsafe { slice(self.get().payload.cast(), self.get().len) }
    }

    pub(crate) fn timestamp(&self) -> Option<i64> {
        // SAFETY: the message is alive; no type is asked for.
        let timestamp = unsafe { sys::rd_kafka_message_timestamp(self.0, null_mut()) };
        (timestamp >= 0).then_some(timestamp)
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: ours, and the last use.
        unsafe { sys::rd_kafka_message_destroy(self.0) }
    }
}

/// # Safety
/// `at` is null or points to `len` bytes that outlive `'a`.
unsafe fn slice<'a>(at: *const u8, len: usize) -> Option<&'a [u8]> {
    if at.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { std::slice::from_raw_parts(at, len) })
}

impl KafkaBatch {
    pub(crate) fn start(&mut self, partition: InputPartition) {
        self.messages.clear();
        self.partition = Some(partition);
    }

    pub(crate) fn push(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// `at` < `len()`: a worker only counts up to it.
    pub(crate) fn message(&self, at: usize) -> &Message {
        &self.messages[at]
    }
}

impl Batch for KafkaBatch {
    fn partition(&self) -> InputPartition {
        self.partition.unwrap_or(InputPartition::new(0, 0))
    }

    fn len(&self) -> usize {
        self.messages.len()
    }

    fn record(&self, at: usize) -> Record<'_> {
        let message = self.message(at);
        Record {
            offset: Offset(message.get().offset),
            timestamp: message.timestamp(),
            key: message.key(),
            value: message.value(),
        }
    }

    fn headers(&self, at: usize, each: &mut EachHeader<'_>) {
        let mut headers = null_mut();
        // SAFETY: the message is alive; it keeps owning the headers that it lends.
        let code = unsafe { sys::rd_kafka_message_headers(self.message(at).as_ptr(), &mut headers) };
        if code != Code::RD_KAFKA_RESP_ERR_NO_ERROR {
            return;
        }
        let mut index = 0;
        loop {
            let (mut name, mut value, mut size) = (std::ptr::null(), std::ptr::null(), 0);
            // SAFETY: the headers live as long as the message; the three out pointers are ours.
            let code = unsafe { sys::rd_kafka_header_get_all(headers, index, &mut name, &mut value, &mut size) };
            if code != Code::RD_KAFKA_RESP_ERR_NO_ERROR {
                return;
            }
            // SAFETY: the name ends in NUL, the value has the stated size; both live as long as the message.
            unsafe { each(CStr::from_ptr(name).to_bytes(), slice(value.cast(), size)) };
            index += 1;
        }
    }

    fn clear(&mut self) {
        self.messages.clear();
    }
}
