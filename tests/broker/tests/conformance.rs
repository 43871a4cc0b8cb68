//! The conformance suite on Apache Kafka.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::expect_used)]

use std::sync::{Arc, Mutex, PoisonError, Weak};

use wasmill_broker::{Broker, Proxied};
use wasmill_cluster::{Cluster, Options};
use wasmill_proxy::Proxy;

wasmill_broker::conformance_tests!(on_apache_kafka);

/// What the suite can't show on a real broker, and why.
const NOT_ON_A_REAL_BROKER: [(&str, &str); 1] = [(
    "init_during_a_prepared_transaction_waits_for_its_markers",
    "the broker writes the markers within milliseconds and can't be held in the Prepare states",
)];

#[test]
fn what_is_skipped_is_said() {
    for (test, reason) in NOT_ON_A_REAL_BROKER {
        eprintln!("skipped on Apache Kafka: {test}: {reason}");
    }
}

struct ApacheKafka;

impl Broker for ApacheKafka {
    fn bootstrap(&self) -> String {
        Cluster::shared().expect("Apache Kafka starts").bootstrap()
    }

    fn proxied(&self) -> Arc<Proxied> {
        // Weak: the second broker costs memory, and goes with the last test that uses it.
        static PROXIED: Mutex<Weak<Proxied>> = Mutex::new(Weak::new());
        // Held during the start: others wait for this one instead of starting their own.
        let mut proxied = PROXIED.lock().unwrap_or_else(PoisonError::into_inner);
        proxied.upgrade().unwrap_or_else(|| {
            let started = Arc::new(start_proxied().expect("Apache Kafka starts behind a proxy"));
            *proxied = Arc::downgrade(&started);
            started
        })
    }
}

fn start_proxied() -> anyhow::Result<Proxied> {
    let proxy = Proxy::bind()?;
    let cluster = Cluster::start(Options::one().external(&proxy.address()))?;
    proxy.forward_to(&cluster.external_bootstrap());
    Ok(Proxied { proxy, direct: cluster.bootstrap(), keep: Box::new(cluster) })
}

fn on_apache_kafka(test: fn(&dyn Broker)) {
    if wasmill_cluster::required_or_skipped() {
        test(&ApacheKafka);
    }
}
