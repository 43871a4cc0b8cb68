//! The poll thread of a pipeline: keeps the membership alive, answers rebalances, watches workers, and takes
//! everything down in the right order.

use crate::command::{Command, WorkerHandle};
use crate::failed::Failed;
use crate::handover::Handover;
use crate::progress::Progress;
use crossbeam_channel::{Receiver, TryRecvError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use wasmill_kafka::{Consumer, GroupEvent};
use wasmill_record::{Group, InputPartition};
use wasmill_telemetry::{Health, PipelineMetrics, State, WorkerMetrics};

/// How late the thread notices what no event tells it: a stop, a failed worker.
const POLL_TIMEOUT: Duration = Duration::from_millis(50);

/// The client's complaints are logged at most this often; all of them are counted.
const WARN_INTERVAL: Duration = Duration::from_secs(10);

const WATCHDOG_INTERVAL: Duration = Duration::from_secs(1);

/// Leaving the group: how long the revoke of everything may take to arrive.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) struct Supervisor {
    pub(crate) pipeline: String,
    pub(crate) consumer: Arc<Consumer>,
    pub(crate) handover: Handover<Consumer>,
    pub(crate) workers: Vec<WorkerThread>,
    pub(crate) failures: Receiver<Failed>,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) health: Health,
    pub(crate) metrics: PipelineMetrics,
    /// When the last complaint was logged.
    pub(crate) warned: Option<Instant>,
}

pub(crate) struct WorkerThread {
    pub(crate) handle: WorkerHandle,
    pub(crate) thread: JoinHandle<()>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) metrics: WorkerMetrics,
}

impl Supervisor {
    /// Runs the pipeline until it is told to stop or fails.
    pub(crate) fn run(&mut self) -> Result<(), Failed> {
        let result = self.supervise();
        let commit = result.as_ref().map_or_else(Failed::is_mended_by_restart, |()| true);
        // What a worker could not commit on leaving is a failure as well; a new consumer would have nothing to mend.
        let left = self.leave(commit).and_then(|()| match self.failures.try_recv() {
            Ok(failed) if !failed.is_mended_by_restart() => Err(failed),
            Ok(_) | Err(_) => Ok(()),
        });
        self.metrics.pipeline_up.set(0);
        match (result, left) {
            (Err(failed), _) | (Ok(()), Err(failed)) => {
                let reason = failed.to_string();
                if failed.is_mended_by_restart() {
                    tracing::warn!(pipeline = self.pipeline, "{failed}: starting again with a new consumer");
                    self.health.set(&component(&self.pipeline), State::Waiting { reason });
                } else {
                    tracing::error!(pipeline = self.pipeline, "{failed}");
                    self.health.set(&component(&self.pipeline), State::Failed { reason });
                }
                Err(failed)
            }
            (Ok(()), Ok(())) => {
                tracing::info!(pipeline = self.pipeline, "stopped");
                Ok(())
            }
        }
    }

    fn supervise(&mut self) -> Result<(), Failed> {
        self.consumer.subscribe().map_err(|failure| Failed::Consumer { message: failure.message })?;
        let mut watchdog = Instant::now();
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            match self.failures.try_recv() {
                Ok(failed) => return Err(failed),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
            }
            if let Some(event) = self.consumer.poll(POLL_TIMEOUT) {
                self.answer(event)?;
            }
            if watchdog.elapsed() >= WATCHDOG_INTERVAL {
                watchdog = Instant::now();
                self.watch_workers();
            }
        }
    }

    fn answer(&mut self, event: GroupEvent) -> Result<(), Failed> {
        match event {
            GroupEvent::Assigned(partitions) => self.handover.assigned(&partitions),
            GroupEvent::Revoked { partitions, lost } => self.handover.revoked(&partitions, lost),
            GroupEvent::Error { message, fatal: true } => Err(Failed::Consumer { message }),
            GroupEvent::Error { message, fatal: false } => {
                self.metrics.broker_error("consumer");
                // An outage repeats itself several times a second; once in a while is enough to know of it.
                if self.warned.is_none_or(|at| at.elapsed() >= WARN_INTERVAL) {
                    self.warned = Some(Instant::now());
                    tracing::warn!(pipeline = self.pipeline, "{message}");
                } else {
                    tracing::debug!(pipeline = self.pipeline, "{message}");
                }
                Ok(())
            }
            // A partition was not forwarded: dropping its record would lose it, so the process must not go on.
            GroupEvent::Stray { partition, offset } => Err(stray(partition, offset)),
        }
    }

    fn watch_workers(&self) {
        let now = Instant::now();
        let stalled = self.workers.iter().find_map(|worker| {
            let (phase, lasted) = worker.progress.stalled(now)?;
            worker.metrics.watchdog_stalls.inc();
            Some(format!("worker {} has been in `{phase}` for {} s", worker.handle.worker, lasted.as_secs()))
        });
        let component = format!("{}/workers", component(&self.pipeline));
        match stalled {
            Some(reason) => {
                tracing::error!(pipeline = self.pipeline, "{reason}");
                self.health.set(&component, State::Stalled { reason });
            }
            None => self.health.set(&component, State::Ready),
        }
    }

    /// Leaves the group, stops the workers, waits for them. With `commit`, what they have is committed first.
    fn leave(&mut self, commit: bool) -> Result<(), Failed> {
        let mut result = Ok(());
        tracing::info!(pipeline = self.pipeline, commit, "leaving the group");
        if !commit {
            // The revoke must find nothing to commit, and nobody to ask.
            self.stop_workers(false);
            result = self.join_workers();
        }
        if let Err(failure) = self.consumer.unsubscribe() {
            tracing::warn!(pipeline = self.pipeline, "{failure}");
        }
        let deadline = Instant::now() + LEAVE_TIMEOUT;
        while !self.handover.is_empty() && Instant::now() < deadline {
            if let Some(event) = self.consumer.poll(POLL_TIMEOUT)
                && let Err(failed) = self.answer(event)
            {
                result = result.and(Err(failed));
                break;
            }
        }
        tracing::info!(pipeline = self.pipeline, empty = self.handover.is_empty(), "left; stopping workers");
        self.stop_workers(commit);
        result.and(self.join_workers())
    }

    fn join_workers(&mut self) -> Result<(), Failed> {
        let mut result = Ok(());
        for worker in self.workers.drain(..) {
            if worker.thread.join().is_err() {
                let message = "it panicked".to_owned();
                result = Err(Failed::Panic { worker: worker.handle.worker, message });
            }
        }
        result
    }

    fn stop_workers(&self, commit: bool) {
        for worker in &self.workers {
            worker.handle.tell(Command::Stop { commit });
            self.consumer.wake(worker.handle.worker);
        }
    }
}

fn stray(partition: Option<InputPartition>, offset: i64) -> Failed {
    let partition = partition.map_or_else(|| "of another topic".to_owned(), |partition| partition.to_string());
    let message = format!("record {offset} of partition {partition} arrived on the poll thread's queue");
    Failed::Consumer { message }
}

pub(crate) fn component(pipeline: &str) -> String {
    format!("pipeline/{pipeline}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_record_ends_the_process_with_its_place() {
        let failed = stray(Some(InputPartition::new(0, 3)), 17);
        assert!(failed.ends_process() && !failed.is_mended_by_restart());
        assert!(failed.to_string().contains("record 17 of partition 0/3"), "{failed}");
    }
}
