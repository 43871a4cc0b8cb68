//! The host's side of a batch: records copied into two buffers that are kept from call to call.

use crate::layout::{HEADER_OVERHEAD, LENGTH_MAX, NULL, RECORD_WORDS, Reads, UNREAD, split};
use std::fmt;

/// One record on its way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input<'a> {
    pub offset: i64,
    /// `None` crosses as -1; so does `Some(-1)`, which Kafka knows as "none".
    pub timestamp: Option<i64>,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
}

/// Bytes of an input record by part, whether they crossed or not: what inheriting them is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sizes {
    pub(crate) key: u64,
    pub(crate) value: u64,
    /// Each header's name, value, and [`HEADER_OVERHEAD`].
    pub(crate) headers: u64,
}

impl Sizes {
    /// All of the record, as a forward writes it.
    pub(crate) fn whole(self) -> u64 {
        self.key.saturating_add(self.value).saturating_add(self.headers)
    }
}

/// A batch as the guest gets it, and the sizes that its reply will be charged by.
///
/// Nothing is allocated per record once the buffers have grown. They keep the size of the largest batch they held:
/// whoever lets one huge record through and minds the memory makes a new one.
#[derive(Debug, Default)]
pub struct Packed {
    data: Vec<u8>,
    index: Vec<u32>,
    sizes: Vec<Sizes>,
}

/// A record that the contract's 32-bit positions can't hold beside those before it, nor perhaps alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the batch exceeds the 4 GiB that a plugin can address")
    }
}

impl std::error::Error for TooLarge {}

impl Packed {
    pub fn clear(&mut self) {
        self.data.clear();
        self.index.clear();
        self.sizes.clear();
    }

    /// Records in it.
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// The contract's `data`.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The contract's `index`: [`RECORD_WORDS`] words per record.
    pub fn index(&self) -> &[u32] {
        &self.index
    }

    /// Bytes of both buffers: the least that a guest needs to take them.
    pub fn bytes(&self) -> usize {
        self.data.len().saturating_add(self.index.len().saturating_mul(size_of::<u32>()))
    }

    pub(crate) fn sizes(&self) -> &[Sizes] {
        &self.sizes
    }

    /// Adds a record. `headers` is called once, and calls what it is given with name and value of every header, in order.
    ///
    /// Names are bytes: Kafka does not promise UTF-8, the contract does. What is not UTF-8 in a name becomes U+FFFD on its
    /// way to the plugin; headers that an output inherits are the host's and keep their bytes, which is why they are
    /// charged by the length they have here. Headers are walked even where the plugin does not read them, for that charge.
    ///
    /// # Errors
    /// [`TooLarge`]; the batch is then as it was before.
    pub fn push(
        &mut self,
        reads: Reads,
        input: Input<'_>,
        headers: impl FnOnce(&mut dyn FnMut(&[u8], Option<&[u8]>)),
    ) -> Result<(), TooLarge> {
        let before = self.data.len();
        let [key_at, key_len] = self.part(reads.key, input.key);
        let [value_at, value_len] = self.part(reads.value, input.value);
        let (headers_at, mut count, mut charge) = (self.data.len(), 0_u32, 0_u64);
        headers(&mut |name, value| {
            count = count.saturating_add(1);
            charge = charge.saturating_add(HEADER_OVERHEAD + length(Some(name)) + length(value));
            if reads.headers {
                write_header(&mut self.data, name, value);
            }
        });
        // Positions and lengths are at most the length of the data, so one test covers the casts of all of them.
        if self.data.len() > LENGTH_MAX as usize || count > LENGTH_MAX {
            self.data.truncate(before);
            return Err(TooLarge);
        }
        let headers = match (reads.headers, count) {
            (_, 0) => [0, 0],
            (true, count) => [headers_at as u32, count],
            (false, _) => [0, UNREAD],
        };
        let [offset_low, offset_high] = split(input.offset);
        let [timestamp_low, timestamp_high] = split(input.timestamp.unwrap_or(-1));
        let words: [u32; RECORD_WORDS] = [
            offset_low,
            offset_high,
            timestamp_low,
            timestamp_high,
            key_at,
            key_len,
            value_at,
            value_len,
            headers[0],
            headers[1],
        ];
        self.index.extend_from_slice(&words);
        self.sizes.push(Sizes { key: length(input.key), value: length(input.value), headers: charge });
        Ok(())
    }

    /// Position and length of a part; the casts are covered by the test in [`Packed::push`].
    fn part(&mut self, read: bool, bytes: Option<&[u8]>) -> [u32; 2] {
        match bytes {
            None => [0, NULL],
            Some(_) if !read => [0, UNREAD],
            Some(bytes) => {
                let at = self.data.len() as u32;
                self.data.extend_from_slice(bytes);
                [at, bytes.len() as u32]
            }
        }
    }
}

fn length(bytes: Option<&[u8]>) -> u64 {
    bytes.map_or(0, |bytes| bytes.len() as u64)
}

/// Appends a header, its name made UTF-8.
fn write_header(data: &mut Vec<u8>, name: &[u8], value: Option<&[u8]>) {
    let head = data.len();
    data.extend_from_slice(&[0; 8]);
    match str::from_utf8(name) {
        Ok(_) => data.extend_from_slice(name),
        // In pieces and not by `from_utf8_lossy`, which allocates.
        Err(_) => name.utf8_chunks().for_each(|chunk| {
            data.extend_from_slice(chunk.valid().as_bytes());
            if !chunk.invalid().is_empty() {
                data.extend_from_slice("\u{fffd}".as_bytes());
            }
        }),
    }
    let name_len = (data.len() - head - 8) as u32;
    let value_len = value.map_or(NULL, |value| value.len() as u32);
    data.extend_from_slice(value.unwrap_or_default());
    if let Some(head) = data.get_mut(head..head + 8) {
        head[..4].copy_from_slice(&name_len.to_le_bytes());
        head[4..].copy_from_slice(&value_len.to_le_bytes());
    }
}
