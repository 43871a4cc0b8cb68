//! Checks orders before anybody acts on them: complete, in bounds, and the sums are right.
//!
//! `order.rs` says what an order is, `rules.rs` what must hold for it, [`Refusal`] has the codes. A valid order goes to `valid`
//! byte for byte as it came. The plugin does not look at keys, other orders or other systems: whether a customer exists, or an
//! order came twice, is for others to say.

mod config;
mod currency;
mod fold;
mod moment;
mod order;
mod read;
mod refusal;
mod rules;
#[cfg(any(not(target_family = "wasm"), target_env = "p1"))]
pub mod samples;

pub use config::Config;
pub use refusal::Refusal;

use wasmill_sdk::prelude::*;

/// Where orders go.
#[derive(Debug, Clone, Copy, Outputs)]
pub enum Output {
    /// Valid orders, unchanged.
    Valid,
    /// Valid orders once more, with the restaurant's id as their key; only with `by_restaurant: true`.
    #[output(optional)]
    ByRestaurant,
}

/// The plugin.
#[derive(Debug)]
pub struct OrderValidation {
    config: Config,
}

impl OrderValidation {
    /// Answers one record's value at a time: what `process` does, for whoever has no record.
    ///
    /// # Errors
    /// Why the order is refused.
    #[inline]
    pub fn answer(&self, value: Option<&[u8]>, now_ms: u64) -> Result<Outcome, Failure> {
        let value = value.ok_or_else(|| Refusal::NullValue.reject("the record is a tombstone"))?;
        if value.len() > self.config.max_bytes {
            let (length, limit) = (value.len(), self.config.max_bytes);
            return Err(Refusal::OrderTooLarge.reject(format!("{length} bytes, at most {limit}")));
        }
        let order = read::order(value)?;
        rules::check(&order, &self.config, i64::try_from(now_ms / 1000).unwrap_or(i64::MAX))?;
        if !self.config.by_restaurant {
            return Ok(Output::Valid.forward());
        }
        Ok([Output::Valid.emit(), Output::ByRestaurant.emit().key(&*order.restaurant_id)].into_iter().collect())
    }
}

impl Stateless for OrderValidation {
    type Config = Config;
    type Outputs = Output;
    type Codes = Refusal;

    const READS: Reads = Reads::VALUE;

    fn configure(config: Config) -> Result<OrderValidation, Problems> {
        let problems = config.problems();
        problems.or(OrderValidation { config })
    }

    fn process(&self, record: Record<'_>, context: &Context) -> Result<Outcome, Failure> {
        self.answer(record.value(), context.now_ms())
    }
}

wasmill_sdk::export!(OrderValidation);

#[cfg(test)]
mod tests;
