//! The guest's side of a batch: views into the two buffers. Nothing is copied or decoded until it is asked for.

use crate::layout::{NULL, RECORD_WORDS, UNREAD, join, word};

/// The buffers of one call.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    data: &'a [u8],
    index: &'a [[u32; RECORD_WORDS]],
}

/// One record of a batch.
///
/// A guest trusts its host: positions outside of the data are a broken host, and panic.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    data: &'a [u8],
    words: &'a [u32; RECORD_WORDS],
}

/// A key or a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// There, but not sent, because the plugin does not read it.
    Unread,
    Null,
    Bytes(&'a [u8]),
}

impl<'a> Batch<'a> {
    pub fn new(data: &'a [u8], index: &'a [u32]) -> Batch<'a> {
        Batch { data, index: index.as_chunks().0 }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The records, in the order of their offsets.
    pub fn records(self) -> impl ExactSizeIterator<Item = Record<'a>> + Clone + 'a {
        self.index.iter().map(move |words| Record { data: self.data, words })
    }
}

impl<'a> Record<'a> {
    pub fn offset(&self) -> i64 {
        self.long(word::OFFSET)
    }

    /// Milliseconds since the Unix epoch; `None`: the record has none.
    pub fn timestamp(&self) -> Option<i64> {
        Some(self.long(word::TIMESTAMP)).filter(|timestamp| *timestamp != -1)
    }

    pub fn key(&self) -> Field<'a> {
        self.field(word::KEY)
    }

    pub fn value(&self) -> Field<'a> {
        self.field(word::VALUE)
    }

    /// `None`: there are some, but they were not sent.
    pub fn headers(&self) -> Option<HeaderIter<'a>> {
        let count = self.words[word::HEADERS + 1];
        (count != UNREAD).then(|| HeaderIter::new(self.data, self.words[word::HEADERS], count))
    }

    fn long(&self, at: usize) -> i64 {
        join(self.words[at], self.words[at + 1])
    }

    fn field(&self, at: usize) -> Field<'a> {
        match (self.words[at] as usize, self.words[at + 1]) {
            (_, NULL) => Field::Null,
            (_, UNREAD) => Field::Unread,
            (from, len) => Field::Bytes(&self.data[from..][..len as usize]),
        }
    }
}

/// Headers one after the other: name and value. Ends early where the bytes do; a [`crate::Decoder`] has made sure that
/// they don't.
#[derive(Debug, Clone)]
pub struct HeaderIter<'a> {
    rest: &'a [u8],
    left: u32,
}

impl<'a> HeaderIter<'a> {
    pub(crate) fn new(data: &'a [u8], at: u32, count: u32) -> HeaderIter<'a> {
        HeaderIter { rest: data.get(at as usize..).unwrap_or_default(), left: count }
    }

    /// How many were not reached: more than 0 after the end says that the bytes ended early.
    pub(crate) fn left(&self) -> u32 {
        self.left
    }
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let left = self.left.checked_sub(1)?;
        let (lengths, rest) = self.rest.split_first_chunk::<8>()?;
        let [a, b, c, d, e, f, g, h] = *lengths;
        let (name_len, value_len) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        let (name, rest) = rest.split_at_checked(name_len as usize)?;
        let (value, rest) = match value_len {
            NULL => (None, rest),
            len => rest.split_at_checked(len as usize).map(|(value, rest)| (Some(value), rest))?,
        };
        (self.rest, self.left) = (rest, left);
        Some((name, value))
    }
}
