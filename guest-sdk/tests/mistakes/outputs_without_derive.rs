use wasmill_sdk::prelude::*;

// Forgotten: #[derive(Outputs)]
enum Out {
    Valid,
}

struct Plugin;

impl Stateless for Plugin {
    type Config = NoConfig;
    type Outputs = Out;
    type Codes = NoCodes;

    fn configure(_: NoConfig) -> Result<Self, Problems> {
        Ok(Plugin)
    }

    fn process(&self, _: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
        Ok(Outcome::Drop)
    }
}

wasmill_sdk::export!(Plugin);

fn main() {}
