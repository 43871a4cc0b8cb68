use wasmill_sdk::prelude::*;
use wasmill_sdk::telemetry::Counter;

struct Counts;

impl Stateless for Counts {
    type Config = NoConfig;
    type Outputs = NoOutputs;
    type Codes = NoCodes;

    const COUNTERS: &'static [Counter] = &[Counter::new(1, "first"), Counter::new(0, "second")];

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Counts)
    }

    fn process(&self, _: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
        Ok(Outcome::Drop)
    }
}

wasmill_sdk::export!(Counts);

fn main() {}
