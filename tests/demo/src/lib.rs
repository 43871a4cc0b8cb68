//! The demo: `cargo xtask demo`.
//!
//! The examples' four pipelines run on real data beside a Kafka of the demo's own: orders from the till to the customer's points,
//! and what customers write. The restaurants' process is killed with SIGKILL in the middle of a transaction and started again;
//! at the end every order and every text is looked for in what was committed, and the oracle of `wasmill-verify` judges every
//! balance and every stock count. The modules are declared in the order in which a run needs them.

pub mod pipelines;

mod kafka;
mod worker;

mod clock;
mod flow;
mod records;

mod board;
mod held;

mod answer;
mod feed;
mod reader;
mod screen;

mod interruption;
mod settling;

pub mod account;
mod latency;
mod ledger;
mod report;
mod table;
mod verdict;

pub mod run;
