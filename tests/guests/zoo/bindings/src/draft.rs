//! A reply in the making, right unless it is told otherwise.

use crate::exports::wasmill::plugin::batch::Reply;

/// Length of what is null.
pub const NULL: u32 = 0xffff_ffff;

/// Length of what the host did not send.
pub const UNREAD: u32 = 0xffff_fffe;

#[derive(Default)]
pub struct Draft {
    pub actions: Vec<u8>,
    pub args: Vec<u32>,
    pub data: Vec<u8>,
}

/// One message of an emission, word by word; the default copies the input record.
#[derive(Clone)]
pub struct Message {
    pub output: u32,
    pub flags: u32,
    pub key: [u32; 2],
    pub value: [u32; 2],
    pub headers: [u32; 2],
    /// What the flags 8 and 16 ask for.
    pub more: Vec<u32>,
}

impl Message {
    pub const KEY: u32 = 1;
    pub const VALUE: u32 = 2;
    pub const HEADERS: u32 = 4;
    pub const TIMESTAMP: u32 = 8;
    pub const PARTITION: u32 = 16;

    /// The input record again, with all its headers.
    pub fn inherited() -> Message {
        let flags = Message::KEY | Message::VALUE | Message::HEADERS;
        Message { output: 0, flags, key: [0; 2], value: [0; 2], headers: [0; 2], more: Vec::new() }
    }

    /// Key and headers of the input record, and the value at that place.
    pub fn of(value: [u32; 2]) -> Message {
        Message { flags: Message::KEY | Message::HEADERS, value, ..Message::inherited() }
    }
}

impl Draft {
    /// Keeps bytes: where they are, and how many.
    pub fn keep(&mut self, bytes: &[u8]) -> [u32; 2] {
        let at = self.data.len() as u32;
        self.data.extend_from_slice(bytes);
        [at, bytes.len() as u32]
    }

    pub fn forward(&mut self, output: u32) {
        self.actions.push(1);
        self.args.push(output);
    }

    pub fn skip(&mut self) {
        self.actions.push(2);
    }

    pub fn emit(&mut self, messages: &[Message]) {
        self.actions.push(3);
        self.args.push(messages.len() as u32);
        for message in messages {
            self.args.extend([message.output, message.flags]);
            self.args.extend([message.key, message.value, message.headers].as_flattened());
            self.args.extend(&message.more);
        }
    }

    pub fn reject(&mut self, code: &[u8], message: &[u8]) {
        self.actions.push(4);
        let (code, message) = (self.keep(code), self.keep(message));
        self.args.extend([code, message].as_flattened());
    }

    pub fn retry(&mut self, after_ms: u32, code: &[u8], message: &[u8]) {
        self.actions.push(5);
        let (code, message) = (self.keep(code), self.keep(message));
        self.args.push(after_ms);
        self.args.extend([code, message].as_flattened());
    }

    /// One header in the arena, with lengths that need not be true.
    pub fn header(&mut self, name: &[u8], name_len: u32, value: &[u8], value_len: u32) -> u32 {
        let [at, _] = self.keep(&name_len.to_le_bytes());
        self.keep(&value_len.to_le_bytes());
        self.keep(name);
        self.keep(value);
        at
    }

    pub fn finish(self) -> Reply {
        Reply { actions: self.actions, args: self.args, data: self.data }
    }
}
