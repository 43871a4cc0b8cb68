//! Records with everything that Kafka lets them have, by the C API: the safe wrapper takes header names for text.

use std::ffi::{CStr, c_void};
use std::ptr::{null, null_mut};
use std::time::Instant;

use rdkafka::consumer::Consumer as _;
use rdkafka::producer::Producer as _;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use rdkafka_sys::rd_kafka_vtype_t as Kind;

use crate::client::{Isolation, Producer, WITHIN, consumer_at};

/// What a record carries besides its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    /// Milliseconds since 1970; -1 is none.
    pub timestamp: i64,
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// Hands the record to the library; `drain` tells whether it was written.
///
/// # Panics
/// The library does not take it.
#[track_caller]
pub fn queue_raw(producer: &Producer, topic: &str, partition: i32, raw: &Raw) {
    let topic = std::ffi::CString::new(topic).expect("a topic has no NUL");
    // SAFETY: every pointer lives for the call; the library copies key and value, and owns the headers on success. On
    // failure the test ends, and the list with it.
    unsafe {
        let headers = sys::rd_kafka_headers_new(raw.headers.len());
        for (name, value) in &raw.headers {
            let value_at = value.as_ref().map_or(null(), |value| value.as_ptr().cast::<c_void>());
            let value_size = value.as_ref().map_or(0, Vec::len) as isize;
            sys::rd_kafka_header_add(headers, name.as_ptr().cast(), name.len() as isize, value_at, value_size);
        }
        let words = [
            word(Kind::RD_KAFKA_VTYPE_TOPIC, |u| u.cstr = topic.as_ptr()),
            word(Kind::RD_KAFKA_VTYPE_PARTITION, |u| u.i32_ = partition),
            word(Kind::RD_KAFKA_VTYPE_MSGFLAGS, |u| u.i = sys::RD_KAFKA_MSG_F_COPY),
            memory(Kind::RD_KAFKA_VTYPE_KEY, raw.key.as_deref()),
            memory(Kind::RD_KAFKA_VTYPE_VALUE, raw.value.as_deref()),
            word(Kind::RD_KAFKA_VTYPE_TIMESTAMP, |u| u.i64_ = raw.timestamp),
            word(Kind::RD_KAFKA_VTYPE_HEADERS, |u| u.headers = headers),
        ];
        let error = sys::rd_kafka_produceva(producer.client().native_ptr(), words.as_ptr(), words.len());
        assert!(error.is_null(), "the library refused a record: {:?}", sys::rd_kafka_error_code(error));
    }
}

/// All committed records of partition 0 up to its end, with their offsets.
///
/// # Panics
/// The end does not come within [`WITHIN`].
#[track_caller]
pub fn read_raw(bootstrap: &str, topic: &str) -> Vec<(i64, Raw)> {
    let consumer = consumer_at(bootstrap, topic, 1, Isolation::ReadCommitted);
    let (mut records, deadline) = (vec![], Instant::now() + WITHIN);
    loop {
        assert!(Instant::now() < deadline, "the end of `{topic}` did not come within {WITHIN:?}");
        // SAFETY: the client outlives the message, which is read before it is destroyed, once.
        unsafe {
            let message = sys::rd_kafka_consumer_poll(consumer.client().native_ptr(), 100);
            let Some(borrowed) = message.as_ref() else { continue };
            let (code, offset) = (borrowed.err, borrowed.offset);
            if code == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
                records.push((offset, read(message)));
            }
            sys::rd_kafka_message_destroy(message);
            match code {
                Code::RD_KAFKA_RESP_ERR_NO_ERROR => {}
                Code::RD_KAFKA_RESP_ERR__PARTITION_EOF => return records,
                code => panic!("failed to read `{topic}`: {code:?}"),
            }
        }
    }
}

/// # Safety
/// `message` is alive and without error.
unsafe fn read(message: *mut sys::rd_kafka_message_t) -> Raw {
    // SAFETY: the caller's promise; what is read belongs to the message and is copied.
    unsafe {
        let borrowed = &*message;
        let mut raw = Raw {
            key: bytes(borrowed.key, borrowed.key_len),
            value: bytes(borrowed.payload, borrowed.len),
            timestamp: sys::rd_kafka_message_timestamp(message, null_mut()),
            headers: vec![],
        };
        let mut headers = null_mut();
        if sys::rd_kafka_message_headers(message, &raw mut headers) == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
            let (mut name, mut value, mut size) = (null(), null(), 0);
            while sys::rd_kafka_header_get_all(headers, raw.headers.len(), &raw mut name, &raw mut value, &raw mut size)
                == Code::RD_KAFKA_RESP_ERR_NO_ERROR
            {
                raw.headers.push((CStr::from_ptr(name).to_bytes().to_vec(), bytes(value, size)));
            }
        }
        raw
    }
}

/// # Safety
/// `at` is null or points to `size` bytes.
unsafe fn bytes(at: *const c_void, size: usize) -> Option<Vec<u8>> {
    // SAFETY: the caller's promise.
    (!at.is_null()).then(|| unsafe { std::slice::from_raw_parts(at.cast::<u8>(), size) }.to_vec())
}

type Value = sys::rd_kafka_vu_s__bindgen_ty_1;

fn word(kind: Kind, set: impl FnOnce(&mut Value)) -> sys::rd_kafka_vu_t {
    let mut word = sys::rd_kafka_vu_t { vtype: kind, u: Value { _pad: [0; 64] } };
    set(&mut word.u);
    word
}

fn memory(kind: Kind, bytes: Option<&[u8]>) -> sys::rd_kafka_vu_t {
    word(kind, |u| {
        u.mem = sys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
            ptr: bytes.map_or(null_mut(), |bytes| bytes.as_ptr().cast_mut().cast()),
            size: bytes.map_or(0, <[u8]>::len),
        };
    })
}
