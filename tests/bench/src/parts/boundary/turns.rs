//! Two contestants with the same answers, timed in turn.

use std::mem::discriminant;
use std::time::Duration;

use anyhow::{Result, ensure};
use wasmill_record::{Batch, Field, Invoke, Reply};

use super::call;
use crate::cpu;
use crate::orders::Orders;

/// A turn is as many passes over all records as take about this long: far more than a reading of the clock.
const TURN: Duration = Duration::from_millis(20);
const PASSES_MAX: u32 = 10_000;

pub(super) struct Contest<'a> {
    pub(super) orders: &'a Orders,
    /// Records in one call.
    pub(super) batch: usize,
    pub(super) turns: usize,
}

/// Two turns that are neighbours in time: nanoseconds per record.
pub(super) struct Pair {
    pub(super) wasm_ns: f64,
    pub(super) native_ns: f64,
}

impl Contest<'_> {
    /// # Errors
    /// A call fails, or the two do not answer the same.
    pub(super) fn run(&self, wasm: &mut dyn Invoke<Orders>, native: &mut dyn Invoke<Orders>) -> Result<Vec<Pair>> {
        self.compare(wasm, native)?;
        let (wasm_passes, native_passes) = (self.passes(wasm)?, self.passes(native)?);
        let mut pairs = Vec::with_capacity(self.turns);
        for _ in 0..self.turns {
            let wasm_ns = self.turn(wasm, wasm_passes)?;
            pairs.push(Pair { wasm_ns, native_ns: self.turn(native, native_passes)? });
        }
        Ok(pairs)
    }

    /// Once over all records; the first time, this also grows what is reused.
    fn compare(&self, wasm: &mut dyn Invoke<Orders>, native: &mut dyn Invoke<Orders>) -> Result<()> {
        let (mut one, mut other) = (Reply::default(), Reply::default());
        for from in (0..self.orders.len()).step_by(self.batch) {
            call(wasm, self.orders, from, self.batch, &mut one)?;
            call(native, self.orders, from, self.batch, &mut other)?;
            ensure!(same(&one, &other), "sandbox and native do not answer the same from record {from} on");
        }
        Ok(())
    }

    /// How many fill a turn.
    fn passes(&self, contestant: &mut dyn Invoke<Orders>) -> Result<u32> {
        let one = self.turn(contestant, 1)? * self.orders.len() as f64;
        Ok(((TURN.as_nanos() as f64 / one.max(1.0)).ceil() as u32).clamp(1, PASSES_MAX))
    }

    fn turn(&self, contestant: &mut dyn Invoke<Orders>, passes: u32) -> Result<f64> {
        let mut reply = Reply::default();
        let taken = cpu::of(|| {
            for _ in 0..passes {
                for from in (0..self.orders.len()).step_by(self.batch) {
                    call(contestant, self.orders, from, self.batch, &mut reply)?;
                }
            }
            Ok(())
        })?;
        Ok(taken.as_nanos() as f64 / (f64::from(passes) * self.orders.len() as f64))
    }
}

/// The same kinds of answers, and the same values to write; where in a reply their bytes lie is each one's own.
fn same(one: &Reply, other: &Reply) -> bool {
    let kinds = |reply: &Reply| reply.outcomes.iter().map(discriminant).collect::<Vec<_>>();
    kinds(one) == kinds(other) && values(one) == values(other)
}

fn values(reply: &Reply) -> Vec<Option<&[u8]>> {
    let value = |field| if let Field::Bytes(span) = field { reply.slice(span) } else { None };
    reply.emissions.iter().map(|emission| value(emission.value)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::native::Native;
    use super::super::workload::Workload;
    use super::*;

    #[test]
    fn contestants_that_answer_differently_are_not_compared() {
        let orders = Orders::new(256);
        let contest = Contest { orders: &orders, batch: 256, turns: 1 };
        let run = |one, other| contest.run(&mut Native::new(one), &mut Native::new(other));
        for workload in Workload::ALL {
            assert_eq!(run(workload, workload).unwrap().len(), 1);
        }
        for workload in [Workload::KeyFilter, Workload::JsonValidate, Workload::Emit] {
            assert!(run(workload, Workload::Identity).is_err(), "{workload:?}");
        }
    }
}
