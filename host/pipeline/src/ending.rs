//! Ending a transaction: drain, send positions with the token, look at the topics, EndTxn; or abort; or, when nobody knows, ask the token.
//!
//! Which move follows which answer is decided by `settle::transaction`; this file carries the moves out. After each of
//! its functions the books are right: what is in the log is noted as committed, what is void has been rewound, and what
//! nobody knows stays open until the next producer is initialised.

use crate::crash;
use crate::failed::Failed;
use crate::progress::Phase;
use crate::settings::WorkerSettings;
use crate::watch::Look;
use crate::worker::{Open, Producer, RETRY_PAUSE, Worker};
use std::sync::PoisonError;
use std::time::Duration;
use wasmill_record::{Class, Clock, CommitOffset, Failure, InputPartition, Offset, Sink, Source};
use wasmill_settle::refused::Refusal;
use wasmill_settle::transaction::is_torn;
use wasmill_settle::{AfterAbort, AfterStep, Seen, Step, after_abort, after_step, guard};

/// How an attempt to end the open transaction came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// In the log, or there was nothing to end.
    Committed,
    /// Void; its records will be read again.
    Void,
    /// Known once the next producer is initialised.
    Unresolved,
}

/// Asking for stored tokens after a producer was initialised; retried until it works.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a producer is replaced although its transaction has ended (R5.4).
const MAY_ARRIVE: &str =
    "a request of its transaction may still arrive: EndTxn was sent twice, or positions were not answered";

impl<S, K, C> Worker<S, K, C>
where
    S: Source,
    K: Sink<S::Batch>,
    C: Clock,
{
    /// Commits what is open.
    pub(crate) fn end_transaction(&mut self) -> Result<Ended, Failed> {
        let Some(open) = self.open else { return Ok(Ended::Committed) };
        let started = self.clock.now();
        self.progress.enter(Phase::Commit, started);
        let deadline = (started + self.settings.commit_deadline()).min(open.begun + self.settings.last_moment());
        let token = self.token();
        let mut step = Step::Drain;
        loop {
            let left = deadline.saturating_duration_since(self.clock.now()).max(Duration::from_millis(1));
            let result = self.take_step(step, &token, left)?;
            let in_time = self.clock.now() < deadline;
            let seen = result.as_ref().map_or_else(Seen::Failed, |()| Seen::Done);
            let next = after_step(step, seen, self.sink.wire(), in_time);
            if let Err(failure) = &result {
                self.note_failure(step, failure, next == AfterStep::Again);
            }
            match next {
                AfterStep::Next(next) => {
                    match next {
                        Step::SendOffsets => {
                            self.note_changelog_ends();
                            crash::point(crash::AFTER_DRAIN);
                        }
                        Step::EndTxn => crash::point(crash::AFTER_SEND_OFFSETS),
                        Step::Drain | Step::CheckTopics => {}
                    }
                    step = next;
                }
                AfterStep::Again => self.clock.rest(RETRY_PAUSE),
                AfterStep::Committed { replace } => {
                    crash::point(crash::AFTER_END_TXN);
                    let took = self.clock.now().saturating_duration_since(started);
                    self.metrics.commit_duration.observe(took.as_secs_f64());
                    self.note_committed(&token)?;
                    if replace {
                        self.metrics.producer_replacements.end_txn_repeated.inc();
                        self.replace_producer(MAY_ARRIVE);
                    }
                    return Ok(Ended::Committed);
                }
                AfterStep::Abort => {
                    self.abort()?;
                    return Ok(Ended::Void);
                }
                AfterStep::Replace => {
                    self.learn_refusals()?;
                    if let Err(failure) = &result {
                        self.note_fence(failure, open)?;
                    }
                    self.metrics.producer_replacements.fatal.inc();
                    self.replace_producer("it failed for good");
                    self.rewind()?;
                    return Ok(Ended::Void);
                }
                AfterStep::Resolve => {
                    tracing::warn!(pipeline = self.settings.pipeline, token, "nobody knows whether it was committed");
                    self.metrics.producer_replacements.unknown.inc();
                    self.replace_producer("nobody knows what became of its transaction");
                    self.producer = Producer::Unresolved { token };
                    return Ok(Ended::Unresolved);
                }
            }
        }
    }

    fn take_step(&mut self, step: Step, token: &str, left: Duration) -> Result<Result<(), Failure>, Failed> {
        match step {
            Step::Drain => Ok(self.write_changes()?.and_then(|()| self.sink.drain(left))),
            Step::SendOffsets => Ok(self.send_offsets(token, left)),
            Step::CheckTopics => self.check_topics(left),
            Step::EndTxn => Ok(self.sink.commit(left)),
        }
    }

    fn send_offsets(&mut self, token: &str, left: Duration) -> Result<(), Failure> {
        // Epochs and metadata of one moment: the books change on the poll thread only (R1.6).
        let membership = {
            let books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
            guard::check_epochs(&books, self.tracker.touched())?;
            self.sink.membership()
        };
        guard::check_membership(&membership)?;
        // Answered while the positions are under way. Everything has been read and acknowledged by now.
        self.topics.ask();
        self.sink.send_positions(&self.tracker.positions(), token, &membership, left)
    }

    /// What was read from or written to a topic that is another one by now is not committed (R1.7).
    fn check_topics(&mut self, left: Duration) -> Result<Result<(), Failure>, Failed> {
        match self.topics.answer(left) {
            Look::Same => Ok(Ok(())),
            Look::Changed { topic, what } => Err(Failed::Topic { topic, what }),
            Look::Unknown { message } => Ok(Err(Failure::new(Class::Retriable, message))),
        }
    }

    /// See `token`.
    fn token(&self) -> String {
        let WorkerSettings { instance, run, worker, changelogs, .. } = &self.settings;
        format!("{instance}:{run}:{worker}:{}{changelogs}", self.transactions)
    }

    fn note_committed(&mut self, token: &str) -> Result<(), Failed> {
        let touched: Vec<InputPartition> = self.tracker.touched().map(|slot| slot.partition).collect();
        for slot in self.tracker.touched() {
            self.refused.settled(slot.partition, Offset(slot.next.next()));
        }
        self.tracker.commit();
        self.open = None;
        self.metrics.transactions.committed.inc();
        self.metrics.transaction_open.set(0);
        self.apply_changes(token, &touched)
    }

    fn note_failure(&self, step: Step, failure: &Failure, again: bool) {
        let failures = &self.metrics.transaction_failures;
        match failure.class {
            Class::Fatal => failures.fatal.inc(),
            Class::Abortable => failures.abort.inc(),
            Class::Retriable => failures.retriable.inc(),
            Class::Unknown => failures.unknown.inc(),
            Class::Guard => failures.guard.inc(),
        };
        if again {
            tracing::debug!(pipeline = self.settings.pipeline, ?step, "{failure}");
        } else {
            tracing::info!(pipeline = self.settings.pipeline, worker = self.settings.worker, ?step, "{failure}");
        }
    }

    /// The open transaction can't go on: abort it, and read its records again.
    pub(crate) fn void(&mut self, failure: &Failure) -> Result<(), Failed> {
        self.note_failure(Step::Drain, failure, false);
        match failure.class {
            Class::Fatal | Class::Unknown => {
                self.learn_refusals()?;
                if let Some(open) = self.open {
                    self.note_fence(failure, open)?;
                }
                self.metrics.producer_replacements.fatal.inc();
                self.replace_producer("it failed for good");
                self.rewind()
            }
            Class::Retriable | Class::Abortable | Class::Guard => self.abort(),
        }
    }

    /// Partitions of the open transaction were lost: nothing of it may be committed. Whether nothing became void.
    pub(crate) fn void_lost(&mut self, partitions: &[InputPartition]) -> Result<bool, Failed> {
        if self.open.is_none() {
            return Ok(true);
        }
        // They are not rewound: somebody else reads them.
        for partition in partitions {
            self.tracker.stop(*partition);
        }
        self.abort()?;
        Ok(false)
    }

    fn abort(&mut self) -> Result<(), Failed> {
        let Some(open) = self.open else { return Ok(()) };
        self.learn_refusals()?;
        let deadline = self.clock.now() + self.settings.commit_deadline();
        loop {
            let left = deadline.saturating_duration_since(self.clock.now()).max(Duration::from_millis(1));
            let result = self.sink.abort(left);
            let seen = result.as_ref().map_or_else(Seen::Failed, |()| Seen::Done);
            match after_abort(seen, self.sink.wire(), self.clock.now() < deadline) {
                AfterAbort::Again => self.clock.rest(RETRY_PAUSE),
                AfterAbort::Aborted { replace: false } => break,
                AfterAbort::Aborted { replace: true } => {
                    self.metrics.producer_replacements.end_txn_repeated.inc();
                    self.replace_producer(MAY_ARRIVE);
                    break;
                }
                AfterAbort::Replace => {
                    if let Err(failure) = &result {
                        self.note_failed_abort(failure, open)?;
                    }
                    self.replace_producer("its transaction could not be aborted");
                    break;
                }
            }
        }
        self.rewind()
    }

    fn note_failed_abort(&mut self, failure: &Failure, open: Open) -> Result<(), Failed> {
        tracing::info!(pipeline = self.settings.pipeline, worker = self.settings.worker, "{failure}");
        self.metrics.producer_replacements.abort_timeout.inc();
        if is_torn(failure, self.sink.wire()) {
            self.metrics.transaction_failures.corruption.inc();
            tracing::error!(
                pipeline = self.settings.pipeline,
                worker = self.settings.worker,
                "a transaction was ended by somebody else: a late EndTxn may have committed part of it ({failure})"
            );
        }
        self.note_fence(failure, open)
    }

    /// A fence that the transaction's age does not explain, twice in a minute, means a second process with our id.
    fn note_fence(&mut self, failure: &Failure, open: Open) -> Result<(), Failed> {
        if !failure.fenced {
            return Ok(());
        }
        let now = self.clock.now();
        let age = now.saturating_duration_since(open.begun);
        if self.fencing.fenced(now, Some(age), self.settings.transaction_timeout) {
            return Err(Failed::Twin { instance: self.settings.instance.clone() });
        }
        Ok(())
    }

    pub(crate) fn begin_failed(&mut self, failure: &Failure) -> Result<(), Failed> {
        self.note_failure(Step::Drain, failure, false);
        self.metrics.producer_replacements.fatal.inc();
        self.replace_producer("it could not begin a transaction");
        // Nothing was open, but what was polled has been dropped: read it again from where the books stand.
        let positions: Vec<_> = self.tracker.partitions().filter_map(|p| self.tracker.find(p)).collect();
        let back: Vec<_> = positions.iter().map(|(_, slot)| (slot.partition, slot.next)).collect();
        self.seek_back(back)
    }

    /// The producer is dropped where it stands; the next one is initialised before anything else is written. A partition
    /// can be given away as soon as this has happened: the dropped producer never commits again, and its open transaction
    /// keeps offsets unstable until the coordinator has ended it.
    pub(crate) fn replace_producer(&mut self, reason: &str) {
        tracing::info!(pipeline = self.settings.pipeline, worker = self.settings.worker, "new producer: {reason}");
        self.sink.give_up();
        self.producer = Producer::Uninitialised;
    }

    pub(crate) fn producer_failed(&mut self, failure: Failure) -> Result<(), Failed> {
        tracing::debug!(pipeline = self.settings.pipeline, worker = self.settings.worker, "{failure}");
        match failure.class {
            Class::Retriable => Ok(()),
            _ if failure.fenced => {
                if self.fencing.fenced(self.clock.now(), None, self.settings.transaction_timeout) {
                    return Err(Failed::Twin { instance: self.settings.instance.clone() });
                }
                self.sink.give_up();
                Ok(())
            }
            Class::Fatal => Err(Failed::Producer { message: failure.message }),
            Class::Abortable | Class::Unknown | Class::Guard => {
                self.sink.give_up();
                self.clock.rest(Duration::from_millis(100));
                Ok(())
            }
        }
    }

    /// The producer that may have committed is settled by its successor's init; the stored token says how.
    pub(crate) fn resolve(&mut self, token: String) -> Result<(), Failed> {
        let partitions: Vec<InputPartition> = self.tracker.touched().map(|slot| slot.partition).collect();
        if partitions.is_empty() {
            // All of them were given away meanwhile: their new owners have asked the broker.
            self.drop_changes();
            self.close_books();
            return Ok(());
        }
        match self.sink.committed_tokens(&partitions, TOKEN_TIMEOUT) {
            Err(failure) => {
                tracing::debug!(pipeline = self.settings.pipeline, "{failure}");
                self.producer = Producer::Unresolved { token };
                self.clock.rest(RETRY_PAUSE);
                Ok(())
            }
            Ok(tokens) => {
                let ours = tokens.iter().all(|stored| stored.as_deref() == Some(token.as_str()));
                let held = self.tracker.touched().all(|slot| self.owns(slot.partition, slot.epoch));
                tracing::info!(pipeline = self.settings.pipeline, token, committed = ours, held, "resolved");
                self.metrics.transactions.resolved.inc();
                if ours && held {
                    return self.note_committed(&token);
                }
                self.rewind()
            }
        }
    }

    /// What the broker refused, learned before the rewind takes its place away.
    fn learn_refusals(&mut self) -> Result<(), Failed> {
        let refusals = self.sink.take_refusals();
        if refusals.is_empty() {
            return Ok(());
        }
        if let Some(refusal) = refusals.iter().find(|refusal| refusal.origin.as_changelog().is_some()) {
            // No record can be set aside for it: the next try would end the same way.
            return Err(Failed::Changelog { message: format!("{}: {}", refusal.topic, refusal.error) });
        }
        let tracker = &self.tracker;
        let placed = refusals.into_iter().filter_map(|refusal| {
            let slot = tracker.get(refusal.origin.slot())?;
            let words = Refusal { error: refusal.error, topic: refusal.topic, times: 0 };
            Some((slot.partition, refusal.origin.offset(), words))
        });
        self.refused.learn(placed);
        Ok(())
    }

    /// Everything since begin is void: read it again, with an instance that remembers nothing of it.
    pub(crate) fn rewind(&mut self) -> Result<(), Failed> {
        self.metrics.transactions.aborted.inc();
        self.metrics.rewinds.inc();
        self.drop_changes();
        let back = self.tracker.rewind();
        self.owes = true;
        self.close_books();
        self.plugin.renew();
        self.seek_back(back)
    }

    fn close_books(&mut self) {
        self.open = None;
        self.metrics.transaction_open.set(0);
    }

    /// The rest of a batch is not worked on now: the partition is read again from its position.
    pub(crate) fn read_again(&mut self, partition: InputPartition) -> Result<(), Failed> {
        let back = self.tracker.find(partition).map(|(_, slot)| (partition, slot.next));
        self.seek_back(back.into_iter().collect())
    }

    /// Seeks until it works or the partition is not ours: the error itself says nothing about ownership (R4.3).
    fn seek_back(&mut self, mut back: Vec<(InputPartition, CommitOffset)>) -> Result<(), Failed> {
        let deadline = self.clock.now() + self.settings.commit_deadline();
        self.progress.enter(Phase::Seek, self.clock.now());
        loop {
            back.retain(|(partition, _)| {
                self.tracker.find(*partition).is_some_and(|(_, slot)| self.owns(*partition, slot.epoch))
            });
            if back.is_empty() {
                return Ok(());
            }
            let failed = self.source.seek(&back);
            for (partition, at) in back.iter().filter(|(partition, _)| !failed.contains(partition)) {
                let epoch = self.tracker.find(*partition).map(|(_, slot)| slot.epoch);
                if let Some(epoch) = epoch.filter(|_| self.waiting.go_on(*partition)) {
                    // It is paused: it goes on by being started.
                    self.start_again(*partition, epoch, *at);
                }
            }
            back.retain(|(partition, _)| failed.contains(partition));
            if let Some((partition, to)) = back.first()
                && self.clock.now() > deadline
            {
                let message = "seeks fail although the partition is ours".to_owned();
                return Err(Failed::Rewind { partition: *partition, to: to.next(), message });
            }
            if !back.is_empty() {
                self.metrics.seek_retries.inc_by(back.len() as u64);
                self.clock.rest(RETRY_PAUSE);
            }
        }
    }

    /// The worker returns: whatever is still open is void, and nobody will read it again here.
    pub(crate) fn abandon(&mut self) {
        if self.open.take().is_some() {
            // A producer that was given up may have committed; nobody aborts that any more.
            if self.producer == Producer::Ready
                && let Err(failure) = self.sink.abort(self.settings.commit_deadline())
            {
                tracing::debug!(pipeline = self.settings.pipeline, "{failure}");
            }
            self.metrics.transactions.aborted.inc();
            self.metrics.transaction_open.set(0);
        }
        self.sink.give_up();
    }
}
