//! The conformance suite on the dev broker: where it differs from Apache Kafka, the dev broker is wrong.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::expect_used)]

use std::sync::{Arc, OnceLock};

use wasmill_broker::{Broker, Proxied};
use wasmill_devbroker::Options;
use wasmill_proxy::Proxy;

wasmill_broker::conformance_tests!(on_the_dev_broker);

struct DevBroker;

impl Broker for DevBroker {
    fn bootstrap(&self) -> String {
        shared().bootstrap()
    }

    fn proxied(&self) -> Arc<Proxied> {
        let proxy = Proxy::bind().expect("a proxy");
        let broker = wasmill_devbroker::Broker::start(Options::default()).expect("a dev broker starts");
        let behind = broker.listen_behind(&[&proxy.address()]).expect("a further port");
        proxy.forward_to(&behind.first().expect("one node").to_string());
        Arc::new(Proxied { proxy, direct: broker.bootstrap(), keep: Box::new(broker) })
    }
}

fn shared() -> &'static wasmill_devbroker::Broker {
    static SHARED: OnceLock<wasmill_devbroker::Broker> = OnceLock::new();
    SHARED.get_or_init(|| wasmill_devbroker::Broker::start(Options::default()).expect("a dev broker starts"))
}

/// KIP-848 is left out of the dev broker.
const NOT_ON_THE_DEV_BROKER: &str = "two_members_share_the_partitions_by_kip_848";

fn on_the_dev_broker(test: fn(&dyn Broker)) {
    // The suite hands over functions: the one that is left out is known by its address.
    if std::ptr::fn_addr_eq(
        test,
        wasmill_broker::conformance::groups::two_members_share_the_partitions_by_kip_848 as fn(&dyn Broker),
    ) {
        eprintln!("skipped on the dev broker: {NOT_ON_THE_DEV_BROKER}");
        return;
    }
    test(&DevBroker);
}
