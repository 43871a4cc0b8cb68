//! A real Apache Kafka (KRaft) for tests: one node or three, started on free ports, killed by pid.
//!
//! It starts, kills, stops and restarts nodes and creates topics; it does not produce, consume or judge anything.
//! Callers: `tests/broker`, `tests/chaos`, the benches, and `cargo xtask kafka` through this crate's own binary.
//!
//! The order of the modules is the order in which a start needs them.

mod archive;
mod availability;
mod client;
mod cluster;
mod distribution;
mod java;
mod layout;
mod lock;
mod node;
mod options;
mod ports;
mod properties;
mod run_directory;
pub mod signal;
mod spawn;
mod tls;
mod token;
mod tool;
mod wait;

pub use availability::{available, required_or_skipped};
pub use cluster::Cluster;
pub use options::Options;
pub use token::unsecured_token;
pub use tool::tool;

/// The user that the SASL_SSL listener knows, for PLAIN and SCRAM-SHA-256.
pub const SASL_USER: &str = "wasmill";
/// The password of [`SASL_USER`].
pub const SASL_PASSWORD: &str = "secret";

/// Fetches the jars, makes the TLS keys and the class archive, unless they are there. Done by every start; calling it
/// first keeps the minute it may take out of the first test.
pub fn prepare() -> anyhow::Result<()> {
    let distribution = distribution::Distribution::fetched()?;
    tls::Keys::made()?;
    archive::made(&distribution);
    Ok(())
}
