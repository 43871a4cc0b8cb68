//! `wasmill-chaos`: the command line of a chaos run. Exit 0: every promise kept and every fault done; 1: not so.

use std::process::ExitCode;

use clap::Parser;
use wasmill_chaos::kafka::Kind;
use wasmill_chaos::run::{self, Arguments};

/// Hurt running pipelines by a seeded plan and verify that each record came through exactly once.
#[derive(Debug, Parser)]
#[command(name = "wasmill-chaos", version)]
struct CommandLine {
    /// Decides what is done to whom, and in which order.
    #[arg(long)]
    seed: u64,
    /// Time for faults and settling; up to 4 make a short run with one of each fault.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=120))]
    minutes: u64,
    /// Records a second to each of the inputs.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(10..=100_000))]
    rate: u64,
    /// Brokers: 1 (none of them is killed) or 3.
    #[arg(long, default_value_t = 3, value_parser = nodes)]
    nodes: usize,
    /// On an embedded broker, which poses as three: needs no Java.
    #[arg(long, conflicts_with = "nodes")]
    embedded: bool,
    /// A `wasmill` built with its features `crash-points` and `native-plugins`; without it, one is built from the workspace.
    #[arg(long)]
    binary: Option<std::path::PathBuf>,
    /// Keep configuration files and logs of a good run, too.
    #[arg(long)]
    keep: bool,
}

fn nodes(text: &str) -> Result<usize, String> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        _ => Err("1 or 3".into()),
    }
}

fn main() -> ExitCode {
    let CommandLine { seed, minutes, rate, nodes, embedded, binary, keep } = CommandLine::parse();
    let kafka = if embedded { Kind::Embedded } else { Kind::Apache(nodes) };
    match run::run(&Arguments { seed, minutes, rate, kafka, binary, keep }) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
