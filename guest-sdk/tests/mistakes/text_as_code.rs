use wasmill_sdk::prelude::*;

struct Plugin;

impl Stateless for Plugin {
    type Config = NoConfig;
    type Outputs = NoOutputs;
    type Codes = &'static str;

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Plugin)
    }

    fn process(&self, _: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
        Ok(Outcome::Drop)
    }
}

wasmill_sdk::export!(Plugin);

fn main() {}
