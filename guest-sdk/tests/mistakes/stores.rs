use wasmill_sdk::prelude::*;

struct NoSet;

struct Stateful;

impl Plugin for Stateful {
    type Config = NoConfig;
    type Outputs = NoOutputs;
    type Codes = NoCodes;
    type Stores = NoSet;
    type Input<'r> = ();

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Stateful)
    }

    fn parse<'r>(&self, _: Record<'r>, _: &NoSet) -> Result<(), Failure> {
        Ok(())
    }

    fn process(&self, _: (), _: &mut NoSet, _: &Context) -> Result<Outcome, Failure> {
        Ok(Outcome::Drop)
    }
}

fn main() {}
