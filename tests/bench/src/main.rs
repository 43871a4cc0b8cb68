//! What wasmill costs beside a hand-written loop on the same client library, and how late its records are.
//!
//! Contestants are processes of their own and are all watched from outside in the same way: the product as it is
//! released, and the raw loop, for which this program starts itself. They take turns (A B A B), a ratio is made of two
//! neighbours in time, and what is printed is the median. Nothing here passes or fails by a time: machines differ, and
//! other people use them.
//!
//! What a call into a plugin costs (`boundary`, `sandbox`) is measured in this process, without a Kafka.
//!
//! Called by `cargo xtask bench`. The table or the JSON goes to stdout, everything else to stderr.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod allocator;
mod contestant;
mod cpu;
mod figures;
mod guest;
mod http;
mod load;
mod metrics;
mod numbers;
mod orders;
mod parts;
mod process;
mod progress;
mod raw;
mod reader;
mod setting;
mod wait;

/// Measures wasmill, on a Kafka of its own where one is needed.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Arguments {
    /// Print `{"figures":[{"name","value","unit"}...]}` in place of the table.
    #[arg(long)]
    json: bool,
    /// Only the figures whose names begin so: `boundary`, `sandbox`, `sentiment`, `devbroker`,
    /// `state.native`, `loop`, `state.loyalty`, `commit.pause`, `handover`, `swap`, `start`, `rss`, `latency`. The first five
    /// need no Kafka.
    #[arg(long, value_name = "PREFIX", default_value = "")]
    only: String,
    /// How often each contestant has its turn; five times as often where a turn takes milliseconds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
    /// Records that a contestant of `loop` works off in one turn.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(100_000..=10_000_000))]
    records: u64,
    /// Run the contestants on the embedded broker instead of Apache Kafka.
    #[arg(long)]
    embedded: bool,
    /// Measure this binary instead of building the product; for profiling.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// The raw loop; started by the bench itself.
    #[command(hide = true)]
    Raw(raw::Job),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.role {
        Some(Role::Raw(job)) => raw::run(job),
        None => bench(&arguments),
    };
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

fn bench(arguments: &Arguments) -> anyhow::Result<()> {
    let scale = parts::Scale { rounds: arguments.rounds, records: arguments.records };
    let figures = parts::run(&arguments.only, scale, arguments.binary.clone(), arguments.embedded)?;
    let text = if arguments.json { figures.json() } else { figures.table() };
    print!("{text}");
    Ok(())
}
