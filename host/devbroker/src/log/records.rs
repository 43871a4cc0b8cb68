//! The records of an uncompressed batch, one by one, borrowed. Needed where the log must know a record: by time, by key.

/// One record as it lies in its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// With its length prefix.
    pub(crate) raw: &'a [u8],
    pub(crate) timestamp_delta: i64,
    pub(crate) offset_delta: i32,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) has_value: bool,
}

/// The bytes are no records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The records behind a batch's header. Ends after the first malformed one.
pub(crate) fn records(payload: &[u8]) -> impl Iterator<Item = Result<Record<'_>, Malformed>> {
    let mut rest = Some(payload);
    std::iter::from_fn(move || {
        let bytes = rest.filter(|bytes| !bytes.is_empty())?;
        match record(bytes) {
            Some((record, behind)) => {
                rest = Some(behind);
                Some(Ok(record))
            }
            None => {
                rest = None;
                Some(Err(Malformed))
            }
        }
    })
}

fn record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (length, body) = varint(bytes)?;
    let (body, behind) = body.split_at_checked(usize::try_from(length).ok()?)?;
    let raw = bytes.get(..bytes.len() - behind.len())?;
    let fields = body.get(1..)?;
    let (timestamp_delta, fields) = varint(fields)?;
    let (offset_delta, fields) = varint(fields)?;
    let (key, fields) = nullable(fields)?;
    let (value, _) = nullable(fields)?;
    let offset_delta = i32::try_from(offset_delta).ok()?;
    Some((Record { raw, timestamp_delta, offset_delta, key, has_value: value.is_some() }, behind))
}

/// Bytes with their length before them; a negative length is null.
pub(crate) fn nullable(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (length, rest) = varint(bytes)?;
    if length < 0 {
        return Some((None, rest));
    }
    let (content, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((Some(content), rest))
}

/// A zigzag number of up to 64 bits.
pub(crate) fn varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(u32::try_from(index).ok()? * 7)?;
        if byte & 0x80 == 0 {
            let magnitude = i64::try_from(value >> 1).ok()?;
            let number = if value & 1 == 0 { magnitude } else { !magnitude };
            return Some((number, bytes.get(index + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Malformed, records, varint};

    #[test]
    fn numbers_of_every_length_are_read() {
        assert_eq!(varint(&[0]), Some((0, &[][..])));
        assert_eq!(varint(&[1, 7]), Some((-1, &[7][..])));
        assert_eq!(varint(&[0x80, 0x01]), Some((64, &[][..])));
        assert_eq!(varint(&[0xff; 9].iter().copied().chain([1]).collect::<Vec<_>>()).map(|it| it.0), Some(i64::MIN));
        assert_eq!(varint(&[0x80]), None);
        assert_eq!(varint(&[0x80; 11]), None);
    }

    #[test]
    fn keys_and_null_values_are_told_apart() {
        // attributes, timestamp +1, offset +2, key "k", null value, no headers
        let payload = [14, 0, 2, 4, 2, b'k', 1, 0];
        let read: Vec<_> = records(&payload).collect();
        let record = read[0].unwrap();
        assert_eq!((record.timestamp_delta, record.offset_delta), (1, 2));
        assert_eq!((record.key, record.has_value, record.raw), (Some(&b"k"[..]), false, &payload[..]));
    }

    #[test]
    fn a_record_that_is_cut_off_ends_the_walk() {
        let read: Vec<_> = records(&[14, 0, 2, 4, 2]).collect();
        assert_eq!(read, [Err(Malformed)]);
    }
}
