//! An in-process Kafka for development and tests: no JVM, starts in milliseconds, and fails on demand.
//!
//! It answers real clients on loopback ports (librdkafka, the Java client, kcat) and keeps everything in memory, and in a
//! directory where one is given, so that it survives a restart ([`directory`]). What
//! exactly-once rests on is modelled as Kafka has it: epochs and sequence numbers, the last stable offset and the list
//! of aborted transactions, the coordinator's states, and markers that are written for each partition by itself, later
//! than the end of the transaction ([`transactions`]). One process can pose as several brokers, so that the leader of a
//! partition, the coordinator of a group and that of a transaction fail apart from each other ([`faults`]).
//!
//! One lock guards one pure state ([`core`]), which requests and time change at stated moments; sockets are outside of
//! it ([`server`]). Record batches are never decoded on their way ([`log`]).
//!
//! Not here, on purpose: replication, security, quotas, KIP-848 groups, KIP-890's second part. It listens on loopback
//! only: it is no broker for production.

mod api;
mod broker;
mod clock;
mod cluster;
mod core;
mod direct;
mod directory;
pub mod faults;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod group;
mod log;
mod offsets_topic;
mod options;
mod server;
mod shared;
mod topics;
mod transactions;
mod wire;

pub use broker::{Broker, Ends, StartError};
/// What keys and values are made of.
pub use bytes::Bytes;
pub use clock::{Clock, ManualClock};
pub use direct::{Content, NewRecord, ReadRecord};
pub use directory::DirectoryError;
pub use faults::{Faults, OnHold};
pub use kafka_protocol::ResponseError;
pub use kafka_protocol::messages::ApiKey;
pub use options::Options;
pub use transactions::TransactionState;
pub use transactions::markers::{MarkerOrder, Target as MarkerTarget};
