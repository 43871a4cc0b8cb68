use wasmill_sdk::prelude::*;

#[derive(Deserialize)]
struct Config {
    limit: u32,
}

struct Plugin;

impl Stateless for Plugin {
    type Config = Config;
    type Outputs = NoOutputs;
    type Codes = NoCodes;

    fn configure(_: Config) -> Result<Self, Problems> {
        Ok(Plugin)
    }

    fn process(&self, _: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
        Ok(Outcome::Drop)
    }
}

wasmill_sdk::export!(Plugin);

fn main() {}
