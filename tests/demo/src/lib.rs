//! The demo: `cargo xtask demo`.
//!
//! Both example pipelines run on real data beside a Kafka of the demo's own. The orders' worker is killed with SIGKILL in
//! the middle of a transaction and started again; at the end every input record is looked for in what was committed.
//! The modules are declared in the order in which a run needs them.

pub mod pipelines;

mod kafka;
mod records;
mod worker;

mod board;
mod feed;
mod reader;
mod screen;

mod interruption;
mod settling;

mod latency;
pub mod ledger;
mod report;
mod table;

pub mod run;
