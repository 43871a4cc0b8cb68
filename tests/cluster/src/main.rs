//! The cluster from the command line, for `cargo xtask test` and `cargo xtask kafka`.
//!
//! A binary of its own, so that xtask builds in seconds and can check for a C compiler before anything needs one.

use std::process::ExitCode;

use clap::Parser;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use wasmill_cluster::{Cluster, Options, SASL_PASSWORD, SASL_USER};

/// A real Apache Kafka for tests.
#[derive(Parser)]
#[command(name = "wasmill-cluster")]
enum Verb {
    /// Say whether Kafka can be run here, and what to type when not (exit code 1).
    Check,
    /// Fetch the jars and make the TLS keys and the class archive.
    Prepare,
    /// Start a cluster, print its addresses, run until Ctrl-C.
    Run {
        /// 1 or 3.
        #[arg(long, default_value_t = 1)]
        nodes: usize,
        /// Add a SASL_SSL listener.
        #[arg(long)]
        sasl: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Verb::parse() {
        Verb::Check => wasmill_cluster::available().map_err(anyhow::Error::msg),
        Verb::Prepare => wasmill_cluster::prepare(),
        Verb::Run { nodes, sasl } => run(Options { nodes, sasl, ..Options::one() }),
    };
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    // Not by returning it: with RUST_BACKTRACE set, main would bury the sentence under a backtrace.
    eprintln!("{error:#}");
    ExitCode::FAILURE
}

fn run(options: Options) -> anyhow::Result<()> {
    // Before the start: a Ctrl-C during it is not lost, it ends the wait below at once.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let sasl = options.sasl;
    let cluster = Cluster::start(options)?;
    println!("bootstrap.servers={}", cluster.bootstrap());
    if sasl {
        println!("bootstrap.servers={} (SASL_SSL)", cluster.sasl_bootstrap());
        println!("ssl.ca.location={}", cluster.ca_file().display());
        println!("sasl.mechanism=PLAIN, SCRAM-SHA-256: user {SASL_USER}, password {SASL_PASSWORD}");
        println!("sasl.mechanism=OAUTHBEARER: any unsecured token");
    }
    eprintln!("Ctrl-C stops it");
    signals.forever().next();
    Ok(())
}
