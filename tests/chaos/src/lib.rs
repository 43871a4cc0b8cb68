//! Chaos: three processes run native and Wasm pipelines on a real Kafka while a seeded plan of faults is carried out; then
//! `wasmill-verify` says whether every promise was kept, and its oracle whether all stock and all points are right.
//!
//! It knows the product from outside only: its binary, configuration file, environment, exit status, log lines,
//! metrics, and what the brokers say. Faults whose effect can be proven are proven (a crash point was reached, a
//! transaction was open at the kill, partitions moved): a run in which nothing was hit is a failed run.
//!
//! [`run`] is the page to read; the modules stand in the order in which it uses them.

pub mod plan;
pub mod random;

pub mod feed;
pub mod flow;
pub mod generator;
pub mod kafka;
pub mod pipelines;
mod producer;

pub mod caches;
pub mod fleet;
pub mod metrics;
pub mod process;
pub mod roles;
pub mod transactions;

pub mod faults;
pub mod run;
pub mod tally;

mod wait;
