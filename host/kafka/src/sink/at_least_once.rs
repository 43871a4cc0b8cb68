//! At least once on the same path: records are delivered first, positions are committed after them.
//!
//! "Commit" is where the offsets go to the broker; "abort" drops the producer with what it still holds, so that nothing of
//! a given-up range is sent late, after the same records were processed again.

use super::spare::{Client, Spares};
use super::{pairs, tokens};
use crate::KafkaBatch;
use crate::bounded::Caller;
use crate::consumer::{Consumer, GroupMetadata};
use crate::error::KafkaError;
use crate::outlet::OutputTopics;
use crate::producer::{Producer, ProducerSettings};
use std::sync::Arc;
use std::time::Duration;
use wasmill_record::{
    ChangelogEnd, ChangelogPartition, Class, CommitOffset, DeadLetter, Emission, Failure, InputPartition, Origin,
    Position, Refusal, Reply, Sink, Wire, WriteError,
};

pub struct AtLeastOnceSink {
    consumer: Arc<Consumer>,
    client: Option<Client>,
    spares: Spares,
    /// Sent with the positions, committed by `commit`.
    pending: Option<(Vec<(InputPartition, CommitOffset)>, String)>,
    /// Committing offsets has no timeout of its own.
    caller: Caller,
}

impl AtLeastOnceSink {
    /// `settings.transactional_id` is ignored.
    pub fn new(
        consumer: Arc<Consumer>,
        settings: ProducerSettings,
        topics: Arc<OutputTopics>,
    ) -> Result<AtLeastOnceSink, KafkaError> {
        let mut spares = Spares::new(ProducerSettings { transactional_id: None, ..settings }, topics);
        let client = Some(spares.take()?);
        Ok(AtLeastOnceSink { consumer, client, spares, pending: None, caller: Caller::new() })
    }

    fn client(&self) -> Result<&Client, WriteError> {
        self.client.as_ref().ok_or_else(|| WriteError::Failed(Failure::new(Class::Unknown, "write: no producer")))
    }

    fn producer(&self) -> Option<&Producer> {
        self.client.as_ref().map(|client| &*client.producer)
    }
}

impl Sink<KafkaBatch> for AtLeastOnceSink {
    type Membership = GroupMetadata;

    fn init(&mut self, _: Duration) -> Result<(), Failure> {
        if self.client.is_none() {
            self.client = Some(self.spares.take().map_err(|error| Failure::new(Class::Retriable, error.to_string()))?);
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    fn forward(&mut self, batch: &mut KafkaBatch, at: usize, output: u16, origin: Origin) -> Result<(), WriteError> {
        let client = self.client()?;
        client.outlet.forward(&client.producer, batch, at, output, origin)
    }

    fn emit(
        &mut self,
        batch: &KafkaBatch,
        at: usize,
        emission: &Emission,
        reply: &Reply,
        origin: Origin,
    ) -> Result<(), WriteError> {
        let client = self.client()?;
        client.outlet.emit(&client.producer, batch, at, emission, reply, origin)
    }

    fn dead_letter(
        &mut self,
        batch: &KafkaBatch,
        at: usize,
        letter: &DeadLetter<'_>,
        origin: Origin,
    ) -> Result<(), WriteError> {
        let client = self.client()?;
        client.outlet.dead_letter(&client.producer, batch, at, letter, origin)
    }

    fn change(
        &mut self,
        of: ChangelogPartition,
        key: &[u8],
        value: Option<&[u8]>,
        timestamp: Option<i64>,
    ) -> Result<(), WriteError> {
        let client = self.client()?;
        client.outlet.change(&client.producer, of, key, value, timestamp)
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
            None => Err(Failure::new(Class::Unknown, "flush: no producer")),
        }
    }

    fn drain(&mut self, timeout: Duration) -> Result<(), Failure> {
        self.flush(timeout)
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
        _: &GroupMetadata,
        _: Duration,
    ) -> Result<(), Failure> {
        self.pending = Some((pairs(positions), token.to_owned()));
        Ok(())
    }

    fn commit(&mut self, timeout: Duration) -> Result<(), Failure> {
        let Some((positions, token)) = self.pending.clone() else {
            return Err(Failure::new(Class::Unknown, "commit: no positions"));
        };
        let commit = move |consumer: &Consumer| consumer.commit(&positions, &token);
        self.caller.call("commit offsets", &self.consumer, timeout, commit)?;
        self.pending = None;
        Ok(())
    }

    fn abort(&mut self, _: Duration) -> Result<(), Failure> {
        self.give_up();
        self.init(Duration::ZERO)
    }

    fn wire(&self) -> Wire {
        Wire::default()
    }

    fn give_up(&mut self) {
        self.pending = None;
        if let Some(Client { outlet, producer }) = self.client.take() {
            // Handles go first: they belong to the client.
            drop(outlet);
            producer.discard();
        }
    }

    fn committed_tokens(
        &mut self,
        partitions: &[InputPartition],
        timeout: Duration,
    ) -> Result<Vec<Option<String>>, Failure> {
        tokens(&self.consumer, partitions, timeout)
    }
}
