//! The workloads of the boundary's figures, chosen by configuration: `identity`, `key-filter`, `json-validate`, `emit`; and
//! `panic`, for what a failure costs.
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
    Panic,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    kind: Kind,
    /// Keys that begin like this are dropped by `key-filter`, and make `panic` do so.
    #[serde(default)]
    prefix: String,
    /// Whether records cross as a whole, headers too, and not just the parts that the workload looks at.
    #[serde(default)]
    whole: bool,
}

struct Bench {
    config: Config,
}

impl Stateless for Bench {
    type Config = Config;
    type Outputs = Output;
    type Codes = Refusal;

    const READS: Reads = Reads::ALL;

    fn configure(config: Config) -> Result<Self, Problems> {
        let pointless = matches!(config.kind, Kind::KeyFilter | Kind::Panic) && config.prefix.is_empty();
        let problems = if pointless { Problems::at("/prefix", "every key begins so") } else { Problems::default() };
        problems.or(Bench { config })
    }

    fn reads(&self) -> Reads {
        match self.config.kind {
            _ if self.config.whole => Reads::ALL,
            Kind::Identity => Reads::NOTHING,
            Kind::KeyFilter | Kind::Panic => Reads::KEY,
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
            Kind::Panic if work::is_kept(record.key(), self.config.prefix.as_bytes()) => Ok(Output::Out.forward()),
            Kind::Panic => panic!("as configured"),
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
