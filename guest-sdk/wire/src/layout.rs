//! The constants of the contract, and which parts of a record cross.

/// A length that says null; not the same as an empty part.
pub(crate) const NULL: u32 = u32::MAX;

/// A length, or a count of headers, that says: there, but not sent.
pub(crate) const UNREAD: u32 = u32::MAX - 1;

/// The largest length and position that is only a number.
pub(crate) const LENGTH_MAX: u32 = UNREAD - 1;

/// Words of `index` per record.
pub const RECORD_WORDS: usize = 10;

/// Where a record's numbers are in its words.
pub(crate) mod word {
    pub(crate) const OFFSET: usize = 0;
    pub(crate) const TIMESTAMP: usize = 2;
    pub(crate) const KEY: usize = 4;
    pub(crate) const VALUE: usize = 6;
    pub(crate) const HEADERS: usize = 8;
}

/// One byte per record in a reply.
pub(crate) mod action {
    pub(crate) const FORWARD: u8 = 1;
    pub(crate) const DROP: u8 = 2;
    pub(crate) const EMIT: u8 = 3;
    pub(crate) const REJECT: u8 = 4;
    pub(crate) const RETRY: u8 = 5;
    /// Added to the first three where state changes follow.
    pub(crate) const CHANGES: u8 = 0x80;
}

/// Flags of an emission.
pub(crate) mod flag {
    pub(crate) const INHERIT_KEY: u32 = 1;
    pub(crate) const INHERIT_VALUE: u32 = 2;
    pub(crate) const INHERIT_HEADERS: u32 = 4;
    pub(crate) const TIMESTAMP: u32 = 8;
    pub(crate) const PARTITION: u32 = 16;
    pub(crate) const ALL: u32 = 31;
}

/// A code is 1 to this many of `a-z 0-9 -`.
pub const CODE_BYTES_MAX: usize = 64;

/// A message is UTF-8 and at most this long.
pub const MESSAGE_BYTES_MAX: usize = 1024;

/// What a header is charged beyond the bytes of its name and value: its two lengths. Without it a megabyte of zeros would
/// be 131,072 headers that cost nothing, for each of a thousand emissions that may point at them.
pub const HEADER_OVERHEAD: u64 = 8;

/// The parts of a record that a plugin looks at; the others do not cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reads {
    pub key: bool,
    pub value: bool,
    pub headers: bool,
}

impl Reads {
    pub const NOTHING: Reads = Reads { key: false, value: false, headers: false };
    pub const KEY: Reads = Reads { key: true, ..Reads::NOTHING };
    pub const VALUE: Reads = Reads { value: true, ..Reads::NOTHING };
    pub const HEADERS: Reads = Reads { headers: true, ..Reads::NOTHING };
    pub const ALL: Reads = Reads { key: true, value: true, headers: true };

    /// What either of the two reads.
    #[must_use]
    pub const fn and(self, other: Reads) -> Reads {
        Reads { key: self.key || other.key, value: self.value || other.value, headers: self.headers || other.headers }
    }
}

/// Whether these bytes are a code.
pub(crate) fn is_code(bytes: &[u8]) -> bool {
    let plain = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=CODE_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(plain)
}

/// The low and the high word of a number.
pub(crate) fn split(long: i64) -> [u32; 2] {
    [long as u32, (long >> 32) as u32]
}

/// The number of a low and a high word.
pub(crate) fn join(low: u32, high: u32) -> i64 {
    (u64::from(low) | u64::from(high) << 32) as i64
}
