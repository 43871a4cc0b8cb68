//! Plugins made of closures.

use crate::log::MemoryBatch;
use crate::world::{Call, World};
use std::sync::{Arc, Mutex, PoisonError};
use wasmill_record::{
    Batch, CallSource, Emission, Field, GuestFailure, GuestFailureKind, HeaderRun, InputPartition, Invoke,
    InvokeCounts, InvokeError, Outcome, ReadState, Record, Reply,
};

/// A plugin as a test writes it; [`crate::Rig`] wraps it.
pub trait Behaviour: Send {
    fn answer(
        &mut self,
        batch: &MemoryBatch,
        from: usize,
        count: usize,
        source: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError>;

    /// Where the next call reads keyed state.
    fn read_from(&mut self, state: &Arc<dyn ReadState>) {
        let _ = state;
    }

    /// The most records that it takes in one call.
    fn batch_max(&self) -> usize {
        usize::MAX
    }

    /// What its instance has come to since the last time.
    fn take_counts(&mut self) -> InvokeCounts {
        InvokeCounts::default()
    }

    /// What it has counted itself since the last time.
    fn take_counters(&mut self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
}

/// The answer for one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Forward,
    Drop,
    /// Values to emit to the first output.
    Emit(Vec<String>),
    Reject(&'static str),
    /// Milliseconds; 0: the policy's back-off.
    Retry(u32),
    /// The call breaks down when the record is in it.
    Trap,
    /// The host can't make the call when the record is in it.
    HostError,
    /// An answer of the test's own, for breaking the contract.
    Raw(Outcome),
}

/// Answers each record by itself: value as text, and the attempt.
pub struct Each<F>(pub F);

/// Answers a call as a whole.
pub struct Whole<F>(pub F);

impl<F: FnMut(&str, u32) -> Answer + Send> Behaviour for Each<F> {
    fn answer(
        &mut self,
        batch: &MemoryBatch,
        from: usize,
        count: usize,
        source: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError> {
        for at in from..from + count {
            let Record { value, .. } = batch.record(at);
            let words = String::from_utf8_lossy(value.unwrap_or_default());
            let outcome = match (self.0)(&words, source.attempt) {
                Answer::Forward => Outcome::Forward { output: 0 },
                Answer::Drop => Outcome::Drop,
                Answer::Emit(values) => {
                    let first = reply.emissions.len() as u32;
                    for value in &values {
                        let value = Field::Bytes(reply.keep(value.as_bytes()));
                        reply.emissions.push(emission(value));
                    }
                    Outcome::Emit { first, count: values.len() as u32 }
                }
                Answer::Reject(code) => {
                    Outcome::Reject { code: reply.keep(code.as_bytes()), message: reply.keep(b"says the test") }
                }
                Answer::Retry(after_ms) => {
                    Outcome::Retry { after_ms, code: reply.keep(b"not-yet"), message: reply.keep(b"says the test") }
                }
                Answer::Trap => return Err(trap()),
                Answer::HostError => return Err(InvokeError::Host("no memory for an instance".to_owned())),
                Answer::Raw(outcome) => outcome,
            };
            reply.outcomes.push(outcome);
        }
        Ok(())
    }
}

impl<F> Behaviour for Whole<F>
where
    F: FnMut(&MemoryBatch, usize, usize, &mut Reply) -> Result<(), InvokeError> + Send,
{
    fn answer(
        &mut self,
        batch: &MemoryBatch,
        from: usize,
        count: usize,
        _source: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError> {
        (self.0)(batch, from, count, reply)
    }
}

pub(crate) fn emission(value: Field) -> Emission {
    Emission {
        output: 0,
        key: Field::Inherit,
        value,
        inherit_headers: true,
        headers: HeaderRun::default(),
        timestamp: None,
        partition: None,
    }
}

pub fn trap() -> InvokeError {
    GuestFailure { kind: GuestFailureKind::Trap, message: "wasm `unreachable`\nframe 0".to_owned() }.into()
}

/// Notes renewals and the attempts at which calls were made.
pub(crate) struct Plugin {
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) behaviour: Box<dyn Behaviour>,
}

impl Invoke<MemoryBatch> for Plugin {
    fn invoke(
        &mut self,
        batch: &MemoryBatch,
        from: usize,
        count: usize,
        source: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError> {
        self.behaviour.answer(batch, from, count, source, reply)
    }

    fn batch_max(&self) -> usize {
        self.behaviour.batch_max()
    }

    fn take_counts(&mut self) -> InvokeCounts {
        self.behaviour.take_counts()
    }

    fn take_counters(&mut self, each: &mut dyn FnMut(&str, u64)) {
        self.behaviour.take_counters().into_iter().for_each(|(name, by)| each(name, by));
    }

    fn read_from(&mut self, state: &Arc<dyn ReadState>) {
        self.behaviour.read_from(state);
    }

    fn renew(&mut self) {
        self.world.lock().unwrap_or_else(PoisonError::into_inner).note(Call::Renew);
    }

    fn seed(&mut self, partition: InputPartition) -> Option<u64> {
        Some(1000 + partition.partition.unsigned_abs() as u64)
    }

    fn name(&self) -> &str {
        "scripted"
    }

    fn digest(&self) -> Option<&str> {
        Some("sha256:test")
    }
}
