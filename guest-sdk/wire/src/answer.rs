//! What a plugin answers, as both sides hold it: flat, and every byte of it in the reply's `data`.

use crate::read::HeaderIter;

/// Bytes of a reply's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub at: u32,
    pub len: u32,
}

impl Span {
    /// The bytes; `None` when they lie outside, which a decoded span of the same data never does.
    pub fn of(self, data: &[u8]) -> Option<&[u8]> {
        data.get(self.at as usize..)?.get(..self.len as usize)
    }
}

/// A key or a value of an emission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The input record's.
    Inherit,
    Null,
    Bytes(Span),
}

/// Headers of an emission: so many of them from a position on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeaderList {
    pub at: u32,
    pub count: u32,
}

impl HeaderList {
    /// Name and value of each; names of a decoded list are UTF-8.
    pub fn of(self, data: &[u8]) -> HeaderIter<'_> {
        HeaderIter::new(data, self.at, self.count)
    }
}

/// One message out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emission {
    /// Position in the manifest's outputs.
    pub output: u16,
    pub key: Part,
    pub value: Part,
    /// Whether the input record's headers come first; `headers` follow them.
    pub inherit_headers: bool,
    pub headers: HeaderList,
    /// Own timestamp, >= 0; `None`: the input record's.
    pub timestamp: Option<i64>,
    /// Own partition, >= 0; `None`: by the output's partitioner.
    pub partition: Option<i32>,
}

/// One change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Position in the manifest's stores.
    pub store: u16,
    pub key: Span,
    /// `None` deletes the key.
    pub value: Option<Span>,
}

/// Neighbours in one of the decoder's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Run {
    pub first: u32,
    pub count: u32,
}

impl Run {
    /// The items; empty when they lie outside, which a decoded run of its own list never does.
    pub fn of<T>(self, list: &[T]) -> &[T] {
        list.get(self.first as usize..).and_then(|list| list.get(..self.count as usize)).unwrap_or_default()
    }
}

/// The answer for one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Written unchanged to the output.
    Forward {
        output: u16,
        changes: Run,
    },
    /// Nothing to write.
    Drop {
        changes: Run,
    },
    Emit {
        emissions: Run,
        changes: Run,
    },
    /// Not acceptable, now or ever.
    Reject {
        code: Span,
        message: Span,
    },
    /// Not now. `after_ms` 0: the pipeline's back-off.
    Retry {
        after_ms: u32,
        code: Span,
        message: Span,
    },
}
