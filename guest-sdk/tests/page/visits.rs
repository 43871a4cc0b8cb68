//! Counts the visits of each customer, and rewards every so many of them.

use wasmill_sdk::prelude::*;

#[derive(Outputs)]
enum Out {
    Rewards,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Every so many visits are rewarded.
    #[schemars(range(min = 1))]
    every: u64,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Visits {
    count: u64,
}

#[derive(Stores)]
struct Stores {
    visits: Store<str, Visits>,
    by_day: Store<(String, u32), Visits>,
}

struct Rewards {
    config: Config,
}

impl Plugin for Rewards {
    type Config = Config;
    type Outputs = Out;
    type Codes = NoCodes;
    type Stores = Stores;
    type Input<'r> = (&'r str, u32);

    const READS: Reads = Reads::KEY;

    fn configure(config: Config) -> Result<Self, Problems> {
        Ok(Rewards { config })
    }

    fn parse<'r>(&self, record: Record<'r>, stores: &Stores) -> Result<(&'r str, u32), Failure> {
        let customer = record.key_str()?;
        let day = record.timestamp().unwrap_or_default() / 86_400_000;
        let day = u32::try_from(day).unwrap_or_default();
        stores.visits.want(customer);
        stores.by_day.want((customer, day));
        Ok((customer, day))
    }

    fn process(&self, input: (&str, u32), stores: &mut Stores, _: &Context) -> Result<Outcome, Failure> {
        let mut visits = stores.visits.get(input.0)?.unwrap_or_default();
        visits.count += 1;
        stores.visits.put(input.0, &visits)?;

        let mut today = stores.by_day.get(input)?.unwrap_or_default();
        today.count += 1;
        stores.by_day.put(input, &today)?;

        if visits.count % self.config.every == 0 {
            return Ok(Out::Rewards.emit().json(&visits)?.into());
        }
        Ok(Outcome::Drop)
    }
}

wasmill_sdk::export!(Rewards);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn visit(customer: &str, day: i64) -> Sample {
        Sample::new().key(customer).timestamp(day * 86_400_000)
    }

    #[test]
    fn every_third_visit_is_rewarded() {
        Harness::<Rewards>::new(json!({ "every": 3 }))
            .state(|stores| stores.visits.put("ada", &Visits { count: 1 }))
            .batch([visit("ada", 0), visit("bert", 0), visit("ada", 1)])
            .expect_drop()
            .expect_drop()
            .expect(Out::Rewards, json!({ "count": 3 }))
            .expect_stored(|stores| stores.visits.get("bert"), Some(Visits { count: 1 }))
            .expect_stored(|stores| Ok(stores.by_day.scan(("ada",), 10)?.len()), 2);
    }
}
