//! `boundary.allocations_*`: how often a call asks for memory, our code and wasmtime together.

use anyhow::Result;
use wasmill_record::{Invoke, Reply};

use super::{BATCH_MAX, call};
use crate::allocator;
use crate::figures::Figures;
use crate::orders::Orders;

/// The other batch: what more records make of the count.
const FEW: usize = 16;
/// Calls that grow what is reused later.
const FIRST_CALLS: usize = 3;
const CALLS: usize = 100;

/// Of all workloads, the most.
#[derive(Default)]
pub(super) struct Most {
    per_call: f64,
    per_further_record: f64,
}

impl Most {
    pub(super) fn count(&mut self, contestant: &mut dyn Invoke<Orders>, orders: &Orders) -> Result<()> {
        let many = per_call(contestant, orders, BATCH_MAX)?;
        let few = per_call(contestant, orders, FEW)?;
        self.per_call = self.per_call.max(many);
        self.per_further_record = self.per_further_record.max((many - few) / (BATCH_MAX - FEW) as f64);
        Ok(())
    }

    pub(super) fn add(&self, figures: &mut Figures) {
        figures.remarks.push(format!(
            "boundary.allocations: the workload with the most, calls of {BATCH_MAX}, buffers grown before; per record \
             is per call / {BATCH_MAX}, per further record is the difference to calls of {FEW}"
        ));
        figures.add("boundary.allocations_per_call", self.per_call, "allocations");
        figures.add("boundary.allocations_per_record", self.per_call / BATCH_MAX as f64, "allocations");
        figures.add("boundary.allocations_per_further_record", self.per_further_record, "allocations");
    }
}

/// Always the same records, so that nothing has to grow.
fn per_call(contestant: &mut dyn Invoke<Orders>, orders: &Orders, batch: usize) -> Result<f64> {
    let mut reply = Reply::default();
    for _ in 0..FIRST_CALLS {
        call(contestant, orders, 0, batch, &mut reply)?;
    }
    let before = allocator::count();
    for _ in 0..CALLS {
        call(contestant, orders, 0, batch, &mut reply)?;
    }
    Ok((allocator::count() - before) as f64 / CALLS as f64)
}
