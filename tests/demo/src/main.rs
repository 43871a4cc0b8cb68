//! `wasmill-demo`: the command line of the demo. Exit 0: every record is accounted for and all state is right; 1: not so, or it
//! could not be made.

use std::process::ExitCode;

use clap::Parser;
use wasmill_artifacts::Flavour;
use wasmill_demo::run::{self, Size};

/// Run the examples' four pipelines on real data, kill a process on the way, and check every record, balance and stock count.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask demo", bin_name = "cargo xtask demo", version)]
struct CommandLine {
    /// On Apache Kafka, which needs Java and Maven, instead of the embedded broker.
    #[arg(long)]
    kafka: bool,
    /// Orders to send, the 2,300 of examples/data again and again, with ids of their own; and with each some five records more
    /// about stock, fulfilment and points.
    #[arg(long, default_value_t = 6_900, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    orders: u64,
    /// Texts of customers to send.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(10..=1_000_000))]
    texts: u64,
    /// For how many seconds they are sent; all is over some seconds later.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u64).range(5..=3600))]
    seconds: u64,
}

fn main() -> ExitCode {
    let CommandLine { kafka, orders, texts, seconds } = CommandLine::parse();
    match run::run(kafka, Flavour::Plain, Size { orders, texts, seconds }) {
        Ok(shown) => {
            println!("{}", shown.text);
            if shown.is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
