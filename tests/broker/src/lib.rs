//! What the host relies on a broker to do, as tests that take any broker: the conformance suite and its clients.
//!
//! The suite states Kafka's promises in the words of a client; it does not test our own code, and what it uses of
//! the client library is the plain kind. `tests/conformance.rs` runs it on Apache Kafka and on the dev broker, and the
//! tests of the pipeline beside it do the same.

// These are bodies of tests: the first thing that is not as it should be ends them, with the place.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

pub mod client;
pub mod conformance;
pub mod counting;
mod group_metadata;
mod kafka;
pub mod pipeline;
pub mod raw;
mod refusal;
mod stable_offset;
pub mod wire;

pub use group_metadata::{GroupMetadata, send_offsets};
pub use kafka::{on_apache_kafka, on_dev_broker};
pub use refusal::Refusal;
pub use stable_offset::stable_offset;
use wasmill_proxy::Proxy;

/// A broker that the suite can run on. One node is enough; topics get one replica. The suite expects
/// `group.initial.rebalance.delay.ms=0`, `transaction.abort.timed.out.transaction.cleanup.interval.ms=1000`, and a
/// session timeout of 6 s to be allowed.
pub trait Broker {
    /// `bootstrap.servers`.
    fn bootstrap(&self) -> String;

    /// A broker all of whose clients go through a proxy. Several tests may share it: their rules name a client.
    fn proxied(&self) -> Arc<Proxied>;

    /// The same for one test alone, whatever it does to its clients' connections.
    fn own_proxied(&self) -> Proxied;

    /// Creates a topic and waits until every partition has a leader.
    fn topic(&self, name: &str, partitions: i32, configs: &[(&str, &str)]) {
        client::create_topic(&self.bootstrap(), name, partitions, configs);
    }
}

/// A broker that advertises its proxy's address.
pub struct Proxied {
    pub proxy: Proxy,
    /// `bootstrap.servers` of a listener that does not go through the proxy.
    pub direct: String,
    pub process: Process,
}

impl Proxied {
    /// The dev broker, for what only it can do.
    ///
    /// # Panics
    /// It is another broker.
    pub fn dev(&self) -> &wasmill_devbroker::Broker {
        match &self.process {
            Process::Dev(broker) => broker,
            Process::Apache(_) => panic!("this is not the dev broker"),
        }
    }
}

/// What runs behind the proxy; it ends when it is dropped.
pub enum Process {
    Apache(Box<wasmill_cluster::Cluster>),
    Dev(wasmill_devbroker::Broker),
}
