//! A call that failed as a whole: its records run again one by one, in order, to find the one at fault.

use crate::failed::Failed;
use crate::process::{Flow, Place};
use crate::worker::{Producer, Worker};
use wasmill_record::{Batch, Clock, GuestFailure, InvokeError, Sink, Source};
use wasmill_settle::tracker::SlotNumber;

impl<S, K, C> Worker<S, K, C>
where
    S: Source,
    K: Sink<S::Batch>,
    C: Clock,
{
    /// A fresh instance, one call per record. Only what fails alone is dead-lettered; a call that fails in company only is
    /// not held against any record.
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
        self.plugin.renew();
        for at in from..from + count {
            let flow = match self.invoke(batch, at, 1, attempt) {
                Ok(()) => {
                    let disposition = self.dispositions.first().copied();
                    self.touch(slot)?;
                    match (disposition, self.open) {
                        (Some(disposition), Some(_)) => {
                            let offset = batch.record(at).offset;
                            let place = Place { partition: batch.partition(), slot, offset, attempt };
                            self.settle(batch, at, place, disposition)?
                        }
                        _ => Flow::Cut,
                    }
                }
                Err(InvokeError::Host(message)) => return Err(self.plugin_unusable(message)),
                Err(InvokeError::Guest(failure)) => self.guest_failed(batch, slot, at, attempt, &failure)?,
            };
            if flow == Flow::Cut {
                return Ok(Flow::Cut);
            }
            self.spend_budget()?;
            if self.producer != Producer::Ready {
                self.read_again(batch.partition())?;
                return Ok(Flow::Cut);
            }
            if !self.is_behind(slot, batch, at) {
                return Ok(Flow::Cut);
            }
        }
        Ok(Flow::Go)
    }

    /// Whether the position is just behind the record at `at`: a commit between two calls may have ended in a rewind.
    fn is_behind(&self, slot: SlotNumber, batch: &S::Batch, at: usize) -> bool {
        self.tracker.get(slot).is_some_and(|slot| slot.next.is_past(batch.record(at).offset))
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
        self.plugin.renew();
        self.touch(slot)?;
        if self.open.is_none() {
            return Ok(Flow::Cut);
        }
        let place = Place { partition: batch.partition(), slot, offset: batch.record(at).offset, attempt };
        let written = self.broke_down(batch, at, place, failure);
        self.settled_or_void(place, written)
    }
}
