//! How a key and a value of a store lie in its tree, and when a value has expired.
//!
//! Key: the input's partition (4 bytes, big-endian), then the key, so that a partition is one range and keys keep their
//! order; marks lie behind all partitions. Value: the timestamp of the record that wrote it (8 bytes, big-endian), then the value.

use crate::CacheError;
use std::ops::Bound;
use std::time::Duration;

/// The engine's own limit is 65,535 bytes, of which four are the partition.
pub(crate) const KEY_BYTES_MAX: usize = u16::MAX as usize - PARTITION_BYTES;

const PARTITION_BYTES: usize = 4;
const WRITTEN_BYTES: usize = 8;

/// In the place of a partition: 0xffffffff.
const MARKS: i32 = -1;

/// The record had no timestamp: such a value never expires.
const NO_TIMESTAMP: i64 = i64::MIN;

pub(crate) fn check_key(key: &[u8]) -> Result<(), CacheError> {
    match key.len() {
        bytes if bytes > KEY_BYTES_MAX => Err(CacheError::KeyTooLong { bytes, max: KEY_BYTES_MAX }),
        _ => Ok(()),
    }
}

pub(crate) fn tree_key(partition: i32, key: &[u8]) -> Vec<u8> {
    let mut into = Vec::with_capacity(PARTITION_BYTES + key.len());
    into.extend_from_slice(&partition.cast_unsigned().to_be_bytes());
    into.extend_from_slice(key);
    into
}

/// Where the mark of `partition` lies: partitions are never negative, so before this prefix are all their keys.
pub(crate) fn mark_key(partition: i32) -> Vec<u8> {
    tree_key(MARKS, &partition.to_be_bytes())
}

/// Where all marks lie.
pub(crate) fn marks() -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    range(MARKS, b"", None)
}

/// The partition of a mark's key; `None` if it is none.
pub(crate) fn marked_partition(mark_key: &[u8]) -> Option<i32> {
    Some(i32::from_be_bytes(own_key(mark_key)?.try_into().ok()?))
}

/// The store's key in a tree's key; `None` if it is none of ours.
pub(crate) fn own_key(tree_key: &[u8]) -> Option<&[u8]> {
    tree_key.get(PARTITION_BYTES..)
}

pub(crate) fn tree_value(written_ms: Option<i64>, value: &[u8]) -> Vec<u8> {
    let mut into = Vec::with_capacity(WRITTEN_BYTES + value.len());
    into.extend_from_slice(&written_ms.unwrap_or(NO_TIMESTAMP).to_be_bytes());
    into.extend_from_slice(value);
    into
}

/// When it was written, and the value; `None` if a tree's value is none of ours.
pub(crate) fn own_value(tree_value: &[u8]) -> Option<(Option<i64>, &[u8])> {
    let (written, value) = tree_value.split_first_chunk::<WRITTEN_BYTES>()?;
    let written = i64::from_be_bytes(*written);
    Some(((written != NO_TIMESTAMP).then_some(written), value))
}

/// Where the keys of `partition` lie that begin with `prefix` and come after `after`.
pub(crate) fn range(partition: i32, prefix: &[u8], after: Option<&[u8]>) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let first = tree_key(partition, prefix);
    let upper = successor(&first).map_or(Bound::Unbounded, Bound::Excluded);
    let lower = match after {
        Some(after) if after >= prefix => Bound::Excluded(tree_key(partition, after)),
        _ => Bound::Included(first),
    };
    (lower, upper)
}

/// The least key that is greater than every key that begins with `prefix`; `None` if there is none.
pub(crate) fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next = prefix.get(..=last)?.to_vec();
    if let Some(byte) = next.last_mut() {
        *byte += 1;
    }
    Some(next)
}

/// Whether a value written at `written_ms` is older than `ttl` at `stream_time_ms`, the largest timestamp seen.
///
/// What has no timestamp, and what is read before any timestamp was seen, has not expired.
pub(crate) fn has_expired(written_ms: Option<i64>, ttl: Option<Duration>, stream_time_ms: Option<i64>) -> bool {
    let (Some(written), Some(ttl), Some(now)) = (written_ms, ttl, stream_time_ms) else {
        return false;
    };
    i128::from(now) - i128::from(written) > i128::try_from(ttl.as_millis()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests;
