//! The workloads of the boundary's figures, chosen by configuration: `identity`, `key-filter`, `json-validate`, `emit`.
//!
//! What they do is in [`work`], as plain functions, so that a bench can call the same code natively; [`records`] makes what
//! they are fed with.

pub mod work;

#[cfg(not(target_family = "wasm"))]
pub mod records;

use wasmill_sdk::prelude::*;

#[derive(Outputs)]
enum Output {
    Out,
}

#[derive(Codes)]
enum Refusal {
    BadCurrency,
    BadAddress,
    NoItems,
    BadTotal,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Identity,
    KeyFilter,
    JsonValidate,
    Emit,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    kind: Kind,
    /// Keys that begin like this are dropped by `key-filter`.
    #[serde(default)]
    prefix: String,
}

struct Bench {
    config: Config,
}

impl Stateless for Bench {
    type Config = Config;
    type Outputs = Output;
    type Codes = Refusal;

    const READS: Reads = Reads::KEY.and(Reads::VALUE);

    fn configure(config: Config) -> Result<Self, Problems> {
        let pointless = config.kind == Kind::KeyFilter && config.prefix.is_empty();
        let problems = if pointless { Problems::at("/prefix", "would drop everything") } else { Problems::default() };
        problems.or(Bench { config })
    }

    fn reads(&self) -> Reads {
        match self.config.kind {
            Kind::Identity => Reads::NOTHING,
            Kind::KeyFilter => Reads::KEY,
            Kind::JsonValidate | Kind::Emit => Reads::VALUE,
        }
    }

    #[inline]
    fn process(&self, record: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
        match self.config.kind {
            Kind::Identity => Ok(Output::Out.forward()),
            Kind::KeyFilter if work::is_kept(record.key(), self.config.prefix.as_bytes()) => Ok(Output::Out.forward()),
            Kind::KeyFilter => Ok(Outcome::Drop),
            Kind::JsonValidate => match work::problem(&record.json()?) {
                None => Ok(Output::Out.forward()),
                Some(problem) => Err(refusal(problem).reject(problem.message())),
            },
            Kind::Emit => Ok(Output::Out.emit().value(record.value().unwrap_or_default()).into()),
        }
    }
}

fn refusal(problem: work::Problem) -> Refusal {
    match problem {
        work::Problem::Currency => Refusal::BadCurrency,
        work::Problem::Address => Refusal::BadAddress,
        work::Problem::Items => Refusal::NoItems,
        work::Problem::Total => Refusal::BadTotal,
    }
}

wasmill_sdk::export!(Bench);

#[cfg(test)]
mod tests;
