//! `boundary.order-validation.*`: a plugin that comes with wasmill, on orders in its own shape, beside its own code natively.

use anyhow::{Result, anyhow, ensure};
use order_validation::{Config, OrderValidation, samples};
use serde_json::json;
use wasmill_record::{Batch, CallSource, GuestFailure, GuestFailureKind, Invoke, InvokeError, Outcome, Reply};
use wasmill_sdk::Stateless;

use super::turns::Contest;
use super::{BATCH_MAX, RECORDS, add, call};
use crate::figures::Figures;
use crate::guest::{Guest, SOURCE, bound};
use crate::orders::Orders;

pub(super) fn measure(turns: usize, figures: &mut Figures) -> Result<()> {
    let orders = Orders::of(samples::orders(RECORDS as u64));
    let plugin = Guest::shipped("order_validation")?.load(&json!({}))?;
    let (mut wasm, mut native) = (bound(&plugin, "valid")?, Native::new()?);
    all_valid(&mut wasm, &orders)?;
    let pairs = Contest { orders: &orders, batch: BATCH_MAX, turns }.run(&mut wasm, &mut native)?;
    add(figures, &format!("boundary.order-validation.{BATCH_MAX}"), &pairs);
    Ok(())
}

/// Refusing is another job than validating, and a clock that is behind the orders would refuse them all.
fn all_valid(wasm: &mut dyn Invoke<Orders>, orders: &Orders) -> Result<()> {
    let mut reply = Reply::default();
    call(wasm, orders, 0, BATCH_MAX, &mut reply)?;
    let refused = reply.outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Forward { output: 0 })).count();
    ensure!(refused == 0, "{refused} of {BATCH_MAX} orders are not forwarded");
    Ok(())
}

/// The plugin, compiled into this program.
struct Native(OrderValidation);

impl Native {
    fn new() -> Result<Native> {
        let plugin = OrderValidation::configure(Config::default());
        Ok(Native(plugin.map_err(|problems| anyhow!("{problems}"))?))
    }
}

impl Invoke<Orders> for Native {
    fn invoke(
        &mut self,
        batch: &Orders,
        from: usize,
        count: usize,
        _: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError> {
        let now_ms = SOURCE.now_ms.unsigned_abs();
        for at in from..from + count {
            let answer = self.0.answer(batch.record(at).value, now_ms);
            // All orders are valid, so this ends it.
            answer
                .map_err(|failure| GuestFailure { kind: GuestFailureKind::Protocol, message: failure.to_string() })?;
            reply.outcomes.push(Outcome::Forward { output: 0 });
        }
        Ok(())
    }

    fn renew(&mut self) {}

    fn name(&self) -> &str {
        "order-validation"
    }

    fn digest(&self) -> Option<&str> {
        None
    }
}
