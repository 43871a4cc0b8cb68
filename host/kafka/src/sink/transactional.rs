//! Exactly once: one Kafka transaction holds outputs, dead letters and positions.

use super::spare::{Client, Spares};
use super::{pairs, tokens};
use crate::KafkaBatch;
use crate::consumer::{Consumer, GroupMetadata};
use crate::error::KafkaError;
use crate::outlet::{Outlet, OutputTopics};
use crate::producer::{Producer, ProducerSettings};
use crate::transaction::{Drained, Open, Positioned, Ready, Transaction};
use std::sync::Arc;
use std::time::Duration;
use wasmill_record::{
    ChangelogEnd, ChangelogPartition, Class, DeadLetter, Emission, Failure, InputPartition, Origin, Position, Refusal,
    Reply, Sink, Wire, WriteError,
};

/// The transactional producer of one worker. `stage` says how far the open transaction has come.
pub struct TransactionalSink {
    consumer: Arc<Consumer>,
    outlet: Option<Outlet>,
    stage: Stage,
    spares: Spares,
}

enum Stage {
    /// No usable producer.
    Nothing,
    Fresh(Arc<Producer>),
    Ready(Transaction<Ready>),
    Open(Transaction<Open>),
    Drained(Transaction<Drained>),
    Positioned(Transaction<Positioned>),
}

impl TransactionalSink {
    pub fn new(
        consumer: Arc<Consumer>,
        settings: ProducerSettings,
        topics: Arc<OutputTopics>,
    ) -> Result<TransactionalSink, KafkaError> {
        let mut spares = Spares::new(settings, topics);
        let Client { outlet, producer } = spares.take()?;
        spares.refill();
        Ok(TransactionalSink { consumer, outlet: Some(outlet), stage: Stage::Fresh(producer), spares })
    }

    fn writing(&self) -> Result<(&Outlet, &Producer), WriteError> {
        match (&self.stage, &self.outlet) {
            (Stage::Open(transaction), Some(outlet)) => Ok((outlet, transaction.producer())),
            _ => Err(WriteError::Failed(out_of_order("write"))),
        }
    }

    fn producer(&self) -> Option<&Producer> {
        match &self.stage {
            Stage::Nothing => None,
            Stage::Fresh(producer) => Some(producer),
            Stage::Ready(transaction) => Some(transaction.producer()),
            Stage::Open(transaction) => Some(transaction.producer()),
            Stage::Drained(transaction) => Some(transaction.producer()),
            Stage::Positioned(transaction) => Some(transaction.producer()),
        }
    }

    /// Keeps the stage that a move led to, or the one it failed in.
    fn keep<To, From>(
        &mut self,
        moved: Result<Transaction<To>, (Failure, Transaction<From>)>,
        to: fn(Transaction<To>) -> Stage,
        from: fn(Transaction<From>) -> Stage,
    ) -> Result<(), Failure> {
        match moved {
            Ok(transaction) => {
                self.stage = to(transaction);
                Ok(())
            }
            Err((failure, transaction)) => {
                self.stage = from(transaction);
                Err(failure)
            }
        }
    }

    fn take(&mut self) -> Stage {
        std::mem::replace(&mut self.stage, Stage::Nothing)
    }
}

impl Sink<KafkaBatch> for TransactionalSink {
    type Membership = GroupMetadata;

    fn init(&mut self, timeout: Duration) -> Result<(), Failure> {
        let producer = match self.take() {
            Stage::Ready(transaction) => {
                self.stage = Stage::Ready(transaction);
                return Ok(());
            }
            Stage::Fresh(producer) => producer,
            Stage::Nothing => match self.spares.take() {
                Ok(Client { outlet, producer }) => {
                    self.outlet = Some(outlet);
                    producer
                }
                Err(error) => return Err(Failure::new(Class::Retriable, error.to_string())),
            },
            other => {
                self.stage = other;
                return Err(out_of_order("init"));
            }
        };
        match Transaction::init(producer, timeout) {
            Ok(transaction) => {
                self.stage = Stage::Ready(transaction);
                self.spares.refill();
                Ok(())
            }
            Err((failure, producer)) => {
                self.stage = Stage::Fresh(producer);
                Err(failure)
            }
        }
    }

    fn begin(&mut self) -> Result<(), Failure> {
        match self.take() {
            Stage::Ready(transaction) => self.keep(transaction.begin(), Stage::Open, Stage::Ready),
            other => {
                self.stage = other;
                Err(out_of_order("begin"))
            }
        }
    }

    fn forward(&mut self, batch: &mut KafkaBatch, at: usize, output: u16, origin: Origin) -> Result<(), WriteError> {
        let (outlet, producer) = self.writing()?;
        outlet.forward(producer, batch, at, output, origin)
    }

    fn emit(
        &mut self,
        batch: &KafkaBatch,
        at: usize,
        emission: &Emission,
        reply: &Reply,
        origin: Origin,
    ) -> Result<(), WriteError> {
        let (outlet, producer) = self.writing()?;
        outlet.emit(producer, batch, at, emission, reply, origin)
    }

    fn dead_letter(
        &mut self,
        batch: &KafkaBatch,
        at: usize,
        letter: &DeadLetter<'_>,
        origin: Origin,
    ) -> Result<(), WriteError> {
        let (outlet, producer) = self.writing()?;
        outlet.dead_letter(producer, batch, at, letter, origin)
    }

    fn change(
        &mut self,
        of: ChangelogPartition,
        key: &[u8],
        value: Option<&[u8]>,
        timestamp: Option<i64>,
    ) -> Result<(), WriteError> {
        let (outlet, producer) = self.writing()?;
        outlet.change(producer, of, key, value, timestamp)
    }

    fn changelog_ends(&mut self) -> Vec<ChangelogEnd> {
        self.producer().map(Producer::changelog_ends).unwrap_or_default()
    }

    fn poll(&mut self) {
        if let Some(producer) = self.producer() {
            producer.serve(Duration::ZERO);
        }
    }

    fn flush(&mut self, timeout: Duration) -> Result<(), Failure> {
        match self.producer() {
            Some(producer) => producer.flush(timeout),
            None => Err(out_of_order("flush")),
        }
    }

    fn drain(&mut self, timeout: Duration) -> Result<(), Failure> {
        match self.take() {
            Stage::Open(transaction) => self.keep(transaction.drain(timeout), Stage::Drained, Stage::Open),
            other => {
                self.stage = other;
                Err(out_of_order("drain"))
            }
        }
    }

    fn take_refusals(&mut self) -> Vec<Refusal> {
        self.producer().map(Producer::take_refusals).unwrap_or_default()
    }

    fn membership(&self) -> GroupMetadata {
        self.consumer.group_metadata()
    }

    fn send_positions(
        &mut self,
        positions: &[Position],
        token: &str,
        membership: &GroupMetadata,
        timeout: Duration,
    ) -> Result<(), Failure> {
        match self.take() {
            Stage::Drained(transaction) => {
                let consumer = Arc::clone(&self.consumer);
                let moved = transaction.send_positions(&consumer, &pairs(positions), token, membership, timeout);
                self.keep(moved, Stage::Positioned, Stage::Drained)
            }
            other => {
                self.stage = other;
                Err(out_of_order("send offsets"))
            }
        }
    }

    fn commit(&mut self, timeout: Duration) -> Result<(), Failure> {
        match self.take() {
            Stage::Positioned(transaction) => self.keep(transaction.commit(timeout), Stage::Ready, Stage::Positioned),
            other => {
                self.stage = other;
                Err(out_of_order("commit"))
            }
        }
    }

    fn abort(&mut self, timeout: Duration) -> Result<(), Failure> {
        match self.take() {
            Stage::Open(transaction) => self.keep(transaction.abort(timeout), Stage::Ready, Stage::Open),
            Stage::Drained(transaction) => self.keep(transaction.abort(timeout), Stage::Ready, Stage::Drained),
            Stage::Positioned(transaction) => self.keep(transaction.abort(timeout), Stage::Ready, Stage::Positioned),
            other => {
                self.stage = other;
                Err(out_of_order("abort"))
            }
        }
    }

    fn wire(&self) -> Wire {
        self.producer().map(Producer::wire).unwrap_or_default()
    }

    fn give_up(&mut self) {
        // Handles go first: they belong to the client.
        self.outlet = None;
        let producer = match self.take() {
            Stage::Nothing => return,
            Stage::Fresh(producer) => producer,
            Stage::Ready(transaction) => transaction.into_producer(),
            Stage::Open(transaction) => transaction.into_producer(),
            Stage::Drained(transaction) => transaction.into_producer(),
            Stage::Positioned(transaction) => transaction.into_producer(),
        };
        producer.discard();
    }

    fn committed_tokens(
        &mut self,
        partitions: &[InputPartition],
        timeout: Duration,
    ) -> Result<Vec<Option<String>>, Failure> {
        tokens(&self.consumer, partitions, timeout)
    }
}

/// A caller's bug. Class unknown, so that the caller replaces the producer and rewinds: nothing is lost by it.
fn out_of_order(call: &str) -> Failure {
    Failure::new(Class::Unknown, format!("{call}: called out of order"))
}
