//! Keyed state in the worker: changes are kept when their record is settled, written to the changelog before the drain, and
//! applied to the cache after the commit.
//!
//! What is kept lives in the overlay of its partition (`wasmill_state::Partition`). It leaves it in two ways only: applied,
//! after the transaction that wrote it to the changelog is known to be committed, or dropped, when that is void. A cache
//! that can't be written to (a full disk) holds its partition up: the overlay stays what is read, and no batch of the
//! partition is worked on before it is applied.

use crate::crash;
use crate::failed::Failed;
use crate::process::Place;
use crate::worker::Worker;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmill_record::{
    Batch, ChangelogEnd, ChangelogPartition, Clock, Failure, GuestFailure, GuestFailureKind, InputPartition, ReadState,
    Sink, Source, WriteError,
};
use wasmill_state::{Applied, CacheError, Partition};
use wasmill_telemetry::State;

/// Pause between two tries of a cache that can't be written to.
const APPLY_AGAIN: Duration = Duration::from_millis(500);

/// Keys that one transaction looks at for expiry, for each partition that it touches. With more new keys than that in each,
/// expired ones pile up on the disk.
const SWEPT_KEYS_MAX: usize = 64;

/// State of the partitions that a worker holds, by their number: inputs of one number share it.
#[derive(Default)]
pub(crate) struct Keeping {
    held: BTreeMap<i32, Held>,
    /// Of the open transaction, known once it is drained.
    ends: Vec<ChangelogEnd>,
    /// Whether the open transaction's changes are on their way.
    written: bool,
}

struct Held {
    state: Arc<Partition>,
    /// Committed, and not in the cache yet.
    pending: Option<Pending>,
}

struct Pending {
    token: String,
    ends: Vec<ChangelogEnd>,
    again: Instant,
}

impl Keeping {
    /// The partition of this number is ours, with its state restored.
    pub(crate) fn hold(&mut self, partition: i32, state: Arc<Partition>) {
        self.held.insert(partition, Held { state, pending: None });
    }

    pub(crate) fn forget(&mut self, partition: i32) {
        if let Some(held) = self.held.remove(&partition) {
            // Nobody here will apply it: the next owner reads the changelog.
            held.state.drop_changes();
        }
    }

    pub(crate) fn of(&self, partition: InputPartition) -> Option<&Arc<Partition>> {
        self.held.get(&partition.partition).map(|held| &held.state)
    }

    /// Whether the partition has to wait for its cache.
    pub(crate) fn is_pending(&self, partition: InputPartition) -> bool {
        self.held.get(&partition.partition).is_some_and(|held| held.pending.is_some())
    }

    /// How long until a cache is tried again.
    pub(crate) fn next(&self, now: Instant) -> Option<Duration> {
        let pending = self.held.values().filter_map(|held| held.pending.as_ref());
        pending.map(|pending| pending.again).min().map(|again| again.saturating_duration_since(now))
    }

    /// The open transaction is void. What is committed and waits for its cache stays.
    pub(crate) fn drop_changes(&mut self) {
        for held in self.held.values().filter(|held| held.pending.is_none()) {
            held.state.drop_changes();
        }
        self.close();
    }

    fn close(&mut self) {
        self.ends.clear();
        self.written = false;
    }
}

impl<S, K, C> Worker<S, K, C>
where
    S: Source,
    K: Sink<S::Batch>,
    C: Clock,
{
    /// The next call reads the state of its records' partition, as of the time of the first of them.
    pub(crate) fn open_state(&mut self, batch: &S::Batch, from: usize) {
        if let Some(state) = self.keeping.of(batch.partition()) {
            state.observe(batch.record(from).timestamp);
            let reader: Arc<dyn ReadState> = Arc::<Partition>::clone(state);
            self.plugin.read_from(&reader);
        }
    }

    /// The changes of the last reply, before anything of it is obeyed.
    pub(crate) fn check_changes(&self) -> Result<(), GuestFailure> {
        let failure = |kind, message| Err(GuestFailure { kind, message });
        let settings = &self.settings;
        for change in &self.reply.changes {
            let Some(store) = settings.stores.get(usize::from(change.store)) else {
                let message = format!("a change names store {}, which the pipeline has not got", change.store);
                return failure(GuestFailureKind::Protocol, message);
            };
            let value = change.value.map(|value| self.reply.slice(value));
            let (Some(key), Some(value)) =
                (self.reply.slice(change.key), value.map_or(Some(None), |value| value.map(Some)))
            else {
                let message = "a change names bytes that the reply has not got".to_owned();
                return failure(GuestFailureKind::Protocol, message);
            };
            let value = value.map_or(0, <[u8]>::len);
            for (what, bytes, most) in
                [("key", key.len(), settings.state_key_bytes_max), ("value", value, settings.state_value_bytes_max)]
            {
                if bytes > most {
                    let message =
                        format!("a {what} of {bytes} bytes for the store `{store}`; state.{what}_bytes_max is {most}");
                    return failure(GuestFailureKind::StateTooLarge, message);
                }
            }
        }
        Ok(())
    }

    /// Whether the answer at `answer` changes state.
    pub(crate) fn has_changes(&self, answer: usize) -> bool {
        self.reply.changes_of(answer).is_some_and(|changes| !changes.is_empty())
    }

    /// The record is settled: what it changes is part of the open transaction.
    pub(crate) fn keep_changes(&mut self, batch: &S::Batch, at: usize, place: Place) -> Result<(), Failed> {
        let Some(changes) = self.reply.changes_of(place.answer).filter(|changes| !changes.is_empty()) else {
            return Ok(());
        };
        // A pipeline that has stores has the state of each partition that it was told to start.
        let Some(state) = self.keeping.of(place.partition) else { return Err(no_state(place.partition)) };
        if self.keeping.is_pending(place.partition) {
            let message = format!("partition {} was worked on before its cache was right", place.partition);
            return Err(Failed::State { message });
        }
        let timestamp = batch.record(at).timestamp;
        let mut bytes = 0;
        for change in changes {
            // Checked before any of the reply was obeyed.
            let Some(key) = self.reply.slice(change.key) else { continue };
            let value = change.value.and_then(|value| self.reply.slice(value));
            state.change(change.store, key, value, timestamp).map_err(|error| failed(&error))?;
            bytes += key.len() + value.map_or(0, <[u8]>::len);
        }
        if let Some(open) = &mut self.open {
            open.state_bytes += bytes;
            self.metrics.state.overlay_bytes.set(i64::try_from(open.state_bytes).unwrap_or(i64::MAX));
        }
        Ok(())
    }

    /// Hands the open transaction's changes to the changelogs, one for each key; once, however often the drain is tried.
    pub(crate) fn write_changes(&mut self) -> Result<Result<(), Failure>, Failed> {
        if self.keeping.written || self.keeping.held.is_empty() {
            return Ok(Ok(()));
        }
        self.keeping.written = true;
        let partitions: Vec<i32> = self.tracker.touched().map(|slot| slot.partition.partition).collect();
        for (partition, held) in self.keeping.held.iter().filter(|(partition, _)| partitions.contains(partition)) {
            if held.pending.is_some() {
                continue;
            }
            for expired in held.state.expired(SWEPT_KEYS_MAX).map_err(|error| failed(&error))? {
                held.state.change(expired.store, &expired.key, None, None).map_err(|error| failed(&error))?;
            }
            let sink = &mut self.sink;
            let written = held.state.each_change(|change| {
                let of = ChangelogPartition { store: change.store, partition: *partition };
                sink.change(of, change.key, change.value, change.timestamp_ms)
            });
            self.metrics.state.changes.inc_by(held.state.changes() as u64);
            match written {
                Ok(()) => {}
                Err(WriteError::Failed(failure)) => return Ok(Err(failure)),
                Err(WriteError::Refused(message)) => return Err(Failed::Changelog { message }),
            }
        }
        Ok(Ok(()))
    }

    /// The open transaction is void, and what it changed never was.
    pub(crate) fn drop_changes(&mut self) {
        self.keeping.drop_changes();
        self.metrics.state.overlay_bytes.set(0);
    }

    /// Everything is acknowledged: how far the changelogs are, should the transaction be committed.
    pub(crate) fn note_changelog_ends(&mut self) {
        self.keeping.ends = self.sink.changelog_ends();
    }

    /// The transaction is in the log: its changes, and that it is in, go into the caches.
    pub(crate) fn apply_changes(&mut self, token: &str, partitions: &[InputPartition]) -> Result<(), Failed> {
        if self.keeping.held.is_empty() {
            return Ok(());
        }
        let ends = std::mem::take(&mut self.keeping.ends);
        self.keeping.close();
        self.metrics.state.overlay_bytes.set(0);
        let numbers: BTreeSet<i32> = partitions.iter().map(|partition| partition.partition).collect();
        for number in numbers {
            let mut ends: Vec<ChangelogEnd> = ends.iter().filter(|end| end.partition == number).copied().collect();
            let before = self.keeping.held.get_mut(&number).and_then(|held| held.pending.take());
            let held_up = before.is_some();
            // Later ends win: the cache takes the largest.
            ends.extend(before.into_iter().flat_map(|before| before.ends));
            self.apply(number, token.to_owned(), ends, held_up)?;
            crash::point(crash::MID_APPLY);
        }
        Ok(())
    }

    /// `held_up`: an earlier try has failed, and the partition stands still.
    fn apply(&mut self, number: i32, token: String, ends: Vec<ChangelogEnd>, held_up: bool) -> Result<(), Failed> {
        let wall_ms = self.clock.wall_ms();
        let Some(held) = self.keeping.held.get_mut(&number) else { return Ok(()) };
        match held.state.apply(&Applied { token: &token, ends: &ends, now_ms: wall_ms }) {
            Ok(()) if held_up => self.go_on(number),
            Ok(()) => {}
            Err(error) if error.may_pass() => {
                held.pending = Some(Pending { token, ends, again: self.clock.now() + APPLY_AGAIN });
                self.hold_up(number, &error, held_up);
            }
            Err(error) => return Err(failed(&error)),
        }
        Ok(())
    }

    /// No batch of the partition before its cache is right again.
    fn hold_up(&mut self, number: i32, error: &CacheError, is_already: bool) {
        if is_already {
            tracing::debug!(pipeline = self.settings.pipeline, partition = number, "still: {error}");
            return;
        }
        let reason = format!(
            "partition {number} stands still: its state is committed, but can't be written to the local store: {error}. \
             It goes on by itself once there is room"
        );
        tracing::error!(pipeline = self.settings.pipeline, partition = number, "{reason}");
        self.metrics.state.apply_failures.inc();
        self.health.set(&self.component(number), State::Waiting { reason });
        for partition in self.inputs_of(number) {
            self.source.pause(partition);
            self.stuck.forget(partition);
        }
    }

    /// The cache is right again.
    fn go_on(&mut self, number: i32) {
        tracing::info!(pipeline = self.settings.pipeline, partition = number, "the local store takes state again");
        self.health.set(&self.component(number), State::Ready);
        for partition in self.inputs_of(number) {
            if let Some((_, slot)) = self.tracker.find(partition) {
                self.start_again(partition, slot.epoch, slot.next);
            }
        }
    }

    /// Tries caches again whose time has come; partitions go on where that works.
    pub(crate) fn apply_again(&mut self) -> Result<(), Failed> {
        let now = self.clock.now();
        let due = |held: &Held| held.pending.as_ref().is_some_and(|pending| pending.again <= now);
        let numbers: Vec<i32> =
            self.keeping.held.iter().filter(|(_, held)| due(held)).map(|(number, _)| *number).collect();
        for number in numbers {
            let pending = self.keeping.held.get_mut(&number).and_then(|held| held.pending.take());
            if let Some(Pending { token, ends, .. }) = pending {
                self.apply(number, token, ends, true)?;
            }
        }
        Ok(())
    }

    /// The partition is not ours any more: nothing of it waits here.
    pub(crate) fn forget_state(&mut self, partition: InputPartition) {
        if self.keeping.is_pending(partition) {
            self.health.set(&self.component(partition.partition), State::Ready);
        }
        self.keeping.forget(partition.partition);
    }

    fn inputs_of(&self, number: i32) -> Vec<InputPartition> {
        self.tracker.partitions().filter(|partition| partition.partition == number).collect()
    }

    fn component(&self, number: i32) -> String {
        format!("pipeline/{}/state/{number}", self.settings.pipeline)
    }
}

pub(crate) fn failed(error: &CacheError) -> Failed {
    Failed::State { message: error.to_string() }
}

fn no_state(partition: InputPartition) -> Failed {
    Failed::State { message: format!("partition {partition} was started without its state") }
}
