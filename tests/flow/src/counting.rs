//! A plugin that keeps state: it numbers the records that it takes.
//!
//! The answer to the n-th record of a partition that is taken is one emission, `<value>=<n>`; n is kept under the key `n` of
//! the first store. A number that is missing or there twice says that state and outputs are not one.

use crate::log::MemoryBatch;
use crate::plugin::{Answer, Behaviour, emission, trap};
use std::sync::Arc;
use wasmill_record::{
    Batch, CallSource, Change, ChangeRun, Field, InvokeError, Outcome, ReadState, Record, Reply, StateError,
};

pub const KEY: &[u8] = b"n";

/// `decide` says of a value and an attempt whether the record is taken ([`Answer::Forward`]) or what else becomes of it.
pub struct Counting<F> {
    decide: F,
    state: Option<Arc<dyn ReadState>>,
    batch_max: usize,
}

impl<F: FnMut(&str, u32) -> Answer + Send> Counting<F> {
    pub fn new(decide: F) -> Counting<F> {
        Counting { decide, state: None, batch_max: usize::MAX }
    }

    /// Each call has one record.
    pub fn one_by_one(self) -> Counting<F> {
        Counting { batch_max: 1, ..self }
    }
}

impl<F: FnMut(&str, u32) -> Answer + Send> Behaviour for Counting<F> {
    fn batch_max(&self) -> usize {
        self.batch_max
    }

    fn read_from(&mut self, state: &Arc<dyn ReadState>) {
        self.state = Some(Arc::clone(state));
    }

    fn answer(
        &mut self,
        batch: &MemoryBatch,
        from: usize,
        count: usize,
        source: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError> {
        let state = self.state.take().ok_or_else(|| InvokeError::Host("no state".to_owned()))?;
        let mut number = read(&*state).map_err(|error| InvokeError::Host(error.to_string()))?;
        for at in from..from + count {
            let Record { value, .. } = batch.record(at);
            let words = String::from_utf8_lossy(value.unwrap_or_default());
            let (first, before) = (reply.changes.len() as u32, reply.emissions.len() as u32);
            let outcome = match (self.decide)(&words, source.attempt) {
                Answer::Forward => {
                    number += 1;
                    let emitted = Field::Bytes(reply.keep(format!("{words}={number}").as_bytes()));
                    reply.emissions.push(emission(emitted));
                    let (key, value) = (reply.keep(KEY), reply.keep(number.to_string().as_bytes()));
                    reply.changes.push(Change { store: 0, key, value: Some(value) });
                    Outcome::Emit { first: before, count: 1 }
                }
                Answer::Reject(code) => {
                    Outcome::Reject { code: reply.keep(code.as_bytes()), message: reply.keep(b"says the test") }
                }
                Answer::Retry(after_ms) => {
                    Outcome::Retry { after_ms, code: reply.keep(b"not-yet"), message: reply.keep(b"says the test") }
                }
                Answer::Trap => return Err(trap()),
                other => panic!("{other:?} is not for a plugin that counts"),
            };
            reply.change_runs.push(ChangeRun { first, count: reply.changes.len() as u32 - first });
            reply.outcomes.push(outcome);
        }
        Ok(())
    }
}

fn read(state: &dyn ReadState) -> Result<u64, StateError> {
    let mut value = Vec::new();
    let found = state.get(0, KEY, &mut value)?;
    let number = found.map_or(Ok(0), |_| String::from_utf8_lossy(&value).parse());
    number.map_err(|_| StateError("not a number".to_owned()))
}
