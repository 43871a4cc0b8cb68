//! The state of a taken partition, before it starts (R6.4): after its offsets have become stable, and before its worker is
//! told.
//!
//! Whatever a former owner could still commit lies below the changelog's high watermark, asked read uncommitted once the
//! offsets are stable: offsets are sent after everything else of a transaction is acknowledged. So a restore reads committed
//! changes until it has reached that mark; an open transaction below it is waited for. What has to be read at all is
//! decided by `wasmill_state::plan`.
//!
//! Runs on a thread of its own, for all partitions of a pipeline. A partition that is given away meanwhile is dropped; what
//! has been read of it stays in the cache, with its position.

mod belonging;

use crate::chunk::{self, Chunk};
use crate::crash;
use crate::failed::Failed;
use crate::keeping::failed;
use crate::taking::{Ready, Tell};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmill_record::{ChangelogEvent, ChangelogPartition, ChangelogSource, Clock, CommitOffset, Group};
use wasmill_state::{Bounds, CacheError, Facts, Mark, Partition, Plan, Stores, plan};
use wasmill_telemetry::{Health, PipelineMetrics, State};

/// Partitions that are restored at once; the others queue.
const ACTIVE_MAX: usize = 8;

/// One question about a changelog's bounds.
const BOUNDS_TIMEOUT: Duration = Duration::from_secs(2);

/// Wait for changes before books and new takes are looked at.
const POLL_WAIT: Duration = Duration::from_millis(20);

/// Pause after the local store could not be written to.
const FULL_PAUSE: Duration = Duration::from_millis(500);

/// How often progress is logged.
const PROGRESS: Duration = Duration::from_secs(5);

/// How often the sizes of stores are measured. The engine knows them; asking costs microseconds.
const SIZES: Duration = Duration::from_secs(5);

/// A partition whose positions are known: all inputs of one number.
#[derive(Debug, Clone)]
pub struct Restore {
    pub ready: Vec<Ready>,
    /// Stored with the offsets; `None`: none was committed yet.
    pub token: Option<String>,
    pub since: Instant,
    /// When a changelog of it was first said to be shorter than what was read of it.
    pub short_since: Option<Instant>,
}

pub struct Restoring<G, C> {
    pub pipeline: String,
    pub group: String,
    pub source: Box<dyn ChangelogSource>,
    pub stores: Stores,
    pub cluster_id: String,
    /// `delete.retention.ms` of the changelogs: the least of them.
    pub delete_retention: Duration,
    /// Whoever set the offsets, state goes with them.
    pub accept_offsets: bool,
    pub restores: Receiver<Restore>,
    pub tell: Arc<Tell<G>>,
    pub clock: C,
    pub metrics: PipelineMetrics,
    pub health: Health,
    pub failures: Sender<Failed>,
    /// The disk had no room the last time something was written.
    pub is_full: bool,
}

/// A restore under way.
struct Active {
    restore: Restore,
    state: Arc<Partition>,
    stores: Vec<Store>,
    begun: Instant,
    /// Nothing had to be read.
    exact: bool,
    /// The offsets were committed by this pipeline, beside these changelogs.
    is_ours: bool,
}

/// One store of it.
struct Store {
    of: ChangelogPartition,
    from: CommitOffset,
    /// Read so far.
    next: CommitOffset,
    /// To be reached.
    end: CommitOffset,
    chunk: Chunk,
    done: bool,
}

impl<G: Group, C: Clock> Restoring<G, C> {
    /// Until every sender of restores is gone, or one can't go on.
    pub fn run(mut self) {
        if let Err(failed) = self.work() {
            // Full: somebody else's failure came first.
            let _ = self.failures.try_send(failed);
        }
    }

    fn work(&mut self) -> Result<(), Failed> {
        let mut queued: Vec<Restore> = Vec::new();
        let mut active: BTreeMap<i32, Active> = BTreeMap::new();
        let mut told = Instant::now();
        let mut measured = None;
        loop {
            if measured.is_none_or(|measured: Instant| measured.elapsed() >= SIZES) {
                self.measure();
                measured = Some(Instant::now());
            }
            if queued.is_empty() && active.is_empty() {
                match self.restores.recv_timeout(SIZES) {
                    Ok(restore) => queued.push(restore),
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
            }
            loop {
                match self.restores.try_recv() {
                    Ok(restore) => queued.push(restore),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return Ok(()),
                }
            }
            self.drop_unwanted(&mut queued, &mut active);
            self.begin(&mut queued, &mut active)?;
            if active.is_empty() && !queued.is_empty() {
                // A leader, or room on the disk, is waited for.
                self.clock.rest(POLL_WAIT);
            }
            self.read(&mut active)?;
            self.finish(&mut active)?;
            self.note(&active, queued.len());
            self.show(&active, queued.len());
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                self.log(&active);
            }
        }
    }

    /// Drops what is not ours any more, or is ours anew.
    fn drop_unwanted(&mut self, queued: &mut Vec<Restore>, active: &mut BTreeMap<i32, Active>) {
        queued.retain(|restore| self.tell.wants(&restore.ready));
        let gone: Vec<i32> = active
            .iter()
            .filter(|(_, active)| !self.tell.wants(&active.restore.ready))
            .map(|(number, _)| *number)
            .collect();
        for number in gone {
            if let Some(active) = active.remove(&number) {
                for store in active.stores.iter().filter(|store| !store.done) {
                    self.source.stop(store.of);
                }
            }
        }
    }

    fn begin(&mut self, queued: &mut Vec<Restore>, active: &mut BTreeMap<i32, Active>) -> Result<(), Failed> {
        let mut later = Vec::new();
        let mut waiting = None;
        for restore in std::mem::take(queued) {
            let Some(number) = restore.ready.first().map(|ready| ready.partition.partition) else { continue };
            if waiting.is_some() || active.len() >= ACTIVE_MAX || active.contains_key(&number) {
                later.push(restore);
                continue;
            }
            match self.open(restore, number)? {
                Ok(begun) => drop(active.insert(number, begun)),
                // One question without an answer is enough for a round: those under way would stand still meanwhile.
                Err(restore) => waiting = Some(restore),
            }
        }
        later.extend(waiting);
        *queued = later;
        Ok(())
    }

    /// Plans the restore and starts reading; given back when a leader has not answered, or there is no room on the disk.
    fn open(&mut self, mut restore: Restore, number: i32) -> Result<Result<Active, Restore>, Failed> {
        let state = match self.stores.partition(number) {
            Ok(state) => state,
            Err(error) => return self.later(restore, &error),
        };
        let count = u16::try_from(self.stores.len()).unwrap_or(u16::MAX);
        let mut bounds = Vec::with_capacity(self.stores.len());
        for store in 0..count {
            let of = ChangelogPartition { store, partition: number };
            match self.source.bounds(of, BOUNDS_TIMEOUT) {
                Ok((start, end)) => bounds.push(Bounds { start, end }),
                Err(failure) => {
                    tracing::debug!(pipeline = self.pipeline, partition = number, "{failure}");
                    return Ok(Err(restore));
                }
            }
        }
        // Books are asked again: the leaders' answers may have taken long.
        if !self.tell.wants(&restore.ready) {
            return Ok(Err(restore));
        }
        let is_ours = self.check_changelogs(restore.token.as_deref(), number)?;
        let marks = state.marks();
        let plans: Vec<Plan> = (0..count)
            .zip(&marks)
            .zip(&bounds)
            .map(|((store, mark), bounds)| self.plan(store, mark, *bounds, &restore))
            .collect();
        // All of them first: nothing is cleared for a start that is refused.
        if self.is_asked_again(&mut restore, &plans, number)? {
            return Ok(Err(restore));
        }
        let mut stores = Vec::with_capacity(bounds.len());
        let mut exact = true;
        for (((store, mark), bounds), plan) in (0..count).zip(marks).zip(bounds).zip(plans) {
            let of = ChangelogPartition { store, partition: number };
            let (from, end) = match plan {
                // Its own position is all there is to reach.
                Plan::Nothing => mark.map_or((bounds.end, bounds.end), |mark| (mark.next, mark.next)),
                Plan::Replay { from } => (from, bounds.end),
                Plan::Rebuild { from, reason } => {
                    let (store, reason) = (self.store_name(store), reason.as_str());
                    tracing::info!(pipeline = self.pipeline, partition = number, store, reason, "state is rebuilt");
                    if let Err(error) = state.clear(of.store) {
                        return self.later(restore, &error);
                    }
                    exact = false;
                    (from, bounds.end)
                }
            };
            let done = from >= end;
            exact &= done;
            stores.push(Store { of, from, next: from, end, chunk: Chunk::default(), done });
        }
        for store in stores.iter().filter(|store| !store.done) {
            if let Err(failure) = self.source.start(store.of, store.from) {
                return Err(Failed::State { message: failure.message });
            }
        }
        Ok(Ok(Active { restore, state, stores, begun: Instant::now(), exact, is_ours }))
    }

    fn plan(&self, store: u16, mark: &Option<Mark>, bounds: Bounds, restore: &Restore) -> Plan {
        let facts = Facts {
            cluster_id: &self.cluster_id,
            topic_id: self.stores.settings(store).map_or("", |settings| &settings.topic_id),
            token: restore.token.as_deref(),
            bounds,
            now_ms: self.clock.wall_ms(),
            delete_retention: self.delete_retention,
        };
        plan(mark.as_ref(), &facts)
    }

    fn store_name(&self, store: u16) -> String {
        self.stores.settings(store).map_or_else(String::new, |settings| settings.name.clone())
    }

    /// The restore is begun again, if what is wrong with the cache may pass.
    fn later(&mut self, restore: Restore, error: &CacheError) -> Result<Result<Active, Restore>, Failed> {
        if !error.may_pass() {
            return Err(failed(error));
        }
        self.wait(error);
        Ok(Err(restore))
    }

    fn read(&mut self, active: &mut BTreeMap<i32, Active>) -> Result<(), Failed> {
        if active.values().all(|active| active.stores.iter().all(|store| store.done)) {
            return Ok(());
        }
        let mut trouble = None;
        let under_way = || active.values().flat_map(|active| &active.stores).filter(|store| !store.done);
        let bytes_max = chunk::bytes_max(under_way().count());
        let unwritten = under_way().any(|store| store.chunk.is_full(bytes_max));
        let mut take = |of: ChangelogPartition, event: ChangelogEvent<'_>| {
            let store =
                active.get_mut(&of.partition).and_then(|active| active.stores.iter_mut().find(|it| it.of == of));
            // Read ahead of a stop.
            let Some(store) = store.filter(|store| !store.done) else { return };
            match event {
                ChangelogEvent::Change { next, timestamp, key, value } => {
                    store.chunk.push(key, value, timestamp);
                    store.next = next;
                }
                ChangelogEvent::End { next } => store.next = next.max(store.next),
                ChangelogEvent::Failed { message } => trouble = Some((of, message.to_owned())),
            }
        };
        // What could not be written is not added to.
        if !unwritten {
            self.source.poll(POLL_WAIT, &mut take);
        }
        if let Some((of, message)) = trouble {
            let store = self.stores.settings(of.store).map_or("", |settings| &settings.name);
            return Err(Failed::State { message: format!("changelog of `{store}` [{}]: {message}", of.partition) });
        }
        let now_ms = self.clock.wall_ms();
        let mut full = None;
        for Active { state, stores, .. } in active.values_mut() {
            for store in stores.iter_mut().filter(|store| !store.done) {
                let reached = store.next >= store.end;
                if !reached && !store.chunk.is_full(bytes_max) {
                    continue;
                }
                let changes = store.chunk.len() as u64;
                match store.chunk.write(state, store.of.store, store.next, now_ms) {
                    Ok(()) => drop(self.metrics.restored_changes.inc_by(changes)),
                    Err(error) if error.may_pass() => {
                        full = Some(error);
                        continue;
                    }
                    Err(error) => return Err(failed(&error)),
                }
                crash::point(crash::MID_RESTORE);
                if reached {
                    store.done = true;
                    // And its memory is free.
                    store.chunk = Chunk::default();
                    self.source.stop(store.of);
                }
            }
        }
        match full {
            Some(error) => self.wait(&error),
            None => self.is_full = false,
        }
        Ok(())
    }

    /// The disk is full: what has been read stays in memory, and nothing more is read until it is written.
    fn wait(&mut self, error: &CacheError) {
        let reason = format!("restoring state: {error}. It goes on by itself once there is room");
        if self.is_full {
            tracing::debug!(pipeline = self.pipeline, "still: {error}");
        } else {
            tracing::error!(pipeline = self.pipeline, "{reason}");
        }
        self.is_full = true;
        self.health.set(&self.component(), State::Waiting { reason });
        self.clock.rest(FULL_PAUSE);
    }

    fn finish(&mut self, active: &mut BTreeMap<i32, Active>) -> Result<(), Failed> {
        let done = |active: &Active| active.stores.iter().all(|store| store.done);
        let numbers: Vec<i32> = active.iter().filter(|(_, active)| done(active)).map(|(number, _)| *number).collect();
        for number in numbers {
            let Some(done) = active.remove(&number) else { continue };
            self.check_reset(&done, number)?;
            if !done.exact {
                let positions: Vec<CommitOffset> = done.stores.iter().map(|store| store.next).collect();
                let now_ms = self.clock.wall_ms();
                match done.state.restored(done.restore.token.as_deref(), &positions, now_ms) {
                    Ok(()) => {}
                    Err(error) if error.may_pass() => {
                        self.wait(&error);
                        active.insert(number, done);
                        continue;
                    }
                    Err(error) => return Err(failed(&error)),
                }
                self.is_full = false;
            }
            let (took_ms, exact) = (done.begun.elapsed().as_millis() as u64, done.exact);
            tracing::info!(pipeline = self.pipeline, partition = number, took_ms, exact, "state is there");
            let mut ready = done.restore.ready;
            if !done.is_ours {
                // Accepted offsets of somebody else become ours: the next start has nothing to accept.
                ready.iter_mut().for_each(|ready| ready.by_policy = true);
            }
            self.tell.start(&ready, Some(&done.state), done.restore.since);
        }
        Ok(())
    }

    fn note(&self, active: &BTreeMap<i32, Active>, queued: usize) {
        let left = |active: &Active| active.stores.iter().map(Store::left).sum::<i64>();
        self.metrics.restoring_partitions.set(i64::try_from(active.len()).unwrap_or(i64::MAX));
        self.metrics.changelog_lag.set(active.values().map(left).sum());
        if active.is_empty() && queued == 0 {
            self.health.set(&self.component(), State::Ready);
        }
    }

    /// What `readyz` says of it, from its first moment on.
    fn show(&self, active: &BTreeMap<i32, Active>, queued: usize) {
        let stores = || active.values().flat_map(|active| &active.stores);
        if self.is_full || (stores().all(|store| store.done) && queued == 0) {
            return;
        }
        let (left, all): (i64, i64) = (stores().map(Store::left).sum(), stores().map(Store::all).sum());
        let seconds = active.values().map(|active| active.begun.elapsed().as_secs()).max().unwrap_or(0);
        let reason = format!(
            "restoring state, {} of {all} offsets are read (partitions under way: {}, queued: {queued}, for {seconds} s); an \
             open transaction may hold the rest back",
            all - left,
            active.len()
        );
        self.health.set(&self.component(), State::Waiting { reason });
    }

    fn log(&self, active: &BTreeMap<i32, Active>) {
        for (number, active) in active {
            let left: i64 = active.stores.iter().map(Store::left).sum();
            let seconds = active.begun.elapsed().as_secs();
            tracing::info!(pipeline = self.pipeline, partition = number, left, seconds, "restoring state");
        }
    }

    /// A database that fails is met by those who need it.
    fn measure(&self) {
        for size in self.stores.sizes().unwrap_or_default() {
            self.metrics.store_size(&size.name, size.keys_approx, size.disk_bytes);
        }
    }

    fn component(&self) -> String {
        format!("pipeline/{}/restore", self.pipeline)
    }
}

impl Store {
    fn all(&self) -> i64 {
        self.end.next().saturating_sub(self.from.next()).max(0)
    }

    fn left(&self) -> i64 {
        self.end.next().saturating_sub(self.next.next()).max(0)
    }
}
