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
        /// Create a topic; as often as there are topics.
        #[arg(long = "topic", value_name = "NAME:PARTITIONS", value_parser = topic)]
        topics: Vec<(String, i32)>,
    },
}

/// More in one topic is a slip of the finger, and each costs the broker two files.
const PARTITIONS_MAX: i32 = 1000;

fn main() -> ExitCode {
    let outcome = match Verb::parse() {
        Verb::Check => wasmill_cluster::available().map_err(anyhow::Error::msg),
        Verb::Prepare => wasmill_cluster::prepare(),
        Verb::Run { nodes, sasl, topics } => run(Options { nodes, sasl, ..Options::one() }, &topics),
    };
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    // Not by returning it: with RUST_BACKTRACE set, main would bury the sentence under a backtrace.
    eprintln!("{error:#}");
    ExitCode::FAILURE
}

/// `orders:3`. Whether the name is legal is the broker's to say.
fn topic(text: &str) -> Result<(String, i32), String> {
    let partitions = |count: &str| count.parse().ok().filter(|count| (1..=PARTITIONS_MAX).contains(count));
    match text.rsplit_once(':').map(|(name, count)| (name, partitions(count))) {
        Some((name, Some(count))) if !name.is_empty() => Ok((name.to_owned(), count)),
        _ => Err(format!("write NAME:PARTITIONS, such as `orders:3`, with 1 to {PARTITIONS_MAX} partitions")),
    }
}

fn run(options: Options, topics: &[(String, i32)]) -> anyhow::Result<()> {
    // Before the start: a Ctrl-C during it is not lost, it ends the wait below at once.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let sasl = options.sasl;
    let cluster = Cluster::start(options)?;
    for (name, partitions) in topics {
        cluster.topic(name, *partitions, &[])?;
    }
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

#[cfg(test)]
mod tests {
    use super::topic;

    #[test]
    fn a_topic_is_a_name_and_a_number_of_partitions() {
        assert_eq!(topic("orders:3"), Ok(("orders".to_owned(), 3)));
        for bad in ["orders", "orders:", "orders:0", "orders:1001", "orders:-1", ":3", "orders:3:x", ""] {
            assert!(topic(bad).is_err(), "{bad}");
        }
    }
}
