//! Apache Kafka behind a proxy, for tests of the pipeline.

use std::sync::OnceLock;

use wasmill_cluster::{Cluster, Options};
use wasmill_proxy::Proxy;

use crate::Proxied;

impl Proxied {
    /// A node of its own.
    ///
    /// # Panics
    /// Kafka or the proxy does not start.
    pub fn start() -> Proxied {
        let proxy = Proxy::bind().expect("a proxy");
        let cluster = Cluster::start(Options::one().external(&proxy.address())).expect("Apache Kafka starts");
        proxy.forward_to(&cluster.external_bootstrap());
        Proxied { proxy, direct: cluster.bootstrap(), keep: Box::new(cluster) }
    }

    /// One for all tests of this process, whose rules name a client; it dies with the process.
    pub fn shared() -> &'static Proxied {
        static SHARED: OnceLock<Proxied> = OnceLock::new();
        SHARED.get_or_init(Proxied::start)
    }
}
