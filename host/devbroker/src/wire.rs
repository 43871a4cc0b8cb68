//! Walks a request's bytes by its shape before it is decoded.
//!
//! The generated decoders take an array's count from the wire and reserve room for that many elements at once: four
//! bytes could ask for more memory than the machine has, which aborts the process. Here every count has to be backed by
//! bytes that are there, and all elements of a request together stay within a bound.

mod shapes;

use bytes::Buf as _;
use kafka_protocol::messages::ApiKey;

use shapes::SHAPES;

/// Array elements and tagged fields of one request. The largest real requests name some ten thousand partitions; decoded,
/// an element takes up to a few hundred bytes.
const ELEMENTS_MAX: usize = 250_000;
/// No version of the request has compact fields.
const NEVER: i16 = i16::MAX;

/// What lies in a field.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// So many bytes.
    Fixed(usize),
    /// A length of 16 bits (compact: a varint) and so many bytes; may be null.
    Text,
    /// The same with a length of 32 bits.
    Bytes,
    /// A count and so many of these; may be null.
    Array(&'static Kind),
    Struct(Fields),
}

/// A field and the versions that have it.
#[derive(Clone, Copy, Debug)]
struct Field {
    first: i16,
    last: i16,
    kind: Kind,
}

/// A structure: its fields in their order, and the tagged fields that the decoders know.
#[derive(Clone, Copy, Debug)]
struct Fields {
    fields: &'static [Field],
    tags: &'static [(u32, Kind)],
}

/// A request: from which version on it is compact, and its fields.
#[derive(Clone, Copy, Debug)]
struct Shape {
    api: ApiKey,
    compact_since: i16,
    fields: &'static Fields,
}

const fn shape(api: ApiKey, compact_since: i16, fields: &'static Fields) -> Shape {
    Shape { api, compact_since, fields }
}

const fn every(kind: Kind) -> Field {
    between(0, i16::MAX, kind)
}

const fn since(first: i16, kind: Kind) -> Field {
    between(first, i16::MAX, kind)
}

const fn between(first: i16, last: i16, kind: Kind) -> Field {
    Field { first, last, kind }
}

/// Whether the bytes hold a request of this type and version, and nothing behind it matters. `None`: they do not.
pub(crate) fn check(api: ApiKey, version: i16, bytes: &[u8]) -> Option<()> {
    let shape = SHAPES.iter().find(|shape| shape.api == api)?;
    let mut walk = Walk { bytes, version, compact: version >= shape.compact_since, elements: 0 };
    walk.fields(shape.fields)
}

/// The same for a request's header.
pub(crate) fn check_header(bytes: &[u8], header_version: i16) -> Option<()> {
    let mut walk = Walk { bytes, version: header_version, compact: false, elements: 0 };
    walk.skip(8)?;
    walk.text()?;
    if header_version >= 2 { walk.tagged(&[]) } else { Some(()) }
}

struct Walk<'a> {
    bytes: &'a [u8],
    version: i16,
    compact: bool,
    elements: usize,
}

impl Walk<'_> {
    fn fields(&mut self, fields: &Fields) -> Option<()> {
        for field in fields.fields {
            if (field.first..=field.last).contains(&self.version) {
                self.kind(&field.kind)?;
            }
        }
        if self.compact { self.tagged(fields.tags) } else { Some(()) }
    }

    fn kind(&mut self, kind: &Kind) -> Option<()> {
        match kind {
            Kind::Fixed(bytes) => self.skip(*bytes),
            Kind::Text => self.text(),
            Kind::Bytes => match self.compact {
                true => self.compact_length().and_then(|length| self.skip(length)),
                false => self.length().and_then(|length| self.skip(length)),
            },
            Kind::Array(of) => {
                let count = if self.compact { self.compact_length()? } else { self.length()? };
                // Before the walk: it would end at the first element that is missing, but count up to there.
                self.count(count)?;
                (0..count).try_for_each(|_| self.kind(of).map(drop).ok_or(())).ok()
            }
            Kind::Struct(fields) => self.fields(fields),
        }
    }

    fn text(&mut self) -> Option<()> {
        let length = match self.compact {
            true => self.compact_length()?,
            // A negative length is null.
            false => usize::try_from(self.bytes.try_get_i16().ok()?).unwrap_or(0),
        };
        self.skip(length)
    }

    /// A count, then (tag, size, bytes) each.
    fn tagged(&mut self, known: &[(u32, Kind)]) -> Option<()> {
        let count = usize::try_from(self.varint()?).ok()?;
        self.count(count)?;
        for _ in 0..count {
            let tag = self.varint()?;
            let size = usize::try_from(self.varint()?).ok()?;
            let behind = self.bytes.len().checked_sub(size)?;
            match known.iter().find(|(known, _)| *known == tag) {
                // The decoders read what they know without a look at its size: both have to agree.
                Some((_, kind)) => self.kind(kind).filter(|()| self.bytes.len() == behind)?,
                None => self.skip(size)?,
            }
        }
        Some(())
    }

    fn count(&mut self, more: usize) -> Option<()> {
        self.elements = self.elements.checked_add(more).filter(|elements| *elements <= ELEMENTS_MAX)?;
        Some(())
    }

    fn length(&mut self) -> Option<usize> {
        Some(usize::try_from(self.bytes.try_get_i32().ok()?).unwrap_or(0))
    }

    /// One more than the length, 0 for null.
    fn compact_length(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?.saturating_sub(1)).ok()
    }

    fn varint(&mut self) -> Option<u32> {
        let mut value = 0u32;
        // As the decoders do, bits past the 32nd included: both have to read the same number.
        for shift in (0..35).step_by(7) {
            let byte = self.bytes.try_get_u8().ok()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Some(value)
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.bytes = self.bytes.get(bytes..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests;
