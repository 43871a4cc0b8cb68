//! A header list of the C API on its way into a new record.

use crate::batch::Message;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ptr::null_mut;

/// Owns the list until a produce call takes it over.
pub(crate) struct Headers(*mut sys::rd_kafka_headers_t);

impl Headers {
    /// Room for `count`; grows by itself.
    pub(crate) fn with_capacity(count: usize) -> Headers {
        // SAFETY: no preconditions; never null.
        Headers(unsafe { sys::rd_kafka_headers_new(count) })
    }

    /// Moves the message's headers out of it, without a copy. `None`: it has none.
    pub(crate) fn detach(message: &Message) -> Option<Headers> {
        let mut headers = null_mut();
        // SAFETY: the message is alive; on success the list is ours.
        let code = unsafe { sys::rd_kafka_message_detach_headers(message.as_ptr(), &mut headers) };
        (code == Code::RD_KAFKA_RESP_ERR_NO_ERROR).then(|| Headers(headers))
    }

    /// Copies the message's headers. `None`: it has none.
    pub(crate) fn copy(message: &Message) -> Option<Headers> {
        let mut headers = null_mut();
        // SAFETY: the message is alive and keeps the list, of which a copy is made.
        unsafe {
            let code = sys::rd_kafka_message_headers(message.as_ptr(), &mut headers);
            (code == Code::RD_KAFKA_RESP_ERR_NO_ERROR).then(|| Headers(sys::rd_kafka_headers_copy(headers)))
        }
    }

    /// Replaces all headers of this name by one at the end.
    pub(crate) fn replace(&mut self, name: &str, value: &[u8]) {
        let (Ok(name_size), Ok(value_size)) = (isize::try_from(name.len()), isize::try_from(value.len())) else {
            return;
        };
        // Removing takes a NUL-terminated name; ours are short constants, so the copy is a dead letter's, not a record's.
        if let Ok(c_name) = crate::conf::c_string(name) {
            // SAFETY: the list is ours; name and value are copied by the calls.
            unsafe {
                sys::rd_kafka_header_remove(self.0, c_name.as_ptr());
                sys::rd_kafka_header_add(self.0, name.as_ptr().cast(), name_size, value.as_ptr().cast(), value_size);
            }
        }
    }

    /// For a produce call, which owns the list unless it fails.
    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_headers_t {
        self.0
    }

    /// The produce call took the list.
    pub(crate) fn taken(self) {
        std::mem::forget(self);
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        // SAFETY: still ours.
        unsafe { sys::rd_kafka_headers_destroy(self.0) }
    }
}
