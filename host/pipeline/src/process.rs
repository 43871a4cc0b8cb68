//! The middle of the path: a batch is answered by the plugin, decided about, and written.

use crate::crash;
use crate::failed::Failed;
use crate::progress::Phase;
use crate::worker::{Open, Producer, Worker};
use wasmill_record::{
    Batch, CallSource, Class, Clock, Failure, GuestFailure, GuestFailureKind, InputPartition, InvokeError, Offset,
    Origin, Outcome, Sink, Source, WriteError,
};
use wasmill_settle::refused::Refusal;
use wasmill_settle::tracker::SlotNumber;
use wasmill_settle::{Code, Disposition, Suspicion, decide};

/// Whether the rest of a batch may still be worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Flow {
    Go,
    /// The partition waits or was rewound: what is left of the batch will be read again.
    Cut,
}

/// Where a record of the batch in hand belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) partition: InputPartition,
    pub(crate) slot: SlotNumber,
    pub(crate) offset: Offset,
    pub(crate) attempt: u32,
}

impl<S, K, C> Worker<S, K, C>
where
    S: Source,
    K: Sink<S::Batch>,
    C: Clock,
{
    /// Settles the batch as far as it can be settled now.
    pub(crate) fn process(&mut self, batch: &mut S::Batch) -> Result<(), Failed> {
        let partition = batch.partition();
        let Some((slot, held)) = self.tracker.find(partition) else {
            // Before the start position was sought, or after the partition was given: the seek brings them back, or the
            // next owner reads them.
            tracing::debug!(pipeline = self.settings.pipeline, %partition, records = batch.len(), "not started: dropped");
            return Ok(());
        };
        self.stuck.delivered(partition, self.clock.now());
        if self.waiting.is_held(partition) {
            return Ok(());
        }
        let stale = (0..batch.len()).take_while(|at| held.next.is_past(batch.record(*at).offset)).count();
        let mut from = stale;
        while from < batch.len() {
            let attempt = self.waiting.attempt(partition, batch.record(from).offset);
            // A record that is tried again is alone in its call: the attempt belongs to it only.
            let count = if attempt > 1 { 1 } else { batch.len() - from };
            if self.answer(batch, slot, from, count, attempt)? == Flow::Cut {
                return Ok(());
            }
            from += count;
        }
        self.count_batch(batch, stale);
        self.sink.poll();
        self.spend_budget()
    }

    /// Invokes the plugin for `count` records and carries out what it says; a failed call is single-stepped.
    fn answer(
        &mut self,
        batch: &mut S::Batch,
        slot: SlotNumber,
        from: usize,
        count: usize,
        attempt: u32,
    ) -> Result<Flow, Failed> {
        match self.invoke(batch, from, count, attempt) {
            Ok(()) => self.write_all(batch, slot, from, attempt),
            Err(InvokeError::Host(message)) => Err(self.plugin_unusable(message)),
            Err(InvokeError::Guest(failure)) if count == 1 => self.guest_failed(batch, slot, from, attempt, &failure),
            Err(InvokeError::Guest(failure)) => self.single_step(batch, slot, from, count, attempt, &failure),
        }
    }

    /// One call. Its answer is decided about as a whole before any of it is obeyed.
    pub(crate) fn invoke(
        &mut self,
        batch: &S::Batch,
        from: usize,
        count: usize,
        attempt: u32,
    ) -> Result<(), InvokeError> {
        let started = self.clock.now();
        self.progress.enter(Phase::Invoke, started);
        self.reply.clear();
        self.dispositions.clear();
        let source = CallSource { attempt, now_ms: self.clock.wall_ms() };
        self.plugin.invoke(batch, from, count, &source, &mut self.reply)?;
        let protocol = |message: String| GuestFailure { kind: GuestFailureKind::Protocol, message };
        if self.reply.outcomes.len() != count {
            return Err(protocol(format!("{} answers for {count} records", self.reply.outcomes.len())).into());
        }
        // Partitions that failed together come back apart; the same record waits equally long each time.
        let spread = (batch.partition().partition as u8).wrapping_mul(97);
        for outcome in &self.reply.outcomes {
            let decided = decide(outcome, &self.reply, attempt, spread, &self.settings.policy);
            self.dispositions.push(decided.map_err(|reason| protocol(reason.to_owned()))?);
        }
        let took = self.clock.now().saturating_duration_since(started);
        self.metrics.invoke_duration.observe(took.as_secs_f64());
        Ok(())
    }

    /// The host can't call the plugin: no record is to blame, so none is settled.
    pub(crate) fn plugin_unusable(&self, message: String) -> Failed {
        Failed::Plugin { plugin: self.plugin.name().to_owned(), message }
    }

    /// Carries out the dispositions of the last call, whose first record is at `from`.
    fn write_all(&mut self, batch: &mut S::Batch, slot: SlotNumber, from: usize, attempt: u32) -> Result<Flow, Failed> {
        let partition = batch.partition();
        self.touch(slot)?;
        if self.open.is_none() {
            return Ok(Flow::Cut);
        }
        self.progress.enter(Phase::Write, self.clock.now());
        for index in 0..self.dispositions.len() {
            let at = from + index;
            let offset = batch.record(at).offset;
            let place = Place { partition, slot, offset, attempt };
            let disposition = self.dispositions[index];
            if self.settle(batch, at, place, disposition)? == Flow::Cut {
                return Ok(Flow::Cut);
            }
        }
        crash::point(crash::MID_BATCH);
        Ok(Flow::Go)
    }

    /// Carries out one disposition. Afterwards the record is settled in the open transaction, or the flow is cut.
    pub(crate) fn settle(
        &mut self,
        batch: &mut S::Batch,
        at: usize,
        place: Place,
        disposition: Disposition,
    ) -> Result<Flow, Failed> {
        if let Disposition::RetryLater { wait } = disposition {
            let due = self.clock.now() + wait;
            self.waiting.hold(place.partition, place.offset, due, self.clock.wall_ms());
            self.source.pause(place.partition);
            self.metrics.records.retry.inc();
            self.commit_now();
            return Ok(Flow::Cut);
        }
        let written = match self.refused.suspicion(place.partition, place.offset) {
            Suspicion::None => self.write(batch, at, place, disposition),
            Suspicion::Alone => self.write_alone(batch, at, place, disposition),
            Suspicion::Culprit => self.write_culprit(batch, at, place, disposition)?,
        };
        match written {
            Ok(()) => {
                self.tracker.settle(place.slot, place.offset);
                if place.attempt > 1 {
                    self.waiting.forget(place.partition);
                }
                Ok(Flow::Go)
            }
            Err(WriteError::Refused(words)) => {
                let done = self.output_refused(batch, at, place, &words, false);
                self.settled_or_void(place, done)
            }
            Err(WriteError::Failed(failure)) => {
                self.void(&failure)?;
                Ok(Flow::Cut)
            }
        }
    }

    pub(crate) fn settled_or_void(&mut self, place: Place, written: Result<(), WriteError>) -> Result<Flow, Failed> {
        match written {
            Ok(()) => {
                self.tracker.settle(place.slot, place.offset);
                Ok(Flow::Go)
            }
            Err(WriteError::Failed(failure)) => {
                self.void(&failure)?;
                Ok(Flow::Cut)
            }
            Err(WriteError::Refused(message)) => {
                Err(Failed::DeadLetter { topic: self.settings.dead_letter_topic.clone(), message })
            }
        }
    }

    fn write(
        &mut self,
        batch: &mut S::Batch,
        at: usize,
        place: Place,
        disposition: Disposition,
    ) -> Result<(), WriteError> {
        let origin = Origin::new(place.slot, place.offset);
        match disposition {
            Disposition::Forward { output } => {
                self.sink.forward(batch, at, output, origin)?;
                if let Some(counter) = self.output_counters.get(usize::from(output)) {
                    counter.inc();
                }
                Ok(())
            }
            Disposition::Emit { first, count } => self.emit(batch, at, place, first..first.saturating_add(count)),
            Disposition::Skip | Disposition::RetryLater { .. } => Ok(()),
            Disposition::DeadLetter(code) => self.rejected(batch, at, place, code, false),
        }
    }

    /// Writes what the plugin made of the record: all of it or, after the rewind, nothing but a dead letter.
    fn emit(
        &mut self,
        batch: &mut S::Batch,
        at: usize,
        place: Place,
        emissions: std::ops::Range<u32>,
    ) -> Result<(), WriteError> {
        let origin = Origin::new(place.slot, place.offset);
        let first = emissions.start;
        for number in emissions {
            let Some(emission) = self.reply.emissions.get(number as usize).copied() else { break };
            match self.sink.emit(batch, at, &emission, &self.reply, origin) {
                Err(WriteError::Refused(error)) if number > first => {
                    // What was written of this record has to become void, too.
                    let topic = self.settings.outputs.get(usize::from(emission.output)).cloned().unwrap_or_default();
                    let message = format!("emission {} of a record was refused: {error}", number - first);
                    let refusal = Refusal { error, topic, times: 0 };
                    self.refused.learn(std::iter::once((place.partition, place.offset, refusal)));
                    return Err(WriteError::Failed(Failure::new(Class::Abortable, message)));
                }
                written => written?,
            }
            if let Some(counter) = self.output_counters.get(usize::from(emission.output)) {
                counter.inc();
            }
        }
        Ok(())
    }

    /// A record that is known to be refused: by an output, then it is set aside; by the dead-letter topic itself, then its
    /// letter goes once more without the value, and after that nothing is left to try.
    fn write_culprit(
        &mut self,
        batch: &mut S::Batch,
        at: usize,
        place: Place,
        disposition: Disposition,
    ) -> Result<Result<(), WriteError>, Failed> {
        let Some(refusal) = self.refused.refusal(place.partition, place.offset).cloned() else {
            return Ok(self.write(batch, at, place, disposition));
        };
        let words = format!("{}: {}", refusal.topic, refusal.error);
        let by_dead_letters = refusal.topic == self.settings.dead_letter_topic;
        if by_dead_letters && refusal.times > 1 {
            return Err(Failed::DeadLetter { topic: refusal.topic, message: refusal.error });
        }
        Ok(match disposition {
            Disposition::DeadLetter(code) if by_dead_letters => self.rejected(batch, at, place, code, true),
            _ => self.output_refused(batch, at, place, &words, by_dead_letters),
        })
    }

    /// One message per produce request, so that a refusal names its record.
    fn write_alone(
        &mut self,
        batch: &mut S::Batch,
        at: usize,
        place: Place,
        disposition: Disposition,
    ) -> Result<(), WriteError> {
        let timeout = self.settings.commit_deadline();
        self.sink.flush(timeout).map_err(WriteError::Failed)?;
        self.write(batch, at, place, disposition)?;
        self.sink.flush(timeout).map_err(WriteError::Failed)
    }

    /// The open transaction includes this partition from now on; begins one if none is open.
    pub(crate) fn touch(&mut self, slot: SlotNumber) -> Result<(), Failed> {
        if self.open.is_none() {
            if let Err(failure) = self.sink.begin() {
                return self.begin_failed(&failure);
            }
            let now = self.clock.now();
            self.transactions += 1;
            // The budget is the last moment at which an open transaction is closed, whatever the interval says.
            let due = now + self.settings.commit_interval.min(self.settings.budget());
            self.open = Some(Open { begun: now, due, records: 0, bytes: 0 });
            self.metrics.transaction_open.set(1);
        }
        self.tracker.touch(slot);
        Ok(())
    }

    /// The open transaction ends at the next look.
    pub(crate) fn commit_now(&mut self) {
        if let Some(open) = &mut self.open {
            open.due = self.clock.now();
        }
    }

    /// Closes a transaction whose time is used up, in the middle of whatever is going on.
    pub(crate) fn spend_budget(&mut self) -> Result<(), Failed> {
        let spent = |open: Open| self.clock.now().saturating_duration_since(open.begun) >= self.settings.budget();
        if self.open.is_some_and(spent) && self.producer == Producer::Ready {
            self.end_transaction()?;
        }
        Ok(())
    }

    fn count_batch(&mut self, batch: &S::Batch, stale: usize) {
        let (mut bytes, mut forwarded, mut emitted, mut dropped, mut rejected) = (0, 0, 0, 0, 0);
        for at in stale..batch.len() {
            bytes += batch.record(at).size();
        }
        for outcome in &self.reply.outcomes {
            match outcome {
                Outcome::Forward { .. } => forwarded += 1,
                Outcome::Emit { .. } => emitted += 1,
                Outcome::Drop => dropped += 1,
                Outcome::Reject { .. } => rejected += 1,
                Outcome::Retry { .. } => {}
            }
        }
        let records = batch.len() - stale;
        if let Some(open) = &mut self.open {
            open.records += records;
            open.bytes += bytes;
        }
        self.metrics.records.forward.inc_by(forwarded);
        self.metrics.records.emit.inc_by(emitted);
        self.metrics.records.drop.inc_by(dropped);
        self.metrics.records.reject.inc_by(rejected);
        self.metrics.batches.inc();
        self.metrics.batch_records.observe(records as f64);
        self.metrics.input_bytes.inc_by(bytes as u64);
    }
}

/// The plugin's part of a dead letter's words.
pub(crate) fn is_exhausted(code: Code) -> bool {
    matches!(code, Code::Exhausted { .. })
}
