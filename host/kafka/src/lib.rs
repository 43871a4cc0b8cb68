//! The only crate that names librdkafka.
//!
//! It offers the seams of `wasmill-record` on a real cluster: [`Consumer`] (group membership and assignment),
//! [`Inlet`] (one worker's queue, a `Source`), [`TransactionalSink`] and [`AtLeastOnceSink`] (one worker's producer), and
//! [`Probe`] (what must be known before anything starts, and watched later), [`ChangelogReader`] (state back in). The C API is used directly where the Rust
//! binding lacks a call or costs too much: batch queues, `produceva`, interceptors, group metadata. `unsafe` lives in the
//! short files that wrap one C object each; everything above them is safe code.
//!
//! Not here: any decision about a record, a transaction or a partition. Those are `settle`'s, and `pipeline` makes them.

mod batch;
mod bounded;
mod changelog;
mod client;
mod conf;
mod consumer;
mod error;
mod headers;
mod inlet;
mod linger;
mod murmur2;
mod oauth;
mod outlet;
mod partitions;
mod probe;
mod producer;
mod sink;
mod transaction;
mod wire;

pub use batch::KafkaBatch;
pub use changelog::ChangelogReader;
pub use conf::check_property;
pub use consumer::{Consumer, ConsumerSettings, GroupEvent, GroupMetadata};
pub use error::KafkaError;
pub use inlet::Inlet;
pub use linger::linger_ms;
pub use murmur2::{murmur2, partition_of};
pub use outlet::{OutputTopic, OutputTopics};
pub use probe::{GroupMember, NewTopic, Probe, ProbeError, TopicFacts, TopicSettings};
pub use producer::ProducerSettings;
pub use sink::{AtLeastOnceSink, TransactionalSink};
