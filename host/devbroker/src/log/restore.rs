//! A partition after a restart: what is written down about it, and how it comes back from that.

use bytes::Bytes;

use super::batch::{HEADER_BYTES, Header};
use super::partition::{Aborted, Batch, Partition};
use super::records::records;
use crate::directory::Log;

/// Where a marker's key says which one it is, and what it says for a commit.
const MARKER_TYPE_AT: usize = 3;
const COMMIT: u8 = 1;
/// No partition comes this far: a journal that says so is damaged, and what is appended behind it would overflow.
const OFFSET_MAX: i64 = i64::MAX / 2;

impl Partition {
    /// All but its batches. `None`: it is as every partition begins.
    pub(crate) fn facts(&self) -> Option<Log> {
        let mut producers: Vec<_> = self.producers.all().map(|(id, producer)| (id, producer.clone())).collect();
        producers.sort_by_key(|(id, _)| *id);
        if self.end == 0 && self.leader_epoch() == 0 && producers.is_empty() {
            return None;
        }
        let (epochs, aborted) = (self.epochs.clone(), self.aborted.clone());
        Some(Log { start: self.start, end: self.end, epochs, aborted, producers })
    }

    /// As it was then; its batches follow by [`Self::restore_kept`]. `None`: it can't have been so.
    pub(crate) fn restore(&mut self, log: Log) -> Option<()> {
        if !(0..=log.end).contains(&log.start) || log.end > OFFSET_MAX {
            return None;
        }
        (self.start, self.end, self.epochs, self.aborted) = (log.start, log.end, log.epochs, log.aborted);
        log.producers.into_iter().for_each(|(id, producer)| self.producers.restore(id, producer));
        Some(())
    }

    /// A batch that was there when the log's facts were written: they know its producer.
    pub(crate) fn restore_kept(&mut self, bytes: Bytes) -> Option<()> {
        let (_, batch) = whole(bytes)?;
        let (end, from) = (self.end, self.batches.back().map_or(0, |before| before.last + 1));
        if batch.base < from || batch.last >= end {
            return None;
        }
        self.put(batch);
        // Compaction may have taken the last ones.
        self.end = end;
        Some(())
    }

    /// A batch that was appended later, with all that follows from it.
    pub(crate) fn restore_appended(&mut self, bytes: Bytes) -> Option<()> {
        let (header, batch) = whole(bytes)?;
        if batch.base != self.end {
            return None;
        }
        let (base, timestamp, commits) = (batch.base, batch.max_timestamp, commits(&batch));
        self.put(batch);
        if header.is_control() {
            let began = self.producers.ended(header.producer_id, header.producer_epoch, timestamp);
            if let (Some(first), false) = (began, commits?) {
                self.aborted.push(Aborted { producer_id: header.producer_id, first, marker: base });
            }
        } else if header.producer_id >= 0 {
            self.producers.appended(&header, base, timestamp);
        }
        Some(())
    }

    /// What lies before it was gone. `None`: nothing has ever been there.
    pub(crate) fn restore_start(&mut self, offset: i64) -> Option<()> {
        if !(self.start..=self.end).contains(&offset) {
            return None;
        }
        self.begin_at(offset);
        Some(())
    }
}

fn whole(bytes: Bytes) -> Option<(Header, Batch)> {
    let header = Header::read(&bytes).ok()?;
    let base = bytes.first_chunk::<8>().map(|base| i64::from_be_bytes(*base)).filter(|base| *base >= 0)?;
    let last =
        base.checked_add(i64::from(header.last_offset_delta)).filter(|last| (base..OFFSET_MAX).contains(last))?;
    Some((header, Batch { base, last, max_timestamp: header.max_timestamp, bytes, tombstones_until: None }))
}

/// What a marker says, `None` for a batch that is none.
fn commits(batch: &Batch) -> Option<bool> {
    let record = records(batch.bytes.get(HEADER_BYTES..)?).next()?.ok()?;
    Some(*record.key?.get(MARKER_TYPE_AT)? == COMMIT)
}
