//! A partition: append, mark, trim. Reading is in `read`, compaction in `compaction`, coming back after a restart in
//! `restore`.
//!
//! There are no replicas: the high watermark is the end of the log.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::batch::{self, Header};
use super::budget::Budget;
use super::producers::{Producers, Verdict};
use super::records::records;
use crate::directory::LogJournal;
use crate::topics::Settings;

/// A batch in the log.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) base: i64,
    /// The last offset it covers; compaction may have taken the record there.
    pub(crate) last: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) bytes: Bytes,
    /// Tombstones in it go at this time; set when compaction has met them first.
    pub(crate) tombstones_until: Option<i64>,
}

/// A transaction that was aborted: its records are hidden from readers of committed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Aborted {
    pub(crate) producer_id: i64,
    pub(crate) first: i64,
    /// Of its marker.
    pub(crate) marker: i64,
}

/// What a producer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    /// -1 when the batch kept its own times.
    pub(crate) append_time_ms: i64,
    /// Found in the log instead of being appended.
    pub(crate) duplicate: bool,
}

#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) batches: VecDeque<Batch>,
    /// The first offset there is.
    pub(crate) start: i64,
    /// The next offset to be written.
    pub(crate) end: i64,
    bytes: u64,
    pub(crate) producers: Producers,
    pub(crate) aborted: Vec<Aborted>,
    /// The node that leads it.
    pub(crate) leader: i32,
    /// Leader epochs and the offsets they began at.
    pub(crate) epochs: Vec<(i32, i64)>,
    /// Every append is refused with this; set by a fault.
    pub(crate) refusal: Option<ResponseError>,
    /// Long polls that wait for something new here.
    waiters: Vec<(u64, Arc<Notify>)>,
    budget: Budget,
    journal: LogJournal,
}

impl Partition {
    pub(crate) fn new(leader: i32, budget: Budget) -> Self {
        Self {
            batches: VecDeque::new(),
            start: 0,
            end: 0,
            bytes: 0,
            producers: Producers::default(),
            aborted: Vec::new(),
            leader,
            epochs: vec![(0, 0)],
            refusal: None,
            waiters: Vec::new(),
            budget,
            journal: LogJournal::default(),
        }
    }

    pub(crate) fn noting(mut self, journal: LogJournal) -> Self {
        self.journal = journal;
        self
    }

    pub(crate) fn leader_epoch(&self) -> i32 {
        self.epochs.last().map_or(0, |(epoch, _)| *epoch)
    }

    /// Everything before it is decided: no open transaction has written there.
    pub(crate) fn last_stable(&self) -> i64 {
        self.producers.first_open().unwrap_or(self.end)
    }

    /// Appends a batch that a client sent; `header` was read from it and checked.
    ///
    /// # Errors
    /// What the producer is answered.
    pub(crate) fn append(
        &mut self,
        header: &Header,
        bytes: &[u8],
        settings: &Settings,
        now_ms: i64,
    ) -> Result<Appended, ResponseError> {
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        check_content(header, bytes, settings, now_ms)?;
        if header.producer_id >= 0
            && let Verdict::Duplicate(batch) = self.producers.check(header)?
        {
            let append_time_ms = if settings.append_time { batch.timestamp } else { -1 };
            return Ok(Appended { base_offset: batch.base_offset, append_time_ms, duplicate: true });
        }
        if !self.budget.fits(bytes.len()) {
            return Err(ResponseError::KafkaStorageError);
        }
        let mut copy = BytesMut::from(bytes);
        let mut timestamp = header.max_timestamp;
        if settings.append_time {
            timestamp = now_ms;
            batch::set_append_time(&mut copy, header, now_ms);
        }
        let base_offset = self.push(copy, header.last_offset_delta, timestamp);
        if header.producer_id >= 0 {
            self.producers.appended(header, base_offset, timestamp);
        }
        self.keep_bytes(settings);
        Ok(Appended { base_offset, append_time_ms: if settings.append_time { now_ms } else { -1 }, duplicate: false })
    }

    /// Appends a batch of the broker's own, with a producer id and without a sequence number.
    pub(crate) fn append_ours(&mut self, bytes: BytesMut, settings: &Settings) {
        let Ok(header) = Header::read(&bytes) else { return };
        let base_offset = self.push(bytes, header.last_offset_delta, header.max_timestamp);
        self.producers.appended(&header, base_offset, header.max_timestamp);
        self.keep_bytes(settings);
    }

    /// Ends a producer's transaction here. The marker takes an offset, whether or not anything was written.
    ///
    /// # Errors
    /// INVALID_PRODUCER_EPOCH: a newer incarnation has written here.
    pub(crate) fn mark(&mut self, producer: (i64, i16), commit: bool, now_ms: i64) -> Result<(), ResponseError> {
        let (producer_id, epoch) = producer;
        if self.producers.epoch_of(producer_id).is_some_and(|known| known > epoch) {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        let marker = self.push(batch::marker(producer_id, epoch, commit, now_ms), 0, now_ms);
        if let Some(first) = self.producers.ended(producer_id, epoch, now_ms)
            && !commit
        {
            self.aborted.push(Aborted { producer_id, first, marker });
        }
        Ok(())
    }

    fn push(&mut self, mut bytes: BytesMut, last_offset_delta: i32, max_timestamp: i64) -> i64 {
        let base = self.end;
        batch::place(&mut bytes, base, self.leader_epoch());
        let last = base + i64::from(last_offset_delta);
        let batch = Batch { base, last, max_timestamp, bytes: bytes.freeze(), tombstones_until: None };
        self.journal.appended(&batch.bytes);
        self.put(batch);
        self.wake();
        base
    }

    pub(super) fn put(&mut self, batch: Batch) {
        self.bytes += batch.bytes.len() as u64;
        self.budget.add(batch.bytes.len());
        self.end = batch.last + 1;
        self.batches.push_back(batch);
    }

    /// Moves the start up to this offset; batches that end before it go.
    ///
    /// # Errors
    /// OFFSET_OUT_OF_RANGE: there is nothing there yet, or no longer.
    pub(crate) fn delete_before(&mut self, offset: i64) -> Result<(), ResponseError> {
        if offset < self.start || offset > self.end {
            return Err(ResponseError::OffsetOutOfRange);
        }
        self.journal.starts_at(offset);
        self.begin_at(offset);
        self.wake();
        Ok(())
    }

    pub(super) fn begin_at(&mut self, offset: i64) {
        self.start = offset;
        while self.batches.front().is_some_and(|batch| batch.last < offset) {
            self.drop_first();
        }
        self.aborted.retain(|aborted| aborted.marker >= offset);
    }

    /// What `retention.ms` takes. Batches of open transactions stay.
    pub(crate) fn keep_time(&mut self, settings: &Settings, now_ms: i64) {
        let Some(retention_ms) = settings.retention_ms.filter(|_| settings.delete) else { return };
        let limit = now_ms.saturating_sub(retention_ms);
        self.drop_while(|batch, _| batch.max_timestamp < limit);
    }

    /// What `retention.bytes` takes.
    fn keep_bytes(&mut self, settings: &Settings) {
        let Some(retention_bytes) = settings.retention_bytes.filter(|_| settings.delete) else { return };
        self.drop_while(|batch, bytes| bytes.saturating_sub(batch.bytes.len() as u64) >= retention_bytes);
    }

    fn drop_while(&mut self, goes: impl Fn(&Batch, u64) -> bool) {
        let (stable, before) = (self.last_stable(), self.start);
        while self.batches.front().is_some_and(|batch| batch.last < stable && goes(batch, self.bytes)) {
            if let Some(batch) = self.drop_first() {
                self.start = self.start.max(batch.last + 1);
            }
        }
        let start = self.start;
        if start != before {
            self.journal.starts_at(start);
        }
        self.aborted.retain(|aborted| aborted.marker >= start);
    }

    fn drop_first(&mut self) -> Option<Batch> {
        let batch = self.batches.pop_front()?;
        self.count_out(batch.bytes.len());
        Some(batch)
    }

    /// Puts a compacted log in the place of the present one; its offsets lie in the same range.
    pub(crate) fn replace(&mut self, batches: VecDeque<Batch>) {
        let old = std::mem::take(&mut self.batches);
        old.iter().for_each(|batch| self.count_out(batch.bytes.len()));
        for batch in &batches {
            self.bytes += batch.bytes.len() as u64;
            self.budget.add(batch.bytes.len());
        }
        self.batches = batches;
    }

    fn count_out(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes as u64);
        self.budget.remove(bytes);
    }

    /// Another node leads from now on.
    pub(crate) fn lead(&mut self, node: i32) {
        self.leader = node;
        let (epoch, offset) = (self.leader_epoch().saturating_add(1), self.end);
        self.journal.led(epoch, offset);
        self.epochs.push((epoch, offset));
        self.wake();
    }

    /// Wakes `waiter` whenever something changes here, until [`Self::leave`].
    pub(crate) fn wait(&mut self, id: u64, waiter: &Arc<Notify>) {
        self.waiters.push((id, Arc::clone(waiter)));
    }

    pub(crate) fn leave(&mut self, id: u64) {
        self.waiters.retain(|(waiter, _)| *waiter != id);
        if self.waiters.is_empty() {
            // Ten thousand idle partitions keep nothing.
            self.waiters.shrink_to_fit();
        }
    }

    pub(crate) fn wake(&self) {
        self.waiters.iter().for_each(|(_, waiter)| waiter.notify_one());
    }
}

impl Drop for Partition {
    fn drop(&mut self) {
        while self.drop_first().is_some() {}
        self.wake();
    }
}

/// What can be wrong with a batch in itself.
fn check_content(header: &Header, bytes: &[u8], settings: &Settings, now_ms: i64) -> Result<(), ResponseError> {
    if bytes.len() > settings.max_message_bytes {
        return Err(ResponseError::MessageTooLarge);
    }
    if header.is_control() || header.producer_id >= 0 && header.base_sequence < 0 {
        return Err(ResponseError::InvalidRecord);
    }
    if header.is_transactional() && header.producer_id < 0 {
        return Err(ResponseError::InvalidRecord);
    }
    if !settings.append_time && header.max_timestamp.saturating_sub(now_ms) > settings.timestamp_after_max_ms {
        return Err(ResponseError::InvalidTimestamp);
    }
    if !settings.append_time && now_ms.saturating_sub(header.max_timestamp) > settings.timestamp_before_max_ms {
        return Err(ResponseError::InvalidTimestamp);
    }
    if header.is_compressed() {
        return Ok(());
    }
    // Counting costs one pass over lengths; a compressed batch would have to be unpacked for it, and is believed.
    let payload = bytes.get(batch::HEADER_BYTES..).unwrap_or_default();
    let mut count = 0;
    for record in records(payload) {
        let record = record.map_err(|_| ResponseError::CorruptMessage)?;
        if settings.compact && record.key.is_none() || record.offset_delta != count {
            return Err(ResponseError::InvalidRecord);
        }
        count += 1;
    }
    if count == header.count { Ok(()) } else { Err(ResponseError::InvalidRecord) }
}

#[cfg(test)]
mod tests;
