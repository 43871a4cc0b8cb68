//! A record for a test.

use serde::Serialize;
use wasmill_wire::{Input, Packed, Reads};

/// A record to send through a [`crate::Harness`]: without key, value, headers and timestamp until they are set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(super) timestamp: Option<i64>,
}

impl Sample {
    /// A tombstone without a key.
    pub fn new() -> Sample {
        Sample::default()
    }

    /// Sets the key.
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Sample {
        self.key = Some(key.as_ref().to_vec());
        self
    }

    /// Sets the value.
    pub fn value(mut self, value: impl AsRef<[u8]>) -> Sample {
        self.value = Some(value.as_ref().to_vec());
        self
    }

    /// Sets the value to the JSON of something.
    ///
    /// # Panics
    /// When it can't be JSON.
    #[track_caller]
    pub fn json(mut self, value: impl Serialize) -> Sample {
        match serde_json::to_vec(&value) {
            Ok(json) => self.value = Some(json),
            Err(error) => panic!("the value can't be JSON: {error}"),
        }
        self
    }

    /// Appends a header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Sample {
        self.headers.push((name.into(), Some(value.as_ref().to_vec())));
        self
    }

    /// Appends a header whose value is null.
    pub fn null_header(mut self, name: &str) -> Sample {
        self.headers.push((name.into(), None));
        self
    }

    /// Sets the timestamp, milliseconds since the Unix epoch.
    pub fn timestamp(mut self, timestamp: i64) -> Sample {
        self.timestamp = Some(timestamp);
        self
    }

    pub(super) fn pack(&self, offset: i64, reads: Reads, packed: &mut Packed) {
        let input = Input { offset, timestamp: self.timestamp, key: self.key.as_deref(), value: self.value.as_deref() };
        let pushed = packed.push(reads, input, |each| {
            self.headers.iter().for_each(|(name, value)| each(name.as_bytes(), value.as_deref()));
        });
        assert!(pushed.is_ok(), "a batch for a test is smaller than 4 GiB");
    }
}
