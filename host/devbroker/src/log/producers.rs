//! What a partition knows of each producer: its epoch, its last sequence numbers, its open transaction. This is where a
//! batch that was sent twice is found, and where a former incarnation of a producer is turned away.

use std::collections::{BTreeMap, HashMap, VecDeque};

use kafka_protocol::ResponseError;
use serde::{Deserialize, Serialize};

use super::batch::Header;

/// Batches whose sequence numbers are remembered, which is also how many a client may have in flight.
const BATCHES_REMEMBERED: usize = 5;
/// Producers remembered by a partition; above it the one that wrote longest ago, and has nothing open, is forgotten.
const PRODUCERS_MAX: usize = 10_000;
const NO_SEQUENCE: i32 = -1;

/// A batch that was appended before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sequenced {
    first: i32,
    last: i32,
    pub(crate) base_offset: i64,
    pub(crate) timestamp: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Producer {
    pub(crate) epoch: i16,
    batches: VecDeque<Sequenced>,
    pub(crate) last_timestamp: i64,
    /// The first offset of its open transaction here.
    pub(crate) open_from: Option<i64>,
}

impl Producer {
    pub(crate) fn last_sequence(&self) -> i32 {
        self.batches.back().map_or(NO_SEQUENCE, |batch| batch.last)
    }
}

/// What is to be done with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Append,
    /// It is in the log already: the answer of then is given again.
    Duplicate(Sequenced),
}

#[derive(Debug, Default)]
pub(crate) struct Producers {
    by_id: HashMap<i64, Producer>,
    /// First offsets of open transactions, oldest first.
    open: BTreeMap<i64, i64>,
}

impl Producers {
    /// Looks at a batch with a producer id.
    ///
    /// # Errors
    /// INVALID_PRODUCER_EPOCH: a newer incarnation has written here. OUT_OF_ORDER_SEQUENCE_NUMBER: a batch is missing
    /// before it. INVALID_TXN_STATE: a plain batch inside of the producer's own transaction.
    pub(crate) fn check(&self, header: &Header) -> Result<Verdict, ResponseError> {
        // Nothing known, perhaps because retention took all it had written: any sequence number is taken.
        let Some(producer) = self.by_id.get(&header.producer_id) else { return Ok(Verdict::Append) };
        if header.producer_epoch < producer.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        if header.producer_epoch > producer.epoch {
            let starts_anew = header.base_sequence == 0;
            return if starts_anew { Ok(Verdict::Append) } else { Err(ResponseError::OutOfOrderSequenceNumber) };
        }
        let same = |batch: &&Sequenced| batch.first == header.base_sequence && batch.last == header.last_sequence();
        if let Some(batch) = producer.batches.iter().find(same) {
            return Ok(Verdict::Duplicate(*batch));
        }
        let next = producer.last_sequence().checked_add(1).unwrap_or(0);
        if header.base_sequence != next {
            return Err(ResponseError::OutOfOrderSequenceNumber);
        }
        if producer.open_from.is_some() && !header.is_transactional() {
            return Err(ResponseError::InvalidTxnState);
        }
        Ok(Verdict::Append)
    }

    /// Remembers a batch that was appended at this offset.
    pub(crate) fn appended(&mut self, header: &Header, base_offset: i64, timestamp: i64) {
        self.forget_one_of_too_many(header.producer_id);
        let producer = self.by_id.entry(header.producer_id).or_default();
        if producer.epoch != header.producer_epoch {
            producer.epoch = header.producer_epoch;
            producer.batches.clear();
        }
        let (first, last) = (header.base_sequence, header.last_sequence());
        producer.batches.push_back(Sequenced { first, last, base_offset, timestamp });
        if producer.batches.len() > BATCHES_REMEMBERED {
            producer.batches.pop_front();
        }
        producer.last_timestamp = timestamp;
        if header.is_transactional() && producer.open_from.is_none() {
            producer.open_from = Some(base_offset);
            self.open.insert(base_offset, header.producer_id);
        }
    }

    /// A marker was written: the producer's transaction here is over. Gives where it began, if it had begun.
    pub(crate) fn ended(&mut self, producer_id: i64, epoch: i16, timestamp: i64) -> Option<i64> {
        self.forget_one_of_too_many(producer_id);
        let producer = self.by_id.entry(producer_id).or_default();
        if producer.epoch < epoch {
            producer.epoch = epoch;
            producer.batches.clear();
        }
        producer.last_timestamp = timestamp;
        let began = producer.open_from.take()?;
        self.open.remove(&began);
        Some(began)
    }

    /// Whether the producer has an open transaction here, in this epoch.
    pub(crate) fn has_open(&self, producer_id: i64, epoch: i16) -> bool {
        self.by_id.get(&producer_id).is_some_and(|it| it.epoch == epoch && it.open_from.is_some())
    }

    pub(crate) fn epoch_of(&self, producer_id: i64) -> Option<i16> {
        self.by_id.get(&producer_id).map(|producer| producer.epoch)
    }

    /// The first offset of the oldest open transaction.
    pub(crate) fn first_open(&self) -> Option<i64> {
        self.open.first_key_value().map(|(offset, _)| *offset)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (i64, &Producer)> {
        self.by_id.iter().map(|(id, producer)| (*id, producer))
    }

    /// As an earlier run knew it.
    pub(crate) fn restore(&mut self, id: i64, producer: Producer) {
        if let Some(offset) = producer.open_from {
            self.open.insert(offset, id);
        }
        self.by_id.insert(id, producer);
    }

    fn forget_one_of_too_many(&mut self, keep: i64) {
        if self.by_id.len() < PRODUCERS_MAX || self.by_id.contains_key(&keep) {
            return;
        }
        let idle = self.by_id.iter().filter(|(_, producer)| producer.open_from.is_none());
        if let Some(oldest) = idle.min_by_key(|(_, producer)| producer.last_timestamp).map(|(id, _)| *id) {
            self.by_id.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests;
