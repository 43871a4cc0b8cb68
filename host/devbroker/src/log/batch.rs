//! A record batch of the second format (magic 2) as bytes: read its header, check it, patch what the log owns.
//!
//! Records are never decoded on the way in or out; the checksum covers everything behind it, so that base offset and
//! leader epoch, which lie before it, can be written without touching it.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;

/// Bytes of a batch before its records.
pub(crate) const HEADER_BYTES: usize = 61;
/// Bytes that the batch's own length does not count: base offset and the length itself.
const BEFORE_LENGTH_BYTES: usize = 12;
/// The checksum covers everything from here on.
const CRC_COVERS_FROM: usize = 21;
const MAGIC: i8 = 2;

const COMPRESSION_MASK: i16 = 0x07;
const LOG_APPEND_TIME: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;

/// The header's fields, checked against the bytes they came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) attributes: i16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) count: i32,
}

impl Header {
    /// Reads and checks one batch that fills `bytes`.
    ///
    /// # Errors
    /// CORRUPT_MESSAGE: not a whole batch, or its checksum differs. INVALID_RECORD: two batches, or counts that do not
    /// fit together. UNSUPPORTED_FOR_MESSAGE_FORMAT: an older format.
    pub(crate) fn check(bytes: &[u8]) -> Result<Header, ResponseError> {
        let header = Self::read(bytes)?;
        let covered = bytes.get(CRC_COVERS_FROM..).ok_or(ResponseError::CorruptMessage)?;
        let stated = bytes.get(17..CRC_COVERS_FROM).map(|mut crc| crc.get_u32());
        if stated != Some(crc32c::crc32c(covered)) {
            return Err(ResponseError::CorruptMessage);
        }
        if header.count < 1 || header.last_offset_delta != header.count - 1 {
            return Err(ResponseError::InvalidRecord);
        }
        Ok(header)
    }

    /// Reads the header of a batch that fills `bytes`; its checksum was looked at before.
    pub(crate) fn read(bytes: &[u8]) -> Result<Header, ResponseError> {
        if bytes.len() < HEADER_BYTES {
            return Err(ResponseError::CorruptMessage);
        }
        let mut buf = bytes;
        buf.advance(8);
        let length = buf.get_i32();
        buf.advance(4);
        if buf.get_i8() != MAGIC {
            return Err(ResponseError::UnsupportedForMessageFormat);
        }
        match usize::try_from(length).ok().and_then(|length| length.checked_add(BEFORE_LENGTH_BYTES)) {
            Some(whole) if whole == bytes.len() => {}
            // More than one batch is against the protocol since version 3 of Produce.
            Some(whole) if (HEADER_BYTES..bytes.len()).contains(&whole) => return Err(ResponseError::InvalidRecord),
            _ => return Err(ResponseError::CorruptMessage),
        }
        buf.advance(4);
        Ok(Header {
            attributes: buf.get_i16(),
            last_offset_delta: buf.get_i32(),
            base_timestamp: buf.get_i64(),
            max_timestamp: buf.get_i64(),
            producer_id: buf.get_i64(),
            producer_epoch: buf.get_i16(),
            base_sequence: buf.get_i32(),
            count: buf.get_i32(),
        })
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.attributes & COMPRESSION_MASK != 0
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    pub(crate) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    pub(crate) fn has_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    /// The sequence number of the batch's last record; sequence numbers start again at 0 past the largest `i32`.
    pub(crate) fn last_sequence(&self) -> i32 {
        let last = i64::from(self.base_sequence) + i64::from(self.last_offset_delta);
        i32::try_from(last & i64::from(i32::MAX)).unwrap_or(0)
    }
}

/// Writes what the log owns into a batch. The bytes are at least a header long.
pub(crate) fn place(bytes: &mut BytesMut, base_offset: i64, leader_epoch: i32) {
    if let Some(mut field) = bytes.get_mut(0..8) {
        field.put_i64(base_offset);
    }
    if let Some(mut field) = bytes.get_mut(12..16) {
        field.put_i32(leader_epoch);
    }
}

/// Dates the whole batch by the log's clock.
pub(crate) fn set_append_time(bytes: &mut BytesMut, header: &Header, now_ms: i64) {
    if let Some(mut field) = bytes.get_mut(21..23) {
        field.put_i16(header.attributes | LOG_APPEND_TIME);
    }
    if let Some(mut field) = bytes.get_mut(35..43) {
        field.put_i64(now_ms);
    }
    seal(bytes);
}

/// Writes length and checksum after the content has changed.
pub(crate) fn seal(bytes: &mut BytesMut) {
    let length = i32::try_from(bytes.len().saturating_sub(BEFORE_LENGTH_BYTES)).unwrap_or(i32::MAX);
    if let Some(mut field) = bytes.get_mut(8..12) {
        field.put_i32(length);
    }
    let crc = bytes.get(CRC_COVERS_FROM..).map(crc32c::crc32c);
    if let (Some(crc), Some(mut field)) = (crc, bytes.get_mut(17..CRC_COVERS_FROM)) {
        field.put_u32(crc);
    }
}

/// The same batch with these records only; offsets keep their places, the last one included.
pub(crate) fn with_records<'a>(batch: &Bytes, records: impl Iterator<Item = &'a [u8]>) -> Option<Bytes> {
    let mut bytes = BytesMut::from(batch.get(..HEADER_BYTES)?);
    let mut count = 0;
    for record in records {
        bytes.put_slice(record);
        count += 1;
    }
    bytes.get_mut(57..HEADER_BYTES)?.put_i32(count);
    seal(&mut bytes);
    Some(bytes.freeze())
}

/// The control batch that ends a transaction in one partition: one record, which takes one offset.
pub(crate) fn marker(producer_id: i64, producer_epoch: i16, commit: bool, now_ms: i64) -> BytesMut {
    /// Of the transaction coordinator: ours is never elected anew.
    const COORDINATOR_EPOCH: i32 = 0;
    let mut record = vec![
        0,
        0,
        0, // attributes, timestamp delta, offset delta
        8,
        0,
        0,
        0,
        u8::from(commit), // the key: its length 4, version, type
        12,
        0,
        0, // the value: its length 6, version
    ];
    record.put_i32(COORDINATOR_EPOCH);
    record.put_u8(0); // no headers
    let mut bytes = BytesMut::new();
    bytes.put_bytes(0, 16);
    bytes.put_i8(MAGIC);
    bytes.put_u32(0);
    bytes.put_i16(TRANSACTIONAL | CONTROL);
    bytes.put_i32(0);
    bytes.put_i64(now_ms);
    bytes.put_i64(now_ms);
    bytes.put_i64(producer_id);
    bytes.put_i16(producer_epoch);
    bytes.put_i32(-1);
    bytes.put_i32(1);
    // Zigzag: lengths below 64 are one byte, twice the value.
    bytes.put_u8(u8::try_from(record.len() * 2).unwrap_or(u8::MAX));
    bytes.put_slice(&record);
    seal(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests;
