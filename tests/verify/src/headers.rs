//! Headers of a consumed message as bytes. The safe wrapper panics on names that are not UTF-8; a verifier must not.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use rdkafka::bindings::{rd_kafka_header_get_all, rd_kafka_headers_t, rd_kafka_message_headers};
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;

use crate::record::Header;

/// All headers of `message`, in order.
pub(crate) fn all<'a>(message: &'a BorrowedMessage<'_>) -> Vec<Header<'a>> {
    let mut native: *mut rd_kafka_headers_t = ptr::null_mut();
    // SAFETY: the message is alive while it is borrowed, and `native` is a place to write one pointer to.
    let error = unsafe { rd_kafka_message_headers(message.ptr(), &mut native) };
    if error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || native.is_null() {
        return Vec::new();
    }
    (0..).map_while(|index| header(message, native, index)).collect()
}

/// The `index`th header; `native` must be the list of `message`, which ties the lifetime of the bytes to it.
fn header<'a>(
    _message: &'a BorrowedMessage<'_>,
    native: *const rd_kafka_headers_t,
    index: usize,
) -> Option<Header<'a>> {
    let mut name: *const c_char = ptr::null();
    let mut value: *const c_void = ptr::null();
    let mut length = 0;
    // SAFETY: `native` is a live header list (see `all`), and the three pointers are places to write to.
    let error = unsafe { rd_kafka_header_get_all(native, index, &mut name, &mut value, &mut length) };
    if error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || name.is_null() {
        return None;
    }
    // SAFETY: librdkafka ends each name with NUL and keeps it until the message is destroyed.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    // SAFETY: a value that is not null is `length` bytes that live as long as the message.
    let value = (!value.is_null()).then(|| unsafe { std::slice::from_raw_parts(value.cast::<u8>(), length) });
    Some(Header { name, value })
}
