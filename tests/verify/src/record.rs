//! A record as the log shows it, and the digests that stand for its contents afterwards.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// One header; names need not be UTF-8, a null value is not an empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header<'a> {
    pub name: &'a [u8],
    pub value: Option<&'a [u8]>,
}

/// One record, borrowed for as long as it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    pub partition: i32,
    pub offset: i64,
    /// Milliseconds since 1970; `None`: the record carries none.
    pub timestamp: Option<i64>,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    /// In the order of the record, duplicates kept.
    pub headers: &'a [Header<'a>],
}

impl Record<'_> {
    /// The decimal number in the first header called `name`.
    pub fn sequence(&self, name: &str) -> Option<u64> {
        let header = self.headers.iter().find(|header| header.name == name.as_bytes())?;
        std::str::from_utf8(header.value?).ok()?.parse().ok()
    }

    /// Everything but the place, in one number.
    pub fn digest(&self) -> u64 {
        digest(&(self.timestamp, self.key, self.value, self.headers))
    }
}

/// 64 bits of SipHash; good for comparing within one process, not for storing.
pub fn digest(content: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

/// Where a record stands, for people: `orders[3]@17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub offset: i64,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]@{}", self.topic, self.partition, self.offset)
    }
}
