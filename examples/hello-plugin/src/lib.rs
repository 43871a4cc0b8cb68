//! Lets large payments through, and says how large they are.

use std::borrow::Cow;
use wasmill_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Large,
}

#[derive(Codes)]
enum Refusal {
    NegativeAmount,
}

/// The plugin's section in the pipeline file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The smallest amount that is large.
    #[schemars(range(min = 1))]
    at_least: i64,
}

#[derive(Deserialize)]
struct Payment<'r> {
    #[serde(borrow)]
    customer: Cow<'r, str>,
    amount: i64,
}

#[derive(Serialize)]
struct Large<'r> {
    customer: &'r str,
    amount: i64,
    times: i64,
}

struct LargePayments {
    config: Config,
}

impl Stateless for LargePayments {
    type Config = Config;
    type Outputs = Out;
    type Codes = Refusal;

    const READS: Reads = Reads::VALUE;

    fn configure(config: Config) -> Result<Self, Problems> {
        if config.at_least < 1 {
            return Err(Problems::at("/at_least", "must be at least 1"));
        }
        Ok(LargePayments { config })
    }

    fn process(&self, record: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
        let Payment { customer, amount } = record.json()?;
        if amount < 0 {
            return Err(Refusal::NegativeAmount.reject(format!("{amount} is negative")));
        }
        if amount < self.config.at_least {
            return Ok(Outcome::Drop);
        }
        let large = Large { customer: &customer, amount, times: amount / self.config.at_least };
        Ok(Out::Large.emit().key(customer.as_bytes()).json(&large)?.into())
    }
}

wasmill_sdk::export!(LargePayments);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn harness() -> Harness<LargePayments> {
        Harness::new(json!({ "at_least": 100 }))
    }

    #[test]
    fn only_large_payments_come_through() {
        harness()
            .send("p-1", json!({ "customer": "Zo\u{eb}", "amount": 250 }))
            .expect(Out::Large, json!({ "customer": "Zo\u{eb}", "amount": 250, "times": 2 }))
            .send("p-2", json!({ "customer": "Ada", "amount": 99 }))
            .expect_drop();
    }

    #[test]
    fn what_can_not_be_right_is_rejected() {
        harness()
            .batch([
                Sample::new().key("p-3").json(json!({ "customer": "Ada", "amount": -1 })),
                Sample::new().key("p-4").value("{"),
                Sample::new().key("p-5"),
            ])
            .expect_reject(Refusal::NegativeAmount)
            .expect_reject("invalid-json")
            .expect_reject("null-value");
    }

    #[test]
    fn a_threshold_of_zero_is_refused() {
        assert!(Harness::<LargePayments>::configure(json!({ "at_least": 0 })).is_err());
    }
}
