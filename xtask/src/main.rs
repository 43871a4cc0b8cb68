//! `cargo xtask`: the one place for automation. CI calls it and holds no steps of its own.
//!
//! One file per verb. It builds without any C code, so that it can say what a machine lacks.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod cargo;
mod chaos;
mod demo;
mod kafka;
mod lint;
mod test;
mod toolchain;

/// Tests, checks and tools of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Everything that must pass before a change goes in.
    Test(test::Arguments),
    /// Check layers, licences, manifests and sources.
    Lint,
    /// Show it at work on real data; the arguments are its own.
    Demo(cargo::PassedOn),
    /// Start a real Kafka and print its addresses.
    Kafka(kafka::Arguments),
    /// Run the chaos test; the arguments are its own.
    Chaos(cargo::PassedOn),
    /// Measure; the arguments are the bench's own.
    Bench(cargo::PassedOn),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().verb {
        Verb::Test(arguments) => test::run(&arguments),
        Verb::Lint => lint::run(),
        Verb::Demo(arguments) => demo::run(&arguments),
        Verb::Kafka(arguments) => kafka::run(&arguments),
        Verb::Chaos(arguments) => chaos::run(&arguments),
        Verb::Bench(arguments) => bench::run(&arguments),
    };
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    // Not by returning it: with RUST_BACKTRACE set, main would bury the sentence under a backtrace.
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
