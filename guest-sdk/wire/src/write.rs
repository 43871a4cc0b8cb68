//! The guest's side of a reply: answers appended in the order of the records.
//!
//! Also the way of an answer in plain types (world `plugin-typed`) into the one form that the host checks.

use crate::answer::{Change, Emission, HeaderList, Part, Span};
use crate::layout::{LENGTH_MAX, MESSAGE_BYTES_MAX, NULL, action, flag, split};

/// A reply under way. Nothing is checked here: that is the [`crate::Decoder`]'s work, on the side that must not trust.
#[derive(Debug, Default)]
pub struct Writer {
    reply: ReplyBuffers,
    /// More than 32 bits can say; see [`Writer::finish`].
    too_large: bool,
}

/// The three lists of the contract's `reply`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ReplyBuffers {
    pub actions: Vec<u8>,
    pub args: Vec<u32>,
    pub data: Vec<u8>,
}

/// Where the data ended at some moment.
#[derive(Debug, Clone, Copy)]
pub struct Mark(usize);

impl Writer {
    pub const fn new() -> Writer {
        let reply = ReplyBuffers { actions: Vec::new(), args: Vec::new(), data: Vec::new() };
        Writer { reply, too_large: false }
    }

    /// With room for the last reply's sizes: growing step by step copies every emitted byte once more.
    pub fn with_capacity(records: usize, args: usize, data: usize) -> Writer {
        let reply = ReplyBuffers {
            actions: Vec::with_capacity(records),
            args: Vec::with_capacity(args),
            data: Vec::with_capacity(data),
        };
        Writer { reply, too_large: false }
    }

    /// Empties it for the next reply; the buffers stay.
    pub fn clear(&mut self) {
        self.reply.actions.clear();
        self.reply.args.clear();
        self.reply.data.clear();
        self.too_large = false;
    }

    /// What has been written. A reply of more than 4 GiB can't be expressed: it is one without actions, which no host
    /// accepts.
    pub fn reply(&mut self) -> &ReplyBuffers {
        if self.too_large {
            self.reply.actions.clear();
        }
        &self.reply
    }

    /// As [`Writer::reply`], by value.
    pub fn finish(mut self) -> ReplyBuffers {
        self.reply();
        self.reply
    }

    /// The bytes that were kept so far.
    pub fn data(&self) -> &[u8] {
        &self.reply.data
    }

    /// Remembers where the data ends, for [`Writer::rewind`].
    pub fn mark(&self) -> Mark {
        Mark(self.reply.data.len())
    }

    /// Takes back the bytes since the mark: those of a record that failed after it had begun to answer.
    pub fn rewind(&mut self, mark: Mark) {
        self.reply.data.truncate(mark.0);
    }

    /// Keeps bytes for an answer to come.
    pub fn append(&mut self, bytes: &[u8]) -> Span {
        self.append_with(|data| data.extend_from_slice(bytes))
    }

    /// Keeps what `write` appends, and only appends, to the data.
    pub fn append_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let before = self.reply.data.len();
        write(&mut self.reply.data);
        let len = self.reply.data.len().saturating_sub(before);
        Span { at: self.word(before), len: self.word(len) }
    }

    /// Keeps headers, one after the other.
    pub fn headers<'a>(&mut self, headers: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>) -> HeaderList {
        let (at, mut count) = (self.reply.data.len(), 0);
        for (name, value) in headers {
            count += 1;
            write_header(&mut self.reply.data, name, value);
        }
        if count == 0 { HeaderList::default() } else { HeaderList { at: self.word(at), count: self.word(count) } }
    }

    /// Keeps headers that were written with [`write_header`] into a buffer of their own.
    pub fn written_headers(&mut self, headers: &[u8], count: u32) -> HeaderList {
        if count == 0 { HeaderList::default() } else { HeaderList { at: self.append(headers).at, count } }
    }

    pub fn forward(&mut self, output: u16, changes: &[Change]) {
        self.action(action::FORWARD, changes);
        self.reply.args.push(output.into());
        self.changes(changes);
    }

    pub fn drop(&mut self, changes: &[Change]) {
        self.action(action::DROP, changes);
        self.changes(changes);
    }

    pub fn emit(&mut self, emissions: &[Emission], changes: &[Change]) {
        self.action(action::EMIT, changes);
        let count = self.word(emissions.len());
        self.reply.args.push(count);
        emissions.iter().for_each(|emission| self.emission(emission));
        self.changes(changes);
    }

    /// The message is cut at [`MESSAGE_BYTES_MAX`], between characters.
    pub fn reject(&mut self, code: &str, message: &str) {
        self.reply.actions.push(action::REJECT);
        self.failure(code, message);
    }

    /// As [`Writer::reject`]; `after_ms` 0 leaves the pause to the pipeline.
    pub fn retry(&mut self, after_ms: u32, code: &str, message: &str) {
        self.reply.actions.push(action::RETRY);
        self.reply.args.push(after_ms);
        self.failure(code, message);
    }

    fn action(&mut self, action: u8, changes: &[Change]) {
        self.reply.actions.push(if changes.is_empty() { action } else { action | action::CHANGES });
    }

    fn emission(&mut self, emission: &Emission) {
        let (key_flag, key) = part(emission.key, flag::INHERIT_KEY);
        let (value_flag, value) = part(emission.value, flag::INHERIT_VALUE);
        let mut flags = key_flag | value_flag;
        flags |= if emission.inherit_headers { flag::INHERIT_HEADERS } else { 0 };
        flags |= if emission.timestamp.is_some() { flag::TIMESTAMP } else { 0 };
        flags |= if emission.partition.is_some() { flag::PARTITION } else { 0 };
        let HeaderList { at, count } = emission.headers;
        let words = [emission.output.into(), flags, key[0], key[1], value[0], value[1], at, count];
        self.reply.args.extend_from_slice(&words);
        if let Some(timestamp) = emission.timestamp {
            self.reply.args.extend_from_slice(&split(timestamp));
        }
        if let Some(partition) = emission.partition {
            // A negative one is 2^31 and more here, and refused there.
            self.reply.args.push(partition as u32);
        }
    }

    fn changes(&mut self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let count = self.word(changes.len());
        self.reply.args.push(count);
        for change in changes {
            let value = change.value.map_or([0, NULL], |value| [value.at, value.len]);
            let words = [change.store.into(), change.key.at, change.key.len, value[0], value[1]];
            self.reply.args.extend_from_slice(&words);
        }
    }

    fn failure(&mut self, code: &str, message: &str) {
        let code = self.append(code.as_bytes());
        let end = message.floor_char_boundary(MESSAGE_BYTES_MAX);
        let message = self.append(message.get(..end).unwrap_or_default().as_bytes());
        self.reply.args.extend_from_slice(&[code.at, code.len, message.at, message.len]);
    }

    fn word(&mut self, length: usize) -> u32 {
        match u32::try_from(length) {
            Ok(length) if length <= LENGTH_MAX => length,
            _ => {
                self.too_large = true;
                0
            }
        }
    }
}

/// The flag and the two words of a key or value.
fn part(part: Part, inherit: u32) -> (u32, [u32; 2]) {
    match part {
        Part::Inherit => (inherit, [0, 0]),
        Part::Null => (0, [0, NULL]),
        Part::Bytes(Span { at, len }) => (0, [at, len]),
    }
}

/// Appends one header to what may become a list of them.
pub fn write_header(data: &mut Vec<u8>, name: &str, value: Option<&[u8]>) {
    // A length that 32 bits can't say becomes one that no data has: the reply is refused.
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(LENGTH_MAX).min(LENGTH_MAX);
    data.extend_from_slice(&length(name.as_bytes()).to_le_bytes());
    data.extend_from_slice(&value.map_or(NULL, length).to_le_bytes());
    data.extend_from_slice(name.as_bytes());
    data.extend_from_slice(value.unwrap_or_default());
}
