//! The broker is gone for a while, also in the middle of a transaction: nothing is lost, nothing is there twice.
//!
//! An outage of 12 s stands for longer ones: it is three times the transaction timeout and twice the session timeout that
//! these pipelines have, so everything that expires in a long outage has expired in it.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use wasmill_broker::Broker;
use wasmill_broker::client::Isolation::ReadUncommitted;
use wasmill_broker::client::{committed, producer, read_count, send, values, wait_until};
use wasmill_broker::pipeline::Setup;
use wasmill_devbroker::{Options, TransactionState};
use wasmill_proxy::{Api, Proxy};

wasmill_broker::on_both_brokers! {
    a_broker_that_falls_silent_in_mid_transaction_costs_no_record,
    a_broker_that_refuses_connections_in_mid_transaction_costs_no_record,
    a_pipeline_waits_for_its_broker_and_says_so,
}

const OUTAGE: Duration = Duration::from_secs(12);

fn names(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("v{i}")).collect()
}

/// `gone(true)` takes the broker away from the pipeline, `gone(false)` gives it back. `interval_ms` says how long the
/// transaction is open.
fn nothing_is_lost_and_nothing_twice(broker: &dyn Broker, what: &str, gone: fn(&Proxy, bool)) {
    let proxied = broker.own_proxied();
    let mut setup = Setup::new(what, &proxied.proxy.address());
    // Open for long enough to be hit; its budget is a third of 4 s.
    (setup.transaction_timeout_ms, setup.interval_ms) = (4000, 1200);
    setup.topics(&proxied.direct, 1, &[], &[]);
    let writer = producer(&proxied.direct, &[]);
    send(&writer, &setup.input, 0, 0..10);
    let running = setup.run();
    wait_until("the first records are committed", || {
        committed(&proxied.direct, &setup.name, &setup.input, 0).is_some_and(|(at, _)| at == 10)
    });
    let ended = proxied.proxy.requests(Api::EndTxn);
    send(&writer, &setup.input, 0, 10..20);
    read_count(&proxied.direct, &setup.output, 1, 20, ReadUncommitted);
    gone(&proxied.proxy, true);
    let began = Instant::now();
    assert_eq!(proxied.proxy.requests(Api::EndTxn), ended, "the outage came too late: the transaction had ended");
    let mut sent = 20;
    while began.elapsed() < OUTAGE {
        send(&writer, &setup.input, 0, sent..sent + 1);
        sent += 1;
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(!running.is_finished(), "{:?}", running.reasons());
    gone(&proxied.proxy, false);
    wait_until("everything is committed", || {
        assert!(!running.is_finished(), "{:?}", running.reasons());
        committed(&proxied.direct, &setup.name, &setup.input, 0).is_some_and(|(at, _)| at == sent as i64)
    });
    running.stop().unwrap();
    assert_eq!(values(&setup.written(&proxied.direct, 1)), names(sent));
}

fn a_broker_that_falls_silent_in_mid_transaction_costs_no_record(broker: &dyn Broker) {
    nothing_is_lost_and_nothing_twice(broker, "silent", |proxy, gone| proxy.stall(gone));
}

fn a_broker_that_refuses_connections_in_mid_transaction_costs_no_record(broker: &dyn Broker) {
    nothing_is_lost_and_nothing_twice(broker, "refusing", |proxy, gone| {
        proxy.refuse(gone);
        if gone {
            proxy.cut_all();
        }
    });
}

fn a_pipeline_waits_for_its_broker_and_says_so(broker: &dyn Broker) {
    let proxied = broker.own_proxied();
    proxied.proxy.refuse(true);
    let setup = Setup::new("waiting", &proxied.proxy.address());
    setup.topics(&proxied.direct, 1, &[], &[]);
    send(&producer(&proxied.direct, &[]), &setup.input, 0, 0..10);
    let starting = setup.start();
    let reason = format!("waiting: no broker of {} answers", setup.bootstrap);
    wait_until("it says that it waits", || {
        starting.health.ready().is_err_and(|reasons| reasons.iter().any(|line| line.contains(&reason)))
    });
    assert_eq!(starting.health.live(), Ok(()));
    proxied.proxy.refuse(false);
    let running = starting.wait().unwrap_or_else(|stopped| panic!("{stopped}"));
    wait_until("everything is committed", || {
        committed(&proxied.direct, &setup.name, &setup.input, 0).is_some_and(|(at, _)| at == 10)
    });
    assert_eq!(running.reasons(), [""; 0]);
    running.stop().unwrap();
    assert_eq!(values(&setup.written(&proxied.direct, 1)), names(10));
}

/// The dev broker ends in the middle of a transaction and is started again on its directory: that transaction is aborted, its
/// producer turned away, the group empty, and everything else as it was.
fn a_dev_broker_that_starts_again_on_its_directory_costs_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let start = |port| {
        let options = Options { port, directory: Some(folder.path().to_owned()), ..Options::default() };
        wasmill_devbroker::Broker::start(options).unwrap()
    };
    let broker = start(0);
    let (bootstrap, port) = (broker.bootstrap(), broker.address(1).unwrap().port());
    let mut setup = Setup::new("again", &bootstrap);
    (setup.transaction_timeout_ms, setup.interval_ms) = (4000, 1200);
    setup.topics(&bootstrap, 1, &[], &[]);
    let writer = producer(&bootstrap, &[]);
    send(&writer, &setup.input, 0, 0..10);
    let running = setup.run();
    wait_until("the first records are committed", || {
        committed(&bootstrap, &setup.name, &setup.input, 0).is_some_and(|(at, _)| at == 10)
    });
    let transactional_id = format!("wasmill.{}.{}.0", setup.name, setup.instance);
    send(&writer, &setup.input, 0, 10..20);
    read_count(&bootstrap, &setup.output, 1, 20, ReadUncommitted);
    assert_eq!(broker.transaction_state(&transactional_id), Some(TransactionState::Ongoing), "it has ended already");
    drop(broker);
    let broker = start(port);
    assert_eq!(broker.transaction_state(&transactional_id), Some(TransactionState::CompleteAbort));
    send(&writer, &setup.input, 0, 20..25);
    wait_until("everything is committed", || {
        assert!(!running.is_finished(), "{:?}", running.reasons());
        committed(&bootstrap, &setup.name, &setup.input, 0).is_some_and(|(at, _)| at == 25)
    });
    running.stop().unwrap();
    assert_eq!(values(&setup.written(&bootstrap, 1)), names(25));
}

mod dev_broker_only {
    #[test]
    fn a_dev_broker_that_starts_again_on_its_directory_costs_no_record() {
        wasmill_broker::on_dev_broker("a_dev_broker_that_starts_again_on_its_directory_costs_no_record", |_| {
            super::a_dev_broker_that_starts_again_on_its_directory_costs_no_record();
        });
    }
}
