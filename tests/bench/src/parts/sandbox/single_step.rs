//! `sandbox.single_step.*`: a batch fails as a whole, and its records run again one by one, as the pipeline does it: a
//! fresh instance after the batch, and after each record that fails alone.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde_json::json;
use wasmill_record::{Invoke, InvokeError, Reply};
use wasmill_sandbox::Instance;

use super::BATCH;
use crate::cpu;
use crate::figures::Figures;
use crate::guest::{Guest, SOURCE, instance};
use crate::numbers::median;
use crate::orders::Orders;
use crate::parts::Scale;

const POISON: &str = "poison";
const POISONED_KEY: &[u8] = b"poison-000000001";
const TURNS_PER_ROUND: u32 = 5;

pub(super) fn measure(guest: &Guest, scale: Scale, figures: &mut Figures) -> Result<()> {
    let plugin = guest.load(&json!({ "kind": "panic", "prefix": POISON, "whole": true }))?;
    let mut instance = instance(&plugin)?;
    let good = Orders::new(BATCH);
    let turns = scale.rounds * TURNS_PER_ROUND;
    figures.remarks.push(format!(
        "sandbox.single_step: CPU time of the thread, a failed call of {BATCH} and then {BATCH} calls of 1, each failed \
         one followed by a fresh instance; median of {turns}"
    ));
    let middle = BATCH / 2..BATCH / 2 + 1;
    for (name, poisoned) in [("one_panic", middle), ("all_panic", 0..BATCH)] {
        let (bad, panics) = (Orders::new(BATCH).with_key(POISONED_KEY, poisoned.clone()), poisoned.len());
        let mut taken_ms = Vec::new();
        // The first turn grows what is reused.
        for turn in 0..=turns {
            let taken = turn_of(&mut instance, &good, &bad, panics)?;
            if turn > 0 {
                taken_ms.push(taken.as_secs_f64() * 1e3);
            }
        }
        figures.add(format!("sandbox.single_step.{name}_ms"), median(taken_ms), "ms");
    }
    Ok(())
}

/// Of an instance that has worked before.
fn turn_of(instance: &mut Instance, good: &Orders, bad: &Orders, panics: usize) -> Result<Duration> {
    let mut reply = Reply::default();
    ensure!(!fails(instance, good, 0, BATCH, &mut reply)?, "the good batch failed");
    let mut failed = 0;
    let taken = cpu::of(|| {
        ensure!(fails(instance, bad, 0, BATCH, &mut reply)?, "the bad batch passed");
        renew(instance);
        for at in 0..BATCH {
            if fails(instance, bad, at, 1, &mut reply)? {
                failed += 1;
                renew(instance);
            }
        }
        Ok(())
    })?;
    ensure!(failed == panics, "{failed} records failed alone, and {panics} had to");
    Ok(taken)
}

fn renew(instance: &mut Instance) {
    Invoke::<Orders>::renew(instance);
}

/// Whether the plugin fails.
///
/// # Errors
/// The host does.
fn fails(instance: &mut Instance, orders: &Orders, from: usize, count: usize, reply: &mut Reply) -> Result<bool> {
    reply.clear();
    match instance.invoke(orders, from, count, &SOURCE, reply) {
        Ok(()) => Ok(false),
        Err(InvokeError::Guest(_)) => Ok(true),
        Err(InvokeError::Host(message)) => bail!("no call was made: {message}"),
    }
}
