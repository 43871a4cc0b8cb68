//! A call that failed as a whole: its records run again one by one, in order, to find the one at fault.

use crate::ending::Ended;
use crate::failed::Failed;
use crate::process::{Flow, Place};
use crate::worker::{Producer, Worker};
use wasmill_record::{Batch, Clock, GuestFailure, InputPartition, InvokeError, Sink, Source};
use wasmill_settle::tracker::SlotNumber;

impl<S, K, C> Worker<S, K, C>
where
    S: Source,
    K: Sink<S::Batch>,
    C: Clock,
{
    /// A fresh instance, one call per record. Only what fails alone is dead-lettered; a call that fails in company only is
    /// not held against any record, but calls for its partition become smaller.
    pub(crate) fn single_step(
        &mut self,
        batch: &mut S::Batch,
        slot: SlotNumber,
        from: usize,
        count: usize,
        attempt: u32,
        failure: &GuestFailure,
    ) -> Result<Flow, Failed> {
        tracing::warn!(
            pipeline = self.settings.pipeline,
            partition = %batch.partition(),
            records = count,
            "single-stepping after {}: {}",
            failure.kind.code(),
            failure.message
        );
        if self.restart_plugin(batch.partition())? == Flow::Cut {
            return Ok(Flow::Cut);
        }
        let mut failed_alone = false;
        for at in from..from + count {
            let flow = match self.invoke(batch, at, 1, attempt) {
                Ok(()) => {
                    let disposition = self.dispositions.first().copied();
                    self.touch(slot)?;
                    match (disposition, self.open) {
                        (Some(disposition), Some(_)) => {
                            let place = Place::of(batch, at, slot, attempt, 0);
                            self.settle(batch, at, place, disposition)?
                        }
                        _ => Flow::Cut,
                    }
                }
                Err(InvokeError::Host(message)) => return Err(self.plugin_unusable(message)),
                Err(InvokeError::Guest(failure)) => {
                    failed_alone = true;
                    self.guest_failed(batch, slot, at, attempt, &failure)?
                }
            };
            if flow == Flow::Cut || self.between_calls(batch, slot, at)? == Flow::Cut {
                return Ok(Flow::Cut);
            }
        }
        if !failed_alone {
            self.company.failed(batch.partition(), count);
        }
        Ok(Flow::Go)
    }

    /// The record failed alone: a dead letter, and a fresh instance for the next one.
    pub(crate) fn guest_failed(
        &mut self,
        batch: &mut S::Batch,
        slot: SlotNumber,
        at: usize,
        attempt: u32,
        failure: &GuestFailure,
    ) -> Result<Flow, Failed> {
        self.touch(slot)?;
        let place = Place::of(batch, at, slot, attempt, 0);
        let flow = match self.open {
            None => Flow::Cut,
            Some(_) => {
                let written = self.broke_down(batch, at, place, failure);
                self.settled_or_void(place, written)?
            }
        };
        // The failed instance is of no more use, whatever became of the letter.
        let fresh = self.restart_plugin(place.partition)?;
        Ok(if flow == Flow::Go { fresh } else { flow })
    }

    /// Whether an instance that starts now, and takes all of its deadline, does so before the open transaction has to end.
    pub(crate) fn instance_starts_in_time(&self) -> bool {
        let started_by = self.clock.now() + self.settings.start_deadline;
        self.open.is_none_or(|open| started_by <= open.begun + self.settings.last_moment())
    }

    /// A fresh instance for the next call. It may take `start_deadline` to start, and no transaction may end before it does:
    /// one that could is closed now.
    fn restart_plugin(&mut self, partition: InputPartition) -> Result<Flow, Failed> {
        self.plugin.renew();
        if self.instance_starts_in_time() {
            return Ok(Flow::Go);
        }
        match self.end_transaction()? {
            // It is read again once its cache is right.
            Ended::Committed if self.keeping.is_pending(partition) => Ok(Flow::Cut),
            Ended::Committed if self.producer == Producer::Ready => Ok(Flow::Go),
            Ended::Void => Ok(Flow::Cut),
            Ended::Committed | Ended::Unresolved => {
                self.read_again(partition)?;
                Ok(Flow::Cut)
            }
        }
    }
}
