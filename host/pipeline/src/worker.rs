//! What happens to a record: **poll -> check -> invoke -> decide -> write -> commit**. Read this page first.
//!
//! A worker owns the partitions p with p % workers = its number: one queue of records, one producer, one plugin instance.
//! It runs on a thread of its own, shares nothing with other workers but the books of held partitions, and is told about
//! partitions between batches. `process` is the middle of the path, `ending` its end.
//!
//! Why nothing is lost or doubled: outputs, dead letters and positions are one transaction (R1.1); the position sent is
//! exactly the one up to which records were settled in it (the tracker); whatever goes wrong before the commit leads to a
//! rewind to the first position of the transaction, whatever goes wrong after an EndTxn was sent is asked of the token
//! (`ending`).

use crate::command::{Ack, Adopted, Command};
use crate::company::Company;
use crate::counts::{OwnCounters, Tally};
use crate::ending::Ended;
use crate::failed::Failed;
use crate::keeping::Keeping;
use crate::progress::{Phase, Progress};
use crate::settings::WorkerSettings;
use crate::stuck::Stuck;
use crate::waiting::Waiting;
use crate::watch::AskTopics;
use crossbeam_channel::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wasmill_record::{
    Batch, Clock, CommitOffset, InputPartition, Invoke, PartitionErrorKind, Polled, Reply, Sink, Source,
};
use wasmill_settle::{Books, Disposition, Fencing, Refused, Tracker};
use wasmill_telemetry::{Health, WorkerMetrics};

/// Longest wait for a record: bounds how late a worker notices what nobody woke it for.
const POLL_WAIT_MAX: Duration = Duration::from_millis(100);

/// Pause between two tries of something that should work any moment now.
pub(crate) const RETRY_PAUSE: Duration = Duration::from_millis(2);

/// One try to initialise a producer; commands are looked at in between.
const INIT_TIMEOUT: Duration = Duration::from_secs(2);

/// What a worker is made of. `S` and `K` are Kafka's or a test's.
pub struct Parts<S: Source, K, C> {
    pub source: S,
    pub sink: K,
    pub plugin: Box<dyn Invoke<S::Batch>>,
    pub clock: C,
    pub commands: Receiver<Command>,
    pub books: Arc<Mutex<Books>>,
    pub topics: Box<dyn AskTopics>,
    pub progress: Arc<Progress>,
    pub metrics: WorkerMetrics,
    pub health: Health,
}

pub struct Worker<S: Source, K, C> {
    pub(crate) settings: WorkerSettings,
    pub(crate) source: S,
    pub(crate) sink: K,
    pub(crate) plugin: Box<dyn Invoke<S::Batch>>,
    pub(crate) clock: C,
    commands: Receiver<Command>,
    pub(crate) books: Arc<Mutex<Books>>,
    pub(crate) topics: Box<dyn AskTopics>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) metrics: WorkerMetrics,
    pub(crate) health: Health,

    pub(crate) tracker: Tracker,
    pub(crate) refused: Refused,
    pub(crate) waiting: Waiting,
    pub(crate) company: Company,
    pub(crate) keeping: Keeping,
    pub(crate) stuck: Stuck,
    pub(crate) fencing: Fencing,
    pub(crate) producer: Producer,
    /// The open transaction.
    pub(crate) open: Option<Open>,
    /// Transactions begun by this worker; the last part of the token.
    pub(crate) transactions: u64,
    /// Partitions that should be read but whose seek has not worked yet.
    pub(crate) starting: Vec<Starting>,
    /// When every position is committed once more; `None`: there are no followers.
    pub(crate) refresh_due: Option<Instant>,
    /// A position may have to be committed although no record moved it.
    pub(crate) owes: bool,

    // Reused from batch to batch.
    pub(crate) reply: Reply,
    pub(crate) dispositions: Vec<Disposition>,
    /// What the last call was told of the time.
    pub(crate) called_at_ms: i64,
    pub(crate) output_counters: Vec<wasmill_telemetry::Counter>,
    pub(crate) tally: Tally,
    pub(crate) own_counters: OwnCounters,
}

/// How far the producer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Producer {
    Ready,
    /// To be initialised before anything is written.
    Uninitialised,
    /// To be initialised, and then asked whether the transaction with this token is in the log.
    Unresolved {
        token: String,
    },
}

/// The open transaction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open {
    pub(crate) begun: Instant,
    /// When it is to be committed.
    pub(crate) due: Instant,
    pub(crate) records: usize,
    pub(crate) bytes: usize,
    /// Keys and values that were changed, each time.
    pub(crate) state_bytes: usize,
}

#[derive(Clone, Copy)]
pub(crate) struct Starting {
    pub(crate) partition: InputPartition,
    pub(crate) epoch: u64,
    pub(crate) at: CommitOffset,
    pub(crate) by_policy: bool,
    pub(crate) since: Instant,
}

impl<S, K, C> Worker<S, K, C>
where
    S: Source,
    K: Sink<S::Batch>,
    C: Clock,
{
    pub fn new(settings: WorkerSettings, parts: Parts<S, K, C>) -> Worker<S, K, C> {
        let refresh_due = (settings.topics.len() > 1).then(|| parts.clock.now() + settings.refresh_interval);
        let output_counters = settings.outputs.iter().map(|output| parts.metrics.output(output)).collect();
        Worker {
            settings,
            source: parts.source,
            sink: parts.sink,
            plugin: parts.plugin,
            clock: parts.clock,
            commands: parts.commands,
            books: parts.books,
            topics: parts.topics,
            progress: parts.progress,
            metrics: parts.metrics,
            health: parts.health,
            tracker: Tracker::default(),
            refused: Refused::default(),
            waiting: Waiting::default(),
            company: Company::default(),
            keeping: Keeping::default(),
            stuck: Stuck::default(),
            fencing: Fencing::default(),
            producer: Producer::Uninitialised,
            open: None,
            transactions: 0,
            starting: Vec::new(),
            refresh_due,
            owes: false,
            reply: Reply::default(),
            dispositions: Vec::new(),
            called_at_ms: 0,
            output_counters,
            tally: Tally::default(),
            own_counters: OwnCounters::default(),
        }
    }

    /// Runs until told to stop, or until something happens that trying again does not mend.
    pub fn run(&mut self) -> Result<(), Failed> {
        let mut batch = S::Batch::default();
        loop {
            self.progress.enter(Phase::Poll, self.clock.now());
            if self.obey()? {
                return Ok(());
            }
            if self.producer != Producer::Ready {
                self.prepare_producer()?;
                continue;
            }
            if self.commit_is_due() {
                self.end_transaction()?;
                continue;
            }
            self.apply_again()?;
            self.start_partitions()?;
            self.refresh_positions();
            if self.owes {
                self.touch_owed()?;
                continue;
            }
            match self.source.poll(&mut batch, self.settings.batch, self.poll_wait()) {
                Polled::Batch => self.process(&mut batch)?,
                Polled::Nothing => {
                    self.sink.poll();
                    self.look_for_stuck()?;
                }
                Polled::Error(error) => self.partition_error(&error)?,
            }
            batch.clear();
        }
    }

    /// Carries out what was told; whether it was to stop.
    fn obey(&mut self) -> Result<bool, Failed> {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Start { partition, epoch, at, by_policy, state } => {
                    if let Some(state) = state {
                        self.keeping.hold(partition.partition, state);
                    }
                    self.starting.retain(|starting| starting.partition != partition);
                    let since = self.clock.now();
                    self.starting.push(Starting { partition, epoch, at, by_policy, since });
                }
                Command::Give { partitions, lost, done } => {
                    let clean = self.give(&partitions, lost)?;
                    // Nobody listens any more: the process is ending.
                    let _ = done.send(Ack { worker: self.settings.worker, clean });
                }
                Command::Swap { plugin, done } => {
                    let since = Instant::now();
                    if !self.instance_starts_in_time() && self.producer == Producer::Ready {
                        self.end_transaction()?;
                    }
                    self.count_plugin();
                    self.plugin = plugin.instance();
                    // What was learned of the other one's calls.
                    self.company = Company::default();
                    let adopted = Adopted { worker: self.settings.worker, pause: since.elapsed() };
                    // Whoever asked may not wait any more.
                    let _ = done.try_send(adopted);
                }
                Command::Stop { commit } => {
                    if commit && self.producer == Producer::Ready {
                        self.end_transaction()?;
                    }
                    self.abandon();
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// After a failure: the producer is given up, so every partition may go, and somebody may just be asking for one.
    pub(crate) fn obey_until_stopped(&mut self) {
        while let Ok(command) = self.commands.recv() {
            match command {
                Command::Start { .. } | Command::Swap { .. } => {}
                Command::Give { done, .. } => {
                    let _ = done.send(Ack { worker: self.settings.worker, clean: false });
                }
                Command::Stop { .. } => return,
            }
        }
    }

    /// Ends what is open of these partitions and forgets them; whether nothing of it became void.
    fn give(&mut self, partitions: &[InputPartition], lost: bool) -> Result<bool, Failed> {
        self.starting.retain(|starting| !partitions.contains(&starting.partition));
        let touched = |worker: &Self| worker.tracker.touched().any(|slot| partitions.contains(&slot.partition));
        let mut clean = true;
        if touched(self) && self.producer == Producer::Ready {
            clean = if lost { self.void_lost(partitions)? } else { self.end_transaction()? == Ended::Committed };
        }
        for partition in partitions {
            self.forget(*partition);
        }
        // Instance memory may hold what it learned from records that are somebody else's now.
        self.plugin.renew();
        Ok(clean)
    }

    pub(crate) fn forget(&mut self, partition: InputPartition) {
        self.tracker.stop(partition);
        self.forget_state(partition);
        self.source.forget(partition);
        self.waiting.forget(partition);
        self.company.forget(partition);
        self.stuck.forget(partition);
        self.refused.forget(partition);
    }

    /// Starts what was told to be started and is still ours, and what has waited long enough.
    fn start_partitions(&mut self) -> Result<(), Failed> {
        if self.starting.is_empty() && self.waiting.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        for partition in self.waiting.due(now) {
            if let Some((_, slot)) = self.tracker.find(partition) {
                self.start_again(partition, slot.epoch, slot.next);
            }
        }
        self.metrics.waiting_partitions.set(self.waiting.held() as i64);
        self.progress.enter(Phase::Seek, now);
        let told = std::mem::take(&mut self.starting);
        let mut sought = Vec::new();
        for starting in &told {
            let Starting { partition, epoch, at, since, .. } = *starting;
            if !self.owns(partition, epoch) {
                continue;
            }
            let known = self.tracker.find(partition).is_some_and(|(_, slot)| slot.epoch == epoch);
            if !known && !starting.is_complete(&told, self.settings.topics.len()) {
                self.starting.push(*starting);
                continue;
            }
            if let Err(failure) = self.source.start(partition, at) {
                // A seek error says nothing about ownership (R4.3): only our books do.
                if self.clock.now().saturating_duration_since(since) > self.settings.commit_deadline() {
                    return Err(Failed::Rewind { partition, to: at.next(), message: failure.message });
                }
                self.metrics.seek_retries.inc();
                self.starting.push(*starting);
                continue;
            }
            self.stuck.delivered(partition, self.clock.now());
            if !known {
                sought.push(*starting);
            }
        }
        self.begin_partitions(sought);
        Ok(())
    }

    /// Makes positions that have to be committed part of the open transaction.
    fn touch_owed(&mut self) -> Result<(), Failed> {
        self.owes = false;
        for slot in self.tracker.owed() {
            self.touch(slot)?;
            if self.open.is_none() {
                self.owes = true;
                return Ok(());
            }
        }
        Ok(())
    }

    /// The partition is read from `at` on as soon as its seek works.
    pub(crate) fn start_again(&mut self, partition: InputPartition, epoch: u64, at: CommitOffset) {
        let since = self.clock.now();
        self.starting.push(Starting { partition, epoch, at, by_policy: false, since });
    }

    /// The queue is empty: is there a partition that should have delivered?
    fn look_for_stuck(&mut self) -> Result<(), Failed> {
        let Some(partition) = self.stuck.next_to_ask(self.clock.now()) else { return Ok(()) };
        let unread = if self.waiting.is_held(partition) { None } else { self.source.has_unread(partition) };
        if self.stuck.answered(partition, unread, self.clock.now()) {
            self.end_transaction()?;
            return Err(Failed::Stuck { partition });
        }
        Ok(())
    }

    fn poll_wait(&self) -> Duration {
        if !self.starting.is_empty() {
            return RETRY_PAUSE;
        }
        let now = self.clock.now();
        let commit = self.open.map(|open| open.due.saturating_duration_since(now));
        [commit, self.waiting.next(now), self.keeping.next(now)]
            .into_iter()
            .flatten()
            .fold(POLL_WAIT_MAX, Duration::min)
    }

    pub(crate) fn commit_is_due(&self) -> bool {
        self.open.is_some_and(|open| {
            open.records >= self.settings.commit_records_max
                || open.bytes >= self.settings.commit_bytes_max
                || open.state_bytes >= self.settings.state_overlay_bytes_max
                || self.clock.now() >= open.due
        })
    }

    /// One try to make the producer usable, and to learn what became of a transaction that nobody knows about.
    fn prepare_producer(&mut self) -> Result<(), Failed> {
        self.progress.enter(Phase::Init, self.clock.now());
        let started = self.clock.now();
        match self.sink.init(INIT_TIMEOUT) {
            Ok(()) => {
                let took_ms = self.clock.now().saturating_duration_since(started).as_millis() as u64;
                tracing::debug!(
                    pipeline = self.settings.pipeline,
                    worker = self.settings.worker,
                    took_ms,
                    "producer ready"
                );
                match std::mem::replace(&mut self.producer, Producer::Ready) {
                    Producer::Unresolved { token } => self.resolve(token),
                    Producer::Ready | Producer::Uninitialised => Ok(()),
                }
            }
            Err(failure) => self.producer_failed(failure),
        }
    }

    /// A partition stopped by itself.
    fn partition_error(&mut self, error: &wasmill_record::PartitionError) -> Result<(), Failed> {
        let partition = error.partition;
        let topic = self.settings.topic(partition.input).to_owned();
        match error.kind {
            PartitionErrorKind::Transient => {
                tracing::warn!(pipeline = self.settings.pipeline, topic, %partition, "{}", error.message);
                Ok(())
            }
            // Such as a follower's that is not there although the leader's is: the watch of the topics says what is wrong.
            PartitionErrorKind::TopicGone if self.tracker.find(partition).is_none() => {
                tracing::warn!(pipeline = self.settings.pipeline, topic, %partition, "not there: {}", error.message);
                Ok(())
            }
            PartitionErrorKind::TopicGone => Err(Failed::Topic { topic, what: format!("is gone ({})", error.message) }),
            PartitionErrorKind::Unauthorized => Err(Failed::Unauthorized { topic, message: error.message.clone() }),
            PartitionErrorKind::OutOfRange => {
                let at = self.tracker.find(partition).map_or(-1, |(_, slot)| slot.next.next());
                let reason = format!(
                    "{topic} [{}]: offset {at} does not exist (any more): {}. The partition stands still; set the \
                     group's offset with kafka-consumer-groups --reset-offsets while the pipeline is stopped",
                    partition.partition, error.message
                );
                tracing::error!(pipeline = self.settings.pipeline, topic, %partition, offset = at, "{reason}");
                self.source.pause(partition);
                self.stuck.forget(partition);
                let component = format!("pipeline/{}/{}", self.settings.pipeline, partition);
                self.health.set(&component, wasmill_telemetry::State::Waiting { reason });
                Ok(())
            }
        }
    }

    pub(crate) fn owns(&self, partition: InputPartition, epoch: u64) -> bool {
        self.books.lock().unwrap_or_else(PoisonError::into_inner).owns(partition, epoch)
    }
}
