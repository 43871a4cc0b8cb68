//! The transaction coordinator, as Kafka has it for clients that do not know KIP-890's second part.
//!
//! ```text
//! Empty ──add──> Ongoing ──EndTxn──> PrepareCommit / PrepareAbort ──all markers written──> CompleteCommit / CompleteAbort
//!   ^               │ timeout, or InitProducerId: epoch + 1, PrepareAbort                        │ add: Ongoing
//!   └──────────────────────────────── InitProducerId: epoch + 1 ─────────────────────────────────┘
//! ```
//!
//! EndTxn is answered in the Prepare state. The markers follow, each partition's on its own, whenever the schedule in
//! [`markers`] lets it; until the last is written everything else gets CONCURRENT_TRANSACTIONS. The epoch does not
//! change between two transactions: an EndTxn that comes late ends the next one, and a client must know that.

pub(crate) mod markers;
mod restore;
mod state;
mod view;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kafka_protocol::ResponseError;
use tracing::info;

pub(crate) use state::State;
pub use view::TransactionState;
pub(crate) use view::View;

use crate::clock::Moment;
use crate::directory::{Fact, Journal};
pub(crate) use markers::Target as MarkerTarget;
use markers::{Marker, Markers};
use state::Transaction;

/// `transaction.max.timeout.ms`.
const TIMEOUT_MAX_MS: i32 = 900_000;
/// Transactional ids remembered. Above it a new one is refused: a test that makes so many has a bug.
const TRANSACTIONAL_IDS_MAX: usize = 100_000;
const NO_PRODUCER: (i64, i16) = (-1, -1);

/// A producer's identity: id and epoch.
pub(crate) type ProducerId = (i64, i16);

#[derive(Debug)]
pub(crate) struct Transactions {
    by_id: BTreeMap<String, Transaction>,
    next_producer_id: i64,
    pub(crate) markers: Markers,
    /// When timeouts are looked at next, and how often.
    next_check: Option<Instant>,
    check_interval: Duration,
    journal: Journal,
}

impl Transactions {
    pub(crate) fn new(check_interval: Duration, markers: Markers) -> Self {
        let (by_id, journal) = (BTreeMap::new(), Journal::default());
        Self { by_id, next_producer_id: 0, markers, next_check: None, check_interval, journal }
    }

    pub(crate) fn noting(self, journal: Journal) -> Self {
        Self { journal, ..self }
    }

    pub(crate) fn new_producer_id(&mut self) -> i64 {
        let id = self.next_producer_id;
        self.next_producer_id = id.saturating_add(1);
        self.journal.note(|| Fact::ProducerId { next: self.next_producer_id });
        id
    }

    /// InitProducerId with a transactional id. `expected` is what the client believes to be, `(-1, -1)` if nothing.
    ///
    /// # Errors
    /// CONCURRENT_TRANSACTIONS while a former transaction is being ended, be it by this very call.
    pub(crate) fn init(
        &mut self,
        id: &str,
        timeout_ms: i32,
        expected: ProducerId,
        now: Moment,
    ) -> Result<ProducerId, ResponseError> {
        if id.is_empty() {
            return Err(ResponseError::InvalidRequest);
        }
        if !(1..=TIMEOUT_MAX_MS).contains(&timeout_ms) {
            return Err(ResponseError::InvalidTransactionTimeout);
        }
        if !self.by_id.contains_key(id) {
            if self.by_id.len() >= TRANSACTIONAL_IDS_MAX {
                return Err(ResponseError::PolicyViolation);
            }
            let new = Transaction::new(self.new_producer_id());
            self.by_id.insert(id.to_owned(), new);
        }
        let spare_producer_id = self.next_producer_id;
        let Some(transaction) = self.by_id.get_mut(id) else { return Err(ResponseError::UnknownServerError) };
        if expected != NO_PRODUCER && transaction.epoch >= 0 && expected.0 != transaction.producer_id {
            return Err(ResponseError::ProducerFenced);
        }
        match transaction.state {
            State::PrepareCommit | State::PrepareAbort => Err(ResponseError::ConcurrentTransactions),
            State::Ongoing => {
                self.fence(id, now);
                Err(ResponseError::ConcurrentTransactions)
            }
            State::Empty | State::CompleteCommit | State::CompleteAbort => {
                let (producer, took_new) = transaction.renew(expected, spare_producer_id)?;
                transaction.timeout_ms = timeout_ms;
                if took_new {
                    self.new_producer_id();
                }
                self.note(id);
                Ok(producer)
            }
        }
    }

    /// AddPartitionsToTxn: these partitions get a marker at the end. They exist.
    pub(crate) fn add_partitions(
        &mut self,
        id: &str,
        producer: ProducerId,
        partitions: impl IntoIterator<Item = (String, i32)>,
        now: Moment,
    ) -> Result<(), ResponseError> {
        let transaction = self.open_for_more(id, producer, now)?;
        transaction.partitions.extend(partitions);
        self.note(id);
        self.watch_timeouts(now);
        Ok(())
    }

    /// AddOffsetsToTxn: the group's positions are part of the transaction.
    pub(crate) fn add_group(
        &mut self,
        id: &str,
        producer: ProducerId,
        group: &str,
        now: Moment,
    ) -> Result<(), ResponseError> {
        let transaction = self.open_for_more(id, producer, now)?;
        transaction.groups.insert(group.to_owned());
        self.note(id);
        self.watch_timeouts(now);
        Ok(())
    }

    /// EndTxn from the producer itself.
    ///
    /// # Errors
    /// PRODUCER_FENCED, CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE, INVALID_PRODUCER_ID_MAPPING, as Kafka has them.
    pub(crate) fn end(
        &mut self,
        id: &str,
        producer: ProducerId,
        commit: bool,
        now: Moment,
    ) -> Result<(), ResponseError> {
        let transaction = self.of(id, producer)?;
        match (transaction.state, commit) {
            (State::Ongoing, _) => {
                self.prepare(id, commit, now);
                Ok(())
            }
            // The answer of then was lost. This is also what lets a late EndTxn pass for a repeated one.
            (State::CompleteCommit, true) | (State::CompleteAbort, false) => Ok(()),
            (State::PrepareCommit, true) | (State::PrepareAbort, false) => Err(ResponseError::ConcurrentTransactions),
            _ => Err(ResponseError::InvalidTxnState),
        }
    }

    /// May this producer write to a partition that it has not written to in this transaction yet?
    pub(crate) fn verify_partition(
        &mut self,
        id: &str,
        producer: ProducerId,
        partition: (&str, i32),
    ) -> Result<(), ResponseError> {
        let transaction = self.verify(id, producer)?;
        let is_added = transaction.partitions.iter().any(|(topic, index)| (topic.as_str(), *index) == partition);
        if is_added { Ok(()) } else { Err(ResponseError::InvalidTxnState) }
    }

    /// May this producer send positions of the group? Also while the group's marker is not written yet.
    pub(crate) fn verify_group(&mut self, id: &str, producer: ProducerId, group: &str) -> Result<(), ResponseError> {
        if self.markers.is_waiting_for_group(producer, group) {
            return Ok(());
        }
        let transaction = self.verify(id, producer)?;
        if transaction.groups.contains(group) { Ok(()) } else { Err(ResponseError::InvalidTxnState) }
    }

    /// This one was written; a transaction without a waiting marker is complete.
    pub(crate) fn marked(&mut self, marker: &Marker) {
        if self.markers.has_waiting(&marker.transactional_id) {
            return;
        }
        if let Some(transaction) = self.by_id.get_mut(&marker.transactional_id) {
            transaction.complete();
            self.note(&marker.transactional_id);
        }
    }

    /// Aborts what has passed its timeout, at the interval that Kafka looks for it.
    pub(crate) fn check_timeouts(&mut self, now: Moment) {
        if self.next_check.is_none_or(|at| at > now.at) {
            return;
        }
        let late = |it: &Transaction| it.state == State::Ongoing && it.deadline().is_some_and(|at| at <= now.at);
        let late: Vec<String> = self.by_id.iter().filter(|(_, it)| late(it)).map(|(id, _)| id.clone()).collect();
        for id in late {
            info!(transactional_id = id, "a transaction has passed its timeout and is aborted");
            self.fence(&id, now);
        }
        let is_open = self.by_id.values().any(|it| it.state == State::Ongoing);
        self.next_check = is_open.then(|| now.at + self.check_interval);
    }

    /// When timeouts are to be looked at.
    pub(crate) fn next_check(&self) -> Option<Instant> {
        self.next_check
    }

    /// Raises the epoch, so that the present producer is turned away wherever it comes, and aborts what is open.
    /// Returns false for an unknown id.
    pub(crate) fn fence(&mut self, id: &str, now: Moment) -> bool {
        let Some(transaction) = self.by_id.get_mut(id) else { return false };
        transaction.epoch = transaction.epoch.saturating_add(1);
        transaction.last_epoch = -1;
        match transaction.state {
            State::Ongoing => self.prepare(id, false, now),
            _ => self.note(id),
        }
        true
    }

    /// A partition is gone, and its markers with it.
    pub(crate) fn forget_topic(&mut self, topic: &str) {
        for transaction in self.by_id.values_mut() {
            transaction.partitions.retain(|(name, _)| name != topic);
        }
        let gone = self.markers.take_topic(topic);
        gone.iter().for_each(|marker| self.marked(marker));
    }

    pub(crate) fn view(&self, id: &str) -> Option<View> {
        self.by_id.get(id).map(|transaction| View::of(id, transaction))
    }

    pub(crate) fn views(&self) -> impl Iterator<Item = View> {
        self.by_id.iter().map(|(id, transaction)| View::of(id, transaction))
    }

    /// The transaction, if it is this producer's.
    fn of(&mut self, id: &str, producer: ProducerId) -> Result<&mut Transaction, ResponseError> {
        let transaction = self.by_id.get_mut(id).ok_or(ResponseError::InvalidProducerIdMapping)?;
        if transaction.producer_id != producer.0 {
            return Err(ResponseError::InvalidProducerIdMapping);
        }
        if transaction.epoch != producer.1 {
            return Err(ResponseError::ProducerFenced);
        }
        Ok(transaction)
    }

    fn open_for_more(
        &mut self,
        id: &str,
        producer: ProducerId,
        now: Moment,
    ) -> Result<&mut Transaction, ResponseError> {
        if id.is_empty() {
            return Err(ResponseError::InvalidRequest);
        }
        let transaction = self.of(id, producer)?;
        if matches!(transaction.state, State::PrepareCommit | State::PrepareAbort) {
            return Err(ResponseError::ConcurrentTransactions);
        }
        transaction.begin(now);
        Ok(transaction)
    }

    fn verify(&mut self, id: &str, producer: ProducerId) -> Result<&mut Transaction, ResponseError> {
        let transaction = self.of(id, producer).map_err(|error| match error {
            // What a partition's leader makes of it for a producer.
            ResponseError::ProducerFenced => ResponseError::InvalidProducerEpoch,
            other => other,
        })?;
        if transaction.state == State::Ongoing { Ok(transaction) } else { Err(ResponseError::InvalidTxnState) }
    }

    fn prepare(&mut self, id: &str, commit: bool, now: Moment) {
        let Some(transaction) = self.by_id.get_mut(id) else { return };
        transaction.state = if commit { State::PrepareCommit } else { State::PrepareAbort };
        self.send_markers(id, now);
        self.note(id);
    }

    /// To everything that the transaction has touched.
    fn send_markers(&mut self, id: &str, now: Moment) {
        let Some(transaction) = self.by_id.get_mut(id) else { return };
        let commit = transaction.state == State::PrepareCommit;
        let producer = (transaction.producer_id, transaction.epoch);
        let partitions = transaction.partitions.iter().cloned();
        let groups = transaction.groups.iter().cloned().map(MarkerTarget::Group);
        let targets = partitions.map(|(topic, index)| MarkerTarget::Partition(topic, index)).chain(groups).collect();
        let scheduled = self.markers.schedule(id, producer, commit, targets, now.at);
        if scheduled == 0 {
            transaction.complete();
        }
    }

    fn note(&self, id: &str) {
        if let Some(transaction) = self.by_id.get(id) {
            self.journal.note(|| transaction.fact(id));
        }
    }

    fn watch_timeouts(&mut self, now: Moment) {
        self.next_check.get_or_insert(now.at + self.check_interval);
    }
}

#[cfg(test)]
mod tests;
