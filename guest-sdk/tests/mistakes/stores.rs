use wasmill_sdk::prelude::*;

struct Stores;

struct Stateful;

impl Plugin for Stateful {
    type Config = NoConfig;
    type Outputs = NoOutputs;
    type Codes = NoCodes;
    type Stores = Stores;
    type Input<'r> = ();

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Stateful)
    }

    fn parse<'r>(&self, _: Record<'r>, _: &Stores) -> Result<(), Failure> {
        Ok(())
    }

    fn process(&self, _: (), _: &mut Stores, _: &Context) -> Result<Outcome, Failure> {
        Ok(Outcome::Drop)
    }
}

fn main() {}
