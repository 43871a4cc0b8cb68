//! Partitions come and go: what the poll thread does when the group says so. The order of the calls is the protocol
//! (R3.1, R3.2, R4.1); flow tests assert it.
//!
//! Taking: forward, pause, assign at a placeholder, note it in the books, and leave the rest to the control plane
//! ([`crate::taking`]) and the worker. Nothing here waits: the other partitions stand still until the answer is given.
//! Giving: every worker ends what it has of them and acknowledges, then they are unassigned. What the group says of a
//! partition of the first input goes for those of the others, in the same calls: an unassignment of their own would count as
//! the answer to a revoke, and another process could have the partition while we still read it.

use crate::command::{Command, WorkerHandle};
use crate::crash;
use crate::failed::Failed;
use crate::followers::with_followers;
use crossbeam_channel::{Sender, bounded};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wasmill_record::{Failure, Group, InputPartition};
use wasmill_settle::Books;
use wasmill_telemetry::PipelineMetrics;

/// Workers are waited for in so many steps, so that a process that was stopped and goes on (SIGSTOP, a paused virtual machine)
/// has used up one of them and not its patience.
const ACK_STEPS: u32 = 80;

/// Partitions whose start position the control plane has to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    pub partitions: Vec<InputPartition>,
    pub epoch: u64,
    pub since: Instant,
}

pub struct Handover<G> {
    pub group: Arc<G>,
    pub books: Arc<Mutex<Books>>,
    pub workers: Vec<WorkerHandle>,
    pub takes: Sender<Take>,
    /// Number of inputs; the group speaks of the first one only.
    pub inputs: u16,
    pub metrics: PipelineMetrics,
    /// A worker ends a transaction within the commit deadline, and aborts it within another one.
    pub ack_timeout: Duration,
    pub pipeline: String,
}

impl<G: Group> Handover<G> {
    pub fn assigned(&mut self, partitions: &[InputPartition]) -> Result<(), Failed> {
        self.metrics.rebalances.assigned.inc();
        let partitions = &with_followers(partitions, self.inputs)[..];
        for partition in partitions {
            // Before the assign: records must never reach the poll thread's queue. Looking the queue up also creates
            // the partition's object, so that it can be paused.
            self.group.forward(*partition).map_err(consumer_failed)?;
        }
        if !partitions.is_empty() {
            // Before the assign: nothing is ever fetched at the placeholder.
            self.group.pause(partitions).map_err(consumer_failed)?;
        }
        let epoch = self.books().assigned(partitions);
        self.group.assign(partitions).map_err(consumer_failed)?;
        self.note_held();
        tracing::info!(pipeline = self.pipeline, epoch, partitions = ?numbers(partitions), "assigned");
        if !partitions.is_empty() {
            let take = Take { partitions: partitions.to_vec(), epoch, since: Instant::now() };
            // Closed only when the pipeline is being taken down.
            let _ = self.takes.send(take);
        }
        Ok(())
    }

    pub fn revoked(&mut self, partitions: &[InputPartition], lost: bool) -> Result<(), Failed> {
        let since = Instant::now();
        let partitions = &with_followers(partitions, self.inputs)[..];
        crash::point(crash::IN_REVOKE);
        let rebalances = &self.metrics.rebalances;
        if lost {
            rebalances.lost.inc()
        } else {
            rebalances.revoked.inc()
        };
        if lost {
            // At once, so that no worker commits for them any more.
            self.books().gone(partitions);
        } else {
            self.books().giving(partitions);
        }
        self.ask_workers(partitions, lost)?;
        self.books().gone(partitions);
        self.group.unassign(partitions).map_err(consumer_failed)?;
        self.note_held();
        self.metrics.handover_duration.observe(since.elapsed().as_secs_f64());
        let took_ms = since.elapsed().as_millis() as u64;
        tracing::info!(pipeline = self.pipeline, partitions = ?numbers(partitions), lost, took_ms, "given up");
        Ok(())
    }

    /// Waits until no worker can commit anything of these partitions any more.
    fn ask_workers(&self, partitions: &[InputPartition], lost: bool) -> Result<(), Failed> {
        let (done, acks) = bounded(self.workers.len());
        let mut awaited: Vec<usize> = Vec::new();
        for handle in &self.workers {
            let theirs: Vec<InputPartition> =
                partitions.iter().filter(|p| p.worker(self.workers.len()) == handle.worker).copied().collect();
            // A worker that is gone has given its producer up.
            if !theirs.is_empty() && handle.tell(Command::Give { partitions: theirs, lost, done: done.clone() }) {
                self.group.wake(handle.worker);
                awaited.push(handle.worker);
            }
        }
        drop(done);
        let mut steps = 0;
        while !awaited.is_empty() {
            match acks.recv_timeout(self.ack_timeout / ACK_STEPS) {
                Ok(ack) => awaited.retain(|worker| *worker != ack.worker),
                // Every worker that has not answered is gone, and its producer with it.
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => return Ok(()),
                Err(crossbeam_channel::RecvTimeoutError::Timeout) if steps < ACK_STEPS => steps += 1,
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => {
                    let worker = awaited.first().copied().unwrap_or_default();
                    return Err(Failed::Unresponsive { worker, seconds: self.ack_timeout.as_secs() });
                }
            }
        }
        Ok(())
    }

    /// Whether nothing is held any more.
    pub fn is_empty(&self) -> bool {
        self.books().is_empty()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_held(&self) {
        let held = self.books().len();
        self.metrics.assigned_partitions.set(held as i64);
    }
}

fn consumer_failed(failure: Failure) -> Failed {
    Failed::Consumer { message: failure.message }
}

fn numbers(partitions: &[InputPartition]) -> Vec<i32> {
    partitions.iter().filter(|partition| partition.input == 0).map(|partition| partition.partition).collect()
}
