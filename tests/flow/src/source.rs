//! A worker's inlet out of the world's input logs; also the place where the test's script is turned on.

use crate::log::MemoryBatch;
use crate::world::{Call, Flowing, When, World};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wasmill_pipeline::Command;
use wasmill_record::{
    Batch, BatchLimits, Class, CommitOffset, Failure, InputPartition, PartitionErrorKind, Polled, Source,
};

/// A run polls in vain less often than this, or its script waits for what never happens.
const EMPTY_POLLS_MAX: usize = 20_000;

pub struct MemorySource {
    world: Arc<Mutex<World>>,
    /// Whose turn it was.
    last: Option<InputPartition>,
}

impl MemorySource {
    pub fn new(world: Arc<Mutex<World>>) -> MemorySource {
        MemorySource { world, last: None }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for MemorySource {
    type Batch = MemoryBatch;

    fn poll(&mut self, batch: &mut MemoryBatch, limits: BatchLimits, wait: Duration) -> Polled {
        batch.clear();
        let last = self.last;
        let mut world = self.world();
        if let Some(error) = world.partition_errors.pop_front() {
            if error.kind == PartitionErrorKind::OutOfRange {
                world.stuck.insert(error.partition);
            }
            return Polled::Error(error);
        }
        if world.run_script() {
            // Commands are looked at between two polls.
            return Polled::Nothing;
        }
        let Some(partition) = world.next_to_deliver(last) else {
            world.clock.advance(wait);
            world.empty_polls += 1;
            assert!(world.empty_polls < EMPTY_POLLS_MAX, "never comes to its end");
            return Polled::Nothing;
        };
        world.hand_out(partition, batch, limits);
        drop(world);
        self.last = Some(partition);
        Polled::Batch
    }

    fn seek(&mut self, to: &[(InputPartition, CommitOffset)]) -> Vec<InputPartition> {
        let mut world = self.world();
        let mut failed = Vec::new();
        for (partition, at) in to {
            if world.call(Call::Seek).failure.is_some() {
                failed.push(*partition);
                continue;
            }
            let at = (at.next() - world.deliver_early).max(0);
            match world.flowing.get_mut(partition) {
                Some(flowing) => flowing.at = at,
                None => world.violation(&format!("seek of partition {partition}, which was not started")),
            }
        }
        failed
    }

    fn start(&mut self, partition: InputPartition, at: CommitOffset) -> Result<(), Failure> {
        let mut world = self.world();
        if world.call(Call::Start).failure.is_some() {
            world.unstarted.insert(partition);
            return Err(Failure::new(Class::Retriable, "injected: the seek was overtaken"));
        }
        world.unstarted.remove(&partition);
        let passed = world.clock.passed();
        world.starts.push((passed, partition, at.next()));
        let at = (at.next() - world.deliver_early).max(0);
        world.flowing.insert(partition, Flowing { at, paused: false });
        Ok(())
    }

    fn pause(&mut self, partition: InputPartition) {
        let mut world = self.world();
        world.note(Call::Pause);
        if let Some(flowing) = world.flowing.get_mut(&partition) {
            flowing.paused = true;
        }
    }

    fn has_unread(&mut self, partition: InputPartition) -> Option<bool> {
        let world = self.world();
        let at = world.flowing.get(&partition)?.at;
        Some(world.inputs.get(&partition).is_some_and(|log| at < log.len() as i64))
    }

    fn forget(&mut self, partition: InputPartition) {
        let mut world = self.world();
        world.note(Call::Forget);
        world.flowing.remove(&partition);
        world.unstarted.remove(&partition);
    }
}

impl World {
    /// Runs the step whose time has come; at the end of the script, the stop. Whether something was run.
    fn run_script(&mut self) -> bool {
        let due = match self.script.front() {
            None if self.is_idle() => {
                self.handle.tell(Command::Stop { commit: true });
                return true;
            }
            None => false,
            Some((When::Poll, _)) => true,
            Some((When::Read(records), _)) => self.records_read >= *records || self.is_idle(),
            Some((When::Idle, _)) => self.is_idle(),
        };
        if !due {
            return false;
        }
        let (when, mut step) = self.script.pop_front().expect("it was just looked at");
        if !step(self) {
            self.script.push_front((when, step));
            // The world has to move on before it is asked again.
            self.clock.advance(Duration::from_millis(1));
            return false;
        }
        true
    }

    fn hand_out(&mut self, partition: InputPartition, batch: &mut MemoryBatch, limits: BatchLimits) {
        self.note(Call::Batch);
        let log = &self.inputs[&partition];
        let flowing = self.flowing.get_mut(&partition).expect("it has something to deliver");
        batch.partition = partition;
        let rest = log.iter().skip(flowing.at as usize);
        batch.entries.extend(rest.take(limits.records_max.max(1)).cloned());
        self.batches.push((partition, flowing.at, batch.len()));
        flowing.at += batch.len() as i64;
        self.records_read += batch.len();
    }
}
