//! One record put into a partition by hand: what librdkafka can't send, and other clients can.
//!
//! A Produce request (version 3) with one record batch (magic 2) on a plain socket. Nothing is retried.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::client::WITHIN;
use crate::raw::Raw;

/// Writes the record to partition 0; the broker's error code, 0 for none.
///
/// # Panics
/// The broker does not answer within [`WITHIN`].
pub fn put(broker: &str, topic: &str, raw: &Raw) -> i16 {
    let mut request = vec![];
    // Produce, version 3: the oldest that carries headers.
    for number in [0_i16, 3] {
        request.extend(number.to_be_bytes());
    }
    request.extend(1_i32.to_be_bytes()); // correlation id
    text(&mut request, "wire");
    request.extend((-1_i16).to_be_bytes()); // no transactional id
    request.extend((-1_i16).to_be_bytes()); // acks: all
    request.extend(10_000_i32.to_be_bytes());
    request.extend(1_i32.to_be_bytes());
    text(&mut request, topic);
    request.extend(1_i32.to_be_bytes());
    request.extend(0_i32.to_be_bytes());
    let batch = batch(raw);
    request.extend((batch.len() as i32).to_be_bytes());
    request.extend(batch);

    let mut broker = TcpStream::connect(broker).expect("a connection");
    broker.set_read_timeout(Some(WITHIN)).expect("a timeout");
    broker.write_all(&(request.len() as i32).to_be_bytes()).expect("written");
    broker.write_all(&request).expect("written");
    let mut length = [0; 4];
    broker.read_exact(&mut length).expect("an answer");
    let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).expect("a length")];
    broker.read_exact(&mut answer).expect("an answer");
    // correlation id, count of topics, name, count of partitions, partition, error code
    let at = 4 + 4 + 2 + topic.len() + 4 + 4;
    i16::from_be_bytes([answer[at], answer[at + 1]])
}

fn text(into: &mut Vec<u8>, text: &str) {
    into.extend((text.len() as i16).to_be_bytes());
    into.extend(text.as_bytes());
}

fn batch(raw: &Raw) -> Vec<u8> {
    let mut record = vec![0]; // attributes
    varint(&mut record, 0); // timestamp delta
    varint(&mut record, 0); // offset delta
    field(&mut record, raw.key.as_deref());
    field(&mut record, raw.value.as_deref());
    varint(&mut record, raw.headers.len() as i64);
    for (name, value) in &raw.headers {
        field(&mut record, Some(name));
        field(&mut record, value.as_deref());
    }
    let mut checked = vec![];
    checked.extend(0_i16.to_be_bytes()); // attributes
    checked.extend(0_i32.to_be_bytes()); // last offset delta
    checked.extend(raw.timestamp.to_be_bytes());
    checked.extend(raw.timestamp.to_be_bytes());
    checked.extend((-1_i64).to_be_bytes()); // producer id
    checked.extend((-1_i16).to_be_bytes()); // producer epoch
    checked.extend((-1_i32).to_be_bytes()); // base sequence
    checked.extend(1_i32.to_be_bytes()); // records
    varint(&mut checked, record.len() as i64);
    checked.extend(record);

    let mut batch = vec![];
    batch.extend(0_i64.to_be_bytes()); // base offset
    batch.extend((4 + 1 + 4 + checked.len() as i32).to_be_bytes());
    batch.extend((-1_i32).to_be_bytes()); // leader epoch
    batch.push(2); // magic
    batch.extend(crc32c(&checked).to_be_bytes());
    batch.extend(checked);
    batch
}

fn field(into: &mut Vec<u8>, bytes: Option<&[u8]>) {
    varint(into, bytes.map_or(-1, |bytes| bytes.len() as i64));
    into.extend(bytes.unwrap_or_default());
}

/// Zigzag, seven bits a byte.
fn varint(into: &mut Vec<u8>, value: i64) {
    let mut bits = ((value << 1) ^ (value >> 63)) as u64;
    while bits >= 0x80 {
        into.push(bits as u8 | 0x80);
        bits >>= 7;
    }
    into.push(bits as u8);
}

/// CRC-32C (Castagnoli), bit by bit: a test sends a few bytes.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::{crc32c, varint};

    #[test]
    fn crc32c_of_the_check_string_is_the_published_one() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn varints_are_zigzag() {
        for (value, expected) in [(0, &[0][..]), (-1, &[1]), (1, &[2]), (63, &[126]), (64, &[128, 1]), (-65, &[129, 1])]
        {
            let mut bytes = vec![];
            varint(&mut bytes, value);
            assert_eq!(bytes, expected, "{value}");
        }
    }
}
