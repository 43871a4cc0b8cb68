//! `boundary.*`: what it costs to have a record answered in the sandbox instead of natively.

mod allocations;
mod native;
mod shipped;
mod turns;
mod workload;

use anyhow::{Result, ensure};
use wasmill_record::{Invoke, Reply};

use super::Scale;
use crate::figures::Figures;
use crate::guest::{Guest, instance};
use crate::numbers::median;
use crate::orders::Orders;
use native::Native;
use turns::{Contest, Pair};
use workload::Workload;

/// More than the caches next to a core hold, so that records come from where a consumer's come from.
const RECORDS: usize = 8192;
/// Records in one call. Each divides [`RECORDS`].
const BATCHES: [usize; 3] = [1, 16, BATCH_MAX];
const BATCH_MAX: usize = 256;
/// A turn takes milliseconds, so there are more of them than of a contestant with a Kafka.
const TURNS_PER_ROUND: usize = 5;

pub(super) fn measure(scale: Scale, figures: &mut Figures) -> Result<()> {
    let (guest, orders) = (Guest::build()?, Orders::new(RECORDS));
    let turns = scale.rounds as usize * TURNS_PER_ROUND;
    remark(figures, turns, orders.mean_bytes());
    let mut allocated = allocations::Most::default();
    for workload in Workload::ALL {
        let whole = guest.load(&workload.config(true))?;
        for batch in BATCHES {
            let mut wasm = instance(&whole)?;
            let pairs = Contest { orders: &orders, batch, turns }.run(&mut wasm, &mut Native::new(workload))?;
            let prefix = format!("boundary.{}.{batch}", workload.name());
            add(figures, &prefix, &pairs);
            ensure!(Invoke::<Orders>::take_counts(&mut wasm).renewals == 0, "{prefix}: an instance was renewed");
        }
        allocated.count(&mut instance(&whole)?, &orders)?;

        let projected = guest.load(&workload.config(false))?;
        let contest = Contest { orders: &orders, batch: BATCH_MAX, turns };
        let pairs = contest.run(&mut instance(&projected)?, &mut Native::new(workload))?;
        let name = format!("boundary.{}.{BATCH_MAX}.projected_ns", workload.name());
        figures.add(name, median(pairs.iter().map(|pair| pair.wasm_ns)), "ns");
    }
    allocated.add(figures);
    shipped::measure(turns, figures)
}

fn add(figures: &mut Figures, prefix: &str, pairs: &[Pair]) {
    figures.add(format!("{prefix}.ns"), median(pairs.iter().map(|pair| pair.wasm_ns)), "ns");
    figures.add(format!("{prefix}.native_ns"), median(pairs.iter().map(|pair| pair.native_ns)), "ns");
    figures.add(format!("{prefix}.ratio"), median(pairs.iter().map(|pair| pair.wasm_ns / pair.native_ns)), "x");
}

fn remark(figures: &mut Figures, turns: usize, mean_bytes: f64) {
    figures.remarks.push(format!(
        "boundary: CPU time of the thread per record of {mean_bytes:.0} bytes, packing, call and check of the reply \
         included, deadline on; sandbox and native in turn, median of {turns}; a ratio is of two neighbours"
    ));
    figures.remarks.push(
        "boundary: records cross as a whole, headers too; projected_ns: only the parts that the workload reads".into(),
    );
    if cfg!(debug_assertions) {
        figures.remarks.push("boundary: NOT a release build, the figures mean nothing".into());
    }
}

/// Asks for answers as a worker does.
fn call(
    contestant: &mut dyn Invoke<Orders>,
    orders: &Orders,
    from: usize,
    count: usize,
    reply: &mut Reply,
) -> Result<()> {
    reply.clear();
    let answered = contestant.invoke(orders, from, count, &crate::guest::SOURCE, reply);
    answered.map_err(|error| anyhow::anyhow!("a call failed: {error:?}"))
}
