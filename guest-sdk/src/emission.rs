//! A message under way.

use crate::Failure;
use crate::failure::INVALID_OUTPUT;
use crate::run;
use serde::Serialize;
use wasmill_wire::{HeaderList, Part, write_header};

/// One message out; [`crate::Outputs::emit`] begins it. What is not set is the input record's: key, value, headers and
/// timestamp; the partition is chosen by the output's partitioner.
///
/// Bytes go straight into the reply, so an emission is good for the record it was begun for and no other.
#[derive(Debug, Clone)]
#[must_use = "a message that is not part of the outcome is not sent"]
pub struct Emission {
    wire: wasmill_wire::Emission,
    /// Own headers, as the reply will hold them: they must lie together, whatever is written between them.
    headers: Vec<u8>,
    header_count: u32,
}

impl Emission {
    pub(crate) fn to(output: u16) -> Emission {
        let wire = wasmill_wire::Emission {
            output,
            key: Part::Inherit,
            value: Part::Inherit,
            inherit_headers: true,
            headers: HeaderList::default(),
            timestamp: None,
            partition: None,
        };
        Emission { wire, headers: Vec::new(), header_count: 0 }
    }

    /// Sets the key.
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Emission {
        self.wire.key = run::append(key.as_ref());
        self
    }

    /// Sends it without a key.
    pub fn null_key(mut self) -> Emission {
        self.wire.key = Part::Null;
        self
    }

    /// Sets the value.
    pub fn value(mut self, value: impl AsRef<[u8]>) -> Emission {
        self.wire.value = run::append(value.as_ref());
        self
    }

    /// Sets the value to the JSON of something.
    ///
    /// # Errors
    /// Rejects the record with `invalid-output` when it can't be JSON: a map whose keys are not text, for example.
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Result<Emission, Failure> {
        let mut written = Ok(());
        self.wire.value = run::append_with(|data| written = serde_json::to_writer(data, value));
        match written {
            Ok(()) => Ok(self),
            Err(error) => Err(Failure::own(INVALID_OUTPUT, error.to_string())),
        }
    }

    /// Sets the value to null: deletes the key in a compacted topic.
    pub fn tombstone(mut self) -> Emission {
        self.wire.value = Part::Null;
        self
    }

    /// Appends a header, after the record's unless [`Emission::without_headers`] leaves those out.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Emission {
        self.push_header(name, Some(value.as_ref()));
        self
    }

    /// Appends a header whose value is null.
    pub fn null_header(mut self, name: &str) -> Emission {
        self.push_header(name, None);
        self
    }

    /// Leaves out the headers of the record.
    pub fn without_headers(mut self) -> Emission {
        self.wire.inherit_headers = false;
        self
    }

    /// Sets the timestamp: milliseconds since the Unix epoch, 0 or more.
    ///
    /// # Panics
    /// When it is negative: the host would take that for a broken plugin.
    pub fn timestamp(mut self, timestamp: i64) -> Emission {
        assert!(timestamp >= 0, "a timestamp of {timestamp} can't be written to Kafka");
        self.wire.timestamp = Some(timestamp);
        self
    }

    /// Sets the partition, 0 or more. One that the topic does not have fails the record: the broker refuses it.
    ///
    /// # Panics
    /// When it is negative.
    pub fn partition(mut self, partition: i32) -> Emission {
        assert!(partition >= 0, "there is no partition {partition}");
        self.wire.partition = Some(partition);
        self
    }

    fn push_header(&mut self, name: &str, value: Option<&[u8]>) {
        write_header(&mut self.headers, name, value);
        self.header_count += 1;
    }

    /// As the reply has it; own headers are kept now.
    pub(crate) fn finish(self, writer: &mut wasmill_wire::Writer) -> wasmill_wire::Emission {
        wasmill_wire::Emission { headers: writer.written_headers(&self.headers, self.header_count), ..self.wire }
    }
}
