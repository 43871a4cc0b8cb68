//! The two brokers that tests run on: Apache Kafka, and our own for development.
//!
//! A test takes `&dyn Broker` and is named in [`on_both_brokers!`](crate::on_both_brokers). A difference between the two
//! is a mistake of the dev broker's; what one of them can't show is named here, with the reason.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use wasmill_cluster::{Cluster, Options};
use wasmill_devbroker as devbroker;
use wasmill_proxy::Proxy;

use crate::{Broker, Process, Proxied};

/// Tests that need what a real broker does not do.
const NOT_ON_APACHE_KAFKA: [(&str, &str); 1] = [(
    "init_during_a_prepared_transaction_waits_for_its_markers",
    "the broker writes the markers within milliseconds and can't be held in the Prepare states",
)];

/// Tests of what the dev broker leaves out.
const NOT_ON_THE_DEV_BROKER: [(&str, &str); 1] =
    [("two_members_share_the_partitions_by_kip_848", "it has the classic group protocol only")];

/// Makes a test on each broker of each function that is named.
#[macro_export]
macro_rules! on_both_brokers {
    ($($test:ident,)*) => {
        mod apache_kafka {
            $(#[test] fn $test() { $crate::on_apache_kafka(stringify!($test), |broker| super::$test(broker)); })*
        }
        mod dev_broker {
            $(#[test] fn $test() { $crate::on_dev_broker(stringify!($test), |broker| super::$test(broker)); })*
        }
    };
}

/// Runs a test on Apache Kafka, or says that it does not.
pub fn on_apache_kafka(name: &str, test: fn(&dyn Broker)) {
    if wasmill_cluster::required_or_skipped() && !is_skipped("Apache Kafka", name, &NOT_ON_APACHE_KAFKA) {
        test(&ApacheKafka);
    }
}

/// Runs a test on the dev broker, which is always there.
pub fn on_dev_broker(name: &str, test: fn(&dyn Broker)) {
    if !is_skipped("the dev broker", name, &NOT_ON_THE_DEV_BROKER) {
        test(&DevBroker);
    }
}

fn is_skipped(broker: &str, name: &str, skipped: &[(&str, &str)]) -> bool {
    let reason = skipped.iter().find(|(test, _)| *test == name);
    if let Some((_, reason)) = reason {
        eprintln!("skipped on {broker}: {name}: {reason}");
    }
    reason.is_some()
}

struct ApacheKafka;

impl Broker for ApacheKafka {
    fn bootstrap(&self) -> String {
        Cluster::shared().expect("Apache Kafka starts").bootstrap()
    }

    fn proxied(&self) -> Arc<Proxied> {
        static PROXIED: Shared = Shared::new();
        PROXIED.get(|| self.own_proxied())
    }

    fn own_proxied(&self) -> Proxied {
        let proxy = Proxy::bind().expect("a proxy");
        let cluster = Cluster::start(Options::one().external(&proxy.address())).expect("Apache Kafka starts");
        proxy.forward_to(&cluster.external_bootstrap());
        Proxied { proxy, direct: cluster.bootstrap(), process: Process::Apache(Box::new(cluster)) }
    }
}

struct DevBroker;

impl Broker for DevBroker {
    fn bootstrap(&self) -> String {
        static SHARED: OnceLock<devbroker::Broker> = OnceLock::new();
        SHARED.get_or_init(start_dev_broker).bootstrap()
    }

    fn proxied(&self) -> Arc<Proxied> {
        static PROXIED: Shared = Shared::new();
        PROXIED.get(|| self.own_proxied())
    }

    fn own_proxied(&self) -> Proxied {
        let (proxy, broker) = (Proxy::bind().expect("a proxy"), start_dev_broker());
        let behind = broker.listen_behind(&[&proxy.address()]).expect("a port behind the proxy");
        behind.iter().for_each(|address| proxy.forward_to(&address.to_string()));
        Proxied { proxy, direct: broker.bootstrap(), process: Process::Dev(broker) }
    }
}

fn start_dev_broker() -> devbroker::Broker {
    devbroker::Broker::start(devbroker::Options::default()).expect("the dev broker starts")
}

/// One for the tests that run at the same time: it costs memory, and goes with the last of them.
struct Shared(Mutex<Weak<Proxied>>);

impl Shared {
    const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    fn get(&self, start: impl FnOnce() -> Proxied) -> Arc<Proxied> {
        // Held during the start: others wait for this one instead of starting their own.
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(start());
            *shared = Arc::downgrade(&started);
            started
        })
    }
}
