//! Bytes to frames, and the few header fields of a frame that rules look at. Everything here comes from outside:
//! whatever does not parse is an error or `None`, never a panic.

use std::io::{self, Read};

use crate::Api;

/// A larger frame ends the connection. Kafka's own `socket.request.max.bytes` is 100 MiB; a smaller bound would cut
/// legal requests, a larger one would let a stray length prefix take the test machine's memory.
pub(crate) const FRAME_BYTES_MAX: usize = 100 << 20;

/// What the proxy knows of a request while its answer is awaited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) api: Api,
    pub(crate) version: i16,
    pub(crate) correlation: i32,
    /// `client.id`; empty when the client sent none.
    pub(crate) client: String,
}

/// Reads one frame with its length prefix. `Ok(None)`: the peer closed between two frames.
pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut frame = Vec::new();
    from.take(4).read_to_end(&mut frame)?;
    let Ok(prefix) = <[u8; 4]>::try_from(frame.as_slice()) else {
        return if frame.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
    };
    let length = usize::try_from(i32::from_be_bytes(prefix)).ok().filter(|length| *length <= FRAME_BYTES_MAX);
    let length = length.ok_or(io::ErrorKind::InvalidData)?;
    // Grows as bytes arrive, so a lying prefix allocates nothing.
    if from.take(length as u64).read_to_end(&mut frame)? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(frame))
}

/// The header of a request frame. All header versions begin alike; the tagged fields that follow are not needed.
pub(crate) fn request(frame: &[u8]) -> Option<Request> {
    let mut bytes = Bytes(frame.get(4..)?);
    let (key, version, correlation) = (bytes.i16()?, bytes.i16()?, bytes.i32()?);
    // A negative length is the protocol's null.
    let client = usize::try_from(bytes.i16()?).map_or(Some(&[][..]), |length| bytes.take(length))?;
    Some(Request {
        api: Api::from_key(key),
        version,
        correlation,
        client: String::from_utf8_lossy(client).into_owned(),
    })
}

/// The correlation id of an answer frame: which request it answers.
pub(crate) fn answer_correlation(frame: &[u8]) -> Option<i32> {
    Bytes(frame.get(4..)?).i32()
}

/// The error code of the answer to `request`, for the APIs listed in [`Api::error_after_throttle`]; for those in
/// [`Api::errors_of_partitions`] the one of the first partition.
pub(crate) fn error_code(request: &Request, frame: &[u8]) -> Option<i16> {
    let of_partitions = request.api.errors_of_partitions();
    let flexible_from = request.api.error_after_throttle().or(of_partitions)?;
    let is_flexible = request.version >= flexible_from;
    let mut bytes = Bytes(frame.get(4..)?);
    bytes.i32()?; // correlation id
    if is_flexible {
        bytes.skip_tagged_fields()?;
    }
    bytes.i32()?; // throttle_time_ms
    if of_partitions.is_some() {
        bytes.some(is_flexible)?; // topics
        let name = match is_flexible {
            true => bytes.some(true)?,
            false => usize::try_from(bytes.i16()?).ok()?,
        };
        bytes.take(name)?;
        bytes.some(is_flexible)?; // partitions
        bytes.i32()?; // index
    }
    bytes.i16()
}

/// The bytes not yet read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn i32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// How many there are of what follows: at least one.
    fn some(&mut self, is_flexible: bool) -> Option<usize> {
        // In flexible versions 0 is null, and every other number one more.
        let count = match is_flexible {
            true => usize::try_from(self.unsigned_varint()?).ok()?.checked_sub(1)?,
            false => usize::try_from(self.i32()?).ok()?,
        };
        Some(count).filter(|count| *count > 0)
    }

    fn unsigned_varint(&mut self) -> Option<u32> {
        let mut value = 0u32;
        for shift in (0..32).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// KIP-482: a count, then (tag, size, bytes) each.
    fn skip_tagged_fields(&mut self) -> Option<()> {
        for _ in 0..self.unsigned_varint()? {
            self.unsigned_varint()?;
            let size = usize::try_from(self.unsigned_varint()?).ok()?;
            self.take(size)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
