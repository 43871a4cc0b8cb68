//! The middle of the path: a batch is answered by the plugin, decided about, and written.

use crate::crash;
use crate::failed::Failed;
use crate::progress::Phase;
use crate::worker::{Open, Producer, Worker};
use wasmill_record::{
    Batch, CallSource, Class, Clock, Failure, GuestFailure, GuestFailureKind, InputPartition, InvokeError, Offset,
    Origin, Sink, Source, WriteError,
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
    /// Of key and value.
    pub(crate) bytes: usize,
    pub(crate) attempt: u32,
    /// Position of its answer in the reply.
    pub(crate) answer: usize,
}

impl Place {
    pub(crate) fn of<B: Batch>(batch: &B, at: usize, slot: SlotNumber, attempt: u32, answer: usize) -> Place {
        let record = batch.record(at);
        Place { partition: batch.partition(), slot, offset: record.offset, bytes: record.size(), attempt, answer }
    }
}

impl<S, K, C> Worker<S, K, C>
where
    S: Source,
    K: Sink<S::Batch>,
    C: Clock,
{
    /// Settles the batch as far as it can be settled now.
    pub(crate) fn process(&mut self, batch: &mut S::Batch) -> Result<(), Failed> {
        let worked = self.work_through(batch);
        self.count();
        worked
    }

    fn work_through(&mut self, batch: &mut S::Batch) -> Result<(), Failed> {
        let partition = batch.partition();
        let Some((slot, held)) = self.tracker.find(partition) else {
            // Before the start position was sought, or after the partition was given: the seek brings them back, or the
            // next owner reads them.
            tracing::debug!(pipeline = self.settings.pipeline, %partition, records = batch.len(), "not started: dropped");
            return Ok(());
        };
        self.stuck.delivered(partition, self.clock.now());
        if self.waiting.is_held(partition) || self.keeping.is_pending(partition) {
            return Ok(());
        }
        let stale = (0..batch.len()).take_while(|at| held.next.is_past(batch.record(*at).offset)).count();
        self.tally.begin(batch.len() - stale);
        let mut from = stale;
        while from < batch.len() {
            let attempt = self.waiting.attempt(partition, batch.record(from).offset);
            // A record that is tried again is alone in its call: the attempt belongs to it only.
            let most = if attempt > 1 { 1 } else { self.plugin.batch_max().min(self.company.most(partition)).max(1) };
            let count = most.min(batch.len() - from);
            if self.answer(batch, slot, from, count, attempt)? == Flow::Cut {
                return Ok(());
            }
            from += count;
            if from < batch.len() && self.between_calls(batch, slot, from - 1)? == Flow::Cut {
                return Ok(());
            }
        }
        self.sink.poll();
        Ok(())
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
            Ok(()) => {
                self.company.answered(batch.partition(), count, self.settings.batch.records_max);
                self.write_all(batch, slot, from, attempt)
            }
            Err(InvokeError::Host(message)) => Err(self.plugin_unusable(message)),
            Err(InvokeError::Guest(failure)) if count == 1 => self.guest_failed(batch, slot, from, attempt, &failure),
            Err(InvokeError::Guest(failure)) => self.single_step(batch, slot, from, count, attempt, &failure),
        }
    }

    /// Between two calls for the records of one batch, behind that at `last`: commits what is due.
    pub(crate) fn between_calls(&mut self, batch: &S::Batch, slot: SlotNumber, last: usize) -> Result<Flow, Failed> {
        if self.commit_is_due() && self.producer == Producer::Ready {
            self.end_transaction()?;
        }
        self.goes_on(batch, slot, last)
    }

    /// Whether the records behind that at `last` can be worked on, or a commit has ended in a rewind, a new producer, or a
    /// cache that can't be written to.
    pub(crate) fn goes_on(&mut self, batch: &S::Batch, slot: SlotNumber, last: usize) -> Result<Flow, Failed> {
        if self.producer != Producer::Ready {
            self.read_again(batch.partition())?;
            return Ok(Flow::Cut);
        }
        // What the plugin changed next would be mixed with what is committed and waits for the cache.
        if self.keeping.is_pending(batch.partition()) {
            return Ok(Flow::Cut);
        }
        let is_behind = self.tracker.get(slot).is_some_and(|slot| slot.next.is_past(batch.record(last).offset));
        Ok(if is_behind { Flow::Go } else { Flow::Cut })
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
        let answered = self.call(batch, from, count, attempt);
        let took = self.clock.now().saturating_duration_since(started);
        self.metrics.invoke_duration.observe(took.as_secs_f64());
        if let Err(InvokeError::Guest(failure)) = &answered {
            let failures = &self.metrics.plugin.failures;
            match failure.kind {
                GuestFailureKind::Trap => failures.trap.inc(),
                GuestFailureKind::Deadline => failures.deadline.inc(),
                GuestFailureKind::Memory => failures.memory.inc(),
                GuestFailureKind::Protocol => failures.protocol.inc(),
                GuestFailureKind::StateTooLarge => failures.state_too_large.inc(),
                GuestFailureKind::TooLarge => failures.too_large.inc(),
            };
        }
        answered
    }

    fn call(&mut self, batch: &S::Batch, from: usize, count: usize, attempt: u32) -> Result<(), InvokeError> {
        self.reply.clear();
        self.dispositions.clear();
        self.called_at_ms = self.clock.wall_ms();
        let source = CallSource { attempt, now_ms: self.called_at_ms };
        self.open_state(batch, from);
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
        Ok(self.check_changes()?)
    }

    /// The host can't call the plugin: no record is to blame, so none is settled.
    pub(crate) fn plugin_unusable(&self, message: String) -> Failed {
        Failed::Plugin { plugin: self.plugin.name().to_owned(), message }
    }

    /// Carries out the dispositions of the last call, whose first record is at `from`.
    fn write_all(&mut self, batch: &mut S::Batch, slot: SlotNumber, from: usize, attempt: u32) -> Result<Flow, Failed> {
        self.touch(slot)?;
        if self.open.is_none() {
            return Ok(Flow::Cut);
        }
        self.progress.enter(Phase::Write, self.clock.now());
        for index in 0..self.dispositions.len() {
            let at = from + index;
            let place = Place::of(batch, at, slot, attempt, index);
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
            self.tally.outcome(disposition);
            self.commit_now();
            return Ok(Flow::Cut);
        }
        let suspicion = self.refused.suspicion(place.partition, place.offset);
        // What it answered is not what is written.
        let known = suspicion == Suspicion::Culprit && self.refused.refusal(place.partition, place.offset).is_some();
        let written = match suspicion {
            Suspicion::None => self.write(batch, at, place, disposition),
            Suspicion::Alone => self.write_alone(batch, at, place, disposition),
            Suspicion::Culprit => self.write_culprit(batch, at, place, disposition)?,
        };
        let (written, refused) = match written {
            Err(WriteError::Refused(words)) => (self.output_refused(batch, at, place, &words, false), true),
            other => (other, known),
        };
        let flow = self.settled_or_void(place, written)?;
        if flow == Flow::Cut {
            return Ok(Flow::Cut);
        }
        self.tally.outcome(disposition);
        if !refused {
            self.keep_changes(batch, at, place)?;
        } else if self.has_changes(place.answer) {
            // It became a dead letter, so its changes are not kept. The answers behind it have seen them: they are asked
            // for again.
            self.read_again(place.partition)?;
            return Ok(Flow::Cut);
        }
        Ok(Flow::Go)
    }

    pub(crate) fn settled_or_void(&mut self, place: Place, written: Result<(), WriteError>) -> Result<Flow, Failed> {
        match written {
            Ok(()) => {
                self.tracker.settle(place.slot, place.offset);
                if place.attempt > 1 {
                    self.waiting.forget(place.partition);
                }
                self.tally.settled(place.bytes);
                if let Some(open) = &mut self.open {
                    open.records += 1;
                    open.bytes += place.bytes;
                }
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
            self.open = Some(Open { begun: now, due, records: 0, bytes: 0, state_bytes: 0 });
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
}

/// The plugin's part of a dead letter's words.
pub(crate) fn is_exhausted(code: Code) -> bool {
    matches!(code, Code::Exhausted { .. })
}
