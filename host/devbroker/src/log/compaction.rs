//! `cleanup.policy=compact`: of each key the latest record stays; a tombstone stays for `delete.retention.ms` after the
//! first pass that met it.
//!
//! Only what lies below the last stable offset is touched. Records of aborted transactions go. Compressed batches are
//! kept whole, because nothing here unpacks them: a reader of a compacted topic has to expect old values anyway.

use std::collections::{HashMap, VecDeque};

use super::batch::{self, HEADER_BYTES, Header};
use super::partition::{Batch, Partition};
use super::records::records;
use crate::topics::Settings;

impl Partition {
    /// One pass over the log.
    pub(crate) fn compact(&mut self, settings: &Settings, now_ms: i64) {
        if !settings.compact {
            return;
        }
        let stable = self.last_stable();
        let latest = self.latest_of_each_key(stable);
        let mut kept = VecDeque::with_capacity(self.batches.len());
        for batch in &self.batches {
            if batch.base >= stable {
                kept.push_back(batch.clone());
            } else if let Some(batch) = self.compacted(batch, &latest, settings, now_ms) {
                kept.push_back(batch);
            }
        }
        self.replace(kept);
    }

    fn latest_of_each_key(&self, stable: i64) -> HashMap<Vec<u8>, i64> {
        let mut latest = HashMap::new();
        for batch in self.batches.iter().take_while(|batch| batch.base < stable) {
            let Ok(header) = Header::read(&batch.bytes) else { continue };
            if header.is_compressed() || header.is_control() || self.is_aborted(batch, &header) {
                continue;
            }
            for record in records(payload(batch)).map_while(Result::ok) {
                if let Some(key) = record.key {
                    latest.insert(key.to_vec(), batch.base + i64::from(record.offset_delta));
                }
            }
        }
        latest
    }

    /// What is left of a batch, `None` when it goes as a whole.
    fn compacted(
        &self,
        batch: &Batch,
        latest: &HashMap<Vec<u8>, i64>,
        settings: &Settings,
        now_ms: i64,
    ) -> Option<Batch> {
        let header = Header::read(&batch.bytes).ok()?;
        if header.is_compressed() || header.is_control() {
            return Some(batch.clone());
        }
        if self.is_aborted(batch, &header) {
            return None;
        }
        let mut kept = batch.clone();
        let has_tombstones = records(payload(batch)).map_while(Result::ok).any(|record| !record.has_value);
        if has_tombstones {
            let until = now_ms.saturating_add(settings.delete_retention_ms);
            kept.tombstones_until = Some(batch.tombstones_until.unwrap_or(until));
        }
        let tombstones_go = kept.tombstones_until.is_some_and(|until| until <= now_ms);
        let stays = |record: &super::records::Record<'_>| {
            let offset = batch.base + i64::from(record.offset_delta);
            let is_latest = record.key.is_none_or(|key| latest.get(key) == Some(&offset));
            is_latest && (record.has_value || !tombstones_go)
        };
        let left: Vec<&[u8]> =
            records(payload(batch)).map_while(Result::ok).filter(stays).map(|record| record.raw).collect();
        if left.is_empty() {
            return None;
        }
        if i32::try_from(left.len()) != Ok(header.count) {
            kept.bytes = batch::with_records(&batch.bytes, left.into_iter())?;
        }
        Some(kept)
    }

    fn is_aborted(&self, batch: &Batch, header: &Header) -> bool {
        header.is_transactional()
            && self.aborted.iter().any(|aborted| {
                aborted.producer_id == header.producer_id && (aborted.first..aborted.marker).contains(&batch.base)
            })
    }
}

fn payload(batch: &Batch) -> &[u8] {
    batch.bytes.get(HEADER_BYTES..).unwrap_or_default()
}

#[cfg(test)]
mod tests;
