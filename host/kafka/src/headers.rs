//! A header list of the C API on its way into a new record.

use crate::batch::Message;
use crate::error::name;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ptr::{null, null_mut};
use wasmill_record::WriteError;

/// Owns the list until a produce call takes it over.
pub(crate) struct Headers(*mut sys::rd_kafka_headers_t);

/// Kafka's name of the error with which headers could not be read.
#[derive(Debug)]
pub(crate) struct Unreadable(&'static str);

impl From<Unreadable> for WriteError {
    fn from(unreadable: Unreadable) -> WriteError {
        WriteError::Refused(format!("{}: the record's headers can't be read by the client", unreadable.0))
    }
}

impl Headers {
    /// Room for `count`; grows by itself.
    pub(crate) fn with_capacity(count: usize) -> Headers {
        // SAFETY: no preconditions; never null.
        Headers(unsafe { sys::rd_kafka_headers_new(count) })
    }

    /// Moves the message's headers out of it, without a copy. `None`: it has none. An error: there are headers that the
    /// client can't read (more than 100,000 of them), and forwarding without them would lose them.
    pub(crate) fn detach(message: &Message) -> Result<Option<Headers>, Unreadable> {
        let mut headers = null_mut();
        // SAFETY: the message is alive; on success the list is ours.
        match unsafe { sys::rd_kafka_message_detach_headers(message.as_ptr(), &mut headers) } {
            Code::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(Some(Headers(headers))),
            Code::RD_KAFKA_RESP_ERR__NOENT => Ok(None),
            code => Err(Unreadable(name(code))),
        }
    }

    /// Copies the message's headers. `None`: it has none. An error: as for [`Headers::detach`].
    pub(crate) fn copy(message: &Message) -> Result<Option<Headers>, Unreadable> {
        let mut headers = null_mut();
        // SAFETY: the message is alive and keeps the list, of which a copy is made.
        unsafe {
            match sys::rd_kafka_message_headers(message.as_ptr(), &mut headers) {
                Code::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(Some(Headers(sys::rd_kafka_headers_copy(headers)))),
                Code::RD_KAFKA_RESP_ERR__NOENT => Ok(None),
                code => Err(Unreadable(name(code))),
            }
        }
    }

    /// Adds a header at the end; others of the same name stay.
    pub(crate) fn append(&mut self, name: &[u8], value: Option<&[u8]>) {
        let length = |bytes: &[u8]| isize::try_from(bytes.len()).ok();
        let (Some(name_size), Some(value_size)) = (length(name), length(value.unwrap_or_default())) else { return };
        // A null value is told from an empty one by the pointer alone, and an empty slice's is not null.
        let value = value.map_or(null(), |value| value.as_ptr().cast());
        // SAFETY: the list is ours; name and value are copied by the call.
        unsafe { sys::rd_kafka_header_add(self.0, name.as_ptr().cast(), name_size, value, value_size) };
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::{CStr, c_void};

    /// Name and value of each header, in order.
    fn all(headers: &Headers) -> Vec<(String, Option<Vec<u8>>)> {
        let mut found = Vec::new();
        loop {
            let (mut name, mut value, mut size) = (null(), null::<c_void>(), 0);
            // SAFETY: the list is alive, and what is pointed at lives in it.
            unsafe {
                let code = sys::rd_kafka_header_get_all(headers.0, found.len(), &mut name, &mut value, &mut size);
                if code != Code::RD_KAFKA_RESP_ERR_NO_ERROR {
                    return found;
                }
                let name = CStr::from_ptr(name).to_string_lossy().into_owned();
                let bytes = |value: *const c_void| std::slice::from_raw_parts(value.cast::<u8>(), size).to_vec();
                found.push((name, (!value.is_null()).then(|| bytes(value))));
            }
        }
    }

    #[test]
    fn appended_headers_keep_order_duplicates_and_nulls() {
        let mut headers = Headers::with_capacity(1);
        let given: [(&str, Option<&[u8]>); 4] = [("a", Some(b"1")), ("a", None), ("b", Some(b"")), ("a", Some(b"2"))];
        for (name, value) in given {
            headers.append(name.as_bytes(), value);
        }
        let expected: Vec<_> =
            given.iter().map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec))).collect();
        assert_eq!(all(&headers), expected);
        headers.replace("a", b"3");
        assert_eq!(all(&headers), [("b".to_owned(), Some(Vec::new())), ("a".to_owned(), Some(b"3".to_vec()))]);
    }
}
