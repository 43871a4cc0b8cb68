//! Reading a partition: by offset with the bounds a fetch states, and by time.

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::batch::{HEADER_BYTES, Header};
use super::partition::{Aborted, Batch, Partition};
use super::records::records;

/// How far a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isolation {
    Uncommitted,
    Committed,
}

impl Isolation {
    pub(crate) fn from_level(level: i8) -> Self {
        if level == 1 { Self::Committed } else { Self::Uncommitted }
    }
}

/// Whole batches, and what a reader of committed data must leave out of them.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    pub(crate) batches: Vec<Bytes>,
    pub(crate) bytes: usize,
    pub(crate) aborted: Vec<Aborted>,
}

impl Partition {
    /// Where a reader with this isolation finds the end.
    pub(crate) fn end_for(&self, isolation: Isolation) -> i64 {
        match isolation {
            Isolation::Uncommitted => self.end,
            Isolation::Committed => self.last_stable(),
        }
    }

    /// Batches from the one that holds `offset`, up to `bytes_max`; the first is given however large it is when
    /// `at_least_one` is set.
    ///
    /// # Errors
    /// OFFSET_OUT_OF_RANGE.
    pub(crate) fn read(
        &self,
        offset: i64,
        isolation: Isolation,
        bytes_max: usize,
        at_least_one: bool,
    ) -> Result<Slice, ResponseError> {
        if offset < self.start || offset > self.end {
            return Err(ResponseError::OffsetOutOfRange);
        }
        let limit = self.end_for(isolation);
        let from = self.batches.partition_point(|batch| batch.last < offset);
        let mut slice = Slice::default();
        let mut last = offset;
        for batch in self.batches.range(from..).take_while(|batch| batch.base < limit) {
            let is_forced = at_least_one && slice.batches.is_empty();
            if slice.bytes.saturating_add(batch.bytes.len()) > bytes_max && !is_forced {
                break;
            }
            slice.bytes += batch.bytes.len();
            last = batch.last;
            slice.batches.push(batch.bytes.clone());
        }
        if isolation == Isolation::Committed && !slice.batches.is_empty() {
            let touches = |it: &&Aborted| it.marker >= offset && it.first <= last;
            slice.aborted = self.aborted.iter().filter(touches).copied().collect();
        }
        Ok(slice)
    }

    /// The first record at or after this time that the reader may see: its time and offset.
    pub(crate) fn at_time(&self, timestamp: i64, isolation: Isolation) -> Option<(i64, i64)> {
        let limit = self.end_for(isolation);
        let candidates = self.batches.iter().filter(|batch| batch.max_timestamp >= timestamp);
        let found = candidates.filter_map(|batch| first_from(batch, timestamp, self.start)).next()?;
        Some(found).filter(|(_, offset)| *offset < limit)
    }

    /// The record with the largest time, the first of several: its time and offset.
    pub(crate) fn at_max_time(&self) -> Option<(i64, i64)> {
        // max_by_key takes the last of equals.
        let latest = self.batches.iter().rev().max_by_key(|batch| batch.max_timestamp)?;
        first_from(latest, latest.max_timestamp, self.start).or(Some((latest.max_timestamp, latest.base)))
    }

    /// Where this leader epoch ends: the largest epoch not above it, and the offset at which the next one begins.
    pub(crate) fn end_of_epoch(&self, epoch: i32) -> Option<(i32, i64)> {
        let at = self.epochs.partition_point(|(known, _)| *known <= epoch);
        let (known, _) = self.epochs.get(at.checked_sub(1)?)?;
        let end = self.epochs.get(at).map_or(self.end, |(_, begins)| *begins);
        Some((*known, end))
    }
}

/// Within one batch. A compressed batch is not unpacked: it is known by its first offset and its largest time.
fn first_from(batch: &Batch, timestamp: i64, start: i64) -> Option<(i64, i64)> {
    let header = Header::read(&batch.bytes).ok()?;
    if header.is_compressed() || header.has_append_time() {
        return Some((batch.max_timestamp, batch.base.max(start)));
    }
    records(batch.bytes.get(HEADER_BYTES..)?).map_while(Result::ok).find_map(|record| {
        let at = header.base_timestamp.saturating_add(record.timestamp_delta);
        let offset = batch.base + i64::from(record.offset_delta);
        (at >= timestamp && offset >= start).then_some((at, offset))
    })
}

#[cfg(test)]
mod tests;
