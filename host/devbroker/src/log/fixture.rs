//! Batches for tests, made byte by byte as a client would.

use bytes::{BufMut, BytesMut};

use super::batch::seal;

/// One record: time after the first, key, value.
pub(crate) type Content<'a> = (i64, Option<&'a str>, Option<&'a str>);

/// What a batch says of itself.
#[derive(Clone, Copy)]
pub(crate) struct Sender {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    pub(crate) sequence: i32,
    pub(crate) transactional: bool,
}

/// Without producer id.
pub(crate) const NOBODY: Sender = Sender { producer_id: -1, epoch: -1, sequence: -1, transactional: false };

pub(crate) fn idempotent(producer_id: i64, epoch: i16, sequence: i32) -> Sender {
    Sender { producer_id, epoch, sequence, transactional: false }
}

pub(crate) fn transactional(producer_id: i64, epoch: i16, sequence: i32) -> Sender {
    Sender { transactional: true, ..idempotent(producer_id, epoch, sequence) }
}

pub(crate) fn batch(sender: Sender, base_timestamp: i64, records: &[Content<'_>]) -> BytesMut {
    let count = i32::try_from(records.len()).unwrap();
    let mut bytes = BytesMut::new();
    bytes.put_bytes(0, 16);
    bytes.put_i8(2);
    bytes.put_u32(0);
    bytes.put_i16(if sender.transactional { 0x10 } else { 0 });
    bytes.put_i32(count - 1);
    bytes.put_i64(base_timestamp);
    bytes.put_i64(base_timestamp + records.iter().map(|(after, ..)| *after).max().unwrap_or(0));
    bytes.put_i64(sender.producer_id);
    bytes.put_i16(sender.epoch);
    bytes.put_i32(sender.sequence);
    bytes.put_i32(count);
    for (index, (after, key, value)) in (0..).zip(records) {
        let mut record = vec![0];
        varint(&mut record, *after);
        varint(&mut record, index);
        for field in [key, value] {
            match field {
                Some(text) => {
                    varint(&mut record, i64::try_from(text.len()).unwrap());
                    record.extend_from_slice(text.as_bytes());
                }
                None => varint(&mut record, -1),
            }
        }
        varint(&mut record, 0);
        let mut length = Vec::new();
        varint(&mut length, i64::try_from(record.len()).unwrap());
        bytes.put_slice(&length);
        bytes.put_slice(&record);
    }
    seal(&mut bytes);
    bytes
}

/// So many records without keys at one time.
pub(crate) fn plain(sender: Sender, timestamp: i64, count: usize) -> BytesMut {
    batch(sender, timestamp, &vec![(0, None, Some("v")); count])
}

fn varint(into: &mut Vec<u8>, number: i64) {
    let mut zigzag = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while zigzag >= 0x80 {
        into.push(u8::try_from(zigzag & 0x7f).unwrap() | 0x80);
        zigzag >>= 7;
    }
    into.push(u8::try_from(zigzag).unwrap());
}
