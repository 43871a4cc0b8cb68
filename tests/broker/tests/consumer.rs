//! The host's consumer where a whole pipeline can't be brought: what it says when its caller has broken the protocol.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use wasmill_broker::Broker;
use wasmill_broker::client::{producer, send, wait_until};
use wasmill_broker::pipeline::Setup;
use wasmill_kafka::{Consumer, ConsumerSettings, GroupEvent};
use wasmill_record::{Group as _, InputPartition};

wasmill_broker::on_both_brokers! {
    a_record_on_the_poll_threads_queue_is_told_and_not_dropped,
}

/// R4.5: a partition is assigned without being forwarded to a worker and paused.
fn a_record_on_the_poll_threads_queue_is_told_and_not_dropped(broker: &dyn Broker) {
    let setup = Setup::new("stray", &broker.bootstrap());
    setup.topics(&setup.bootstrap, 1, &[], &[]);
    send(&producer(&setup.bootstrap, &[]), &setup.input, 0, 0..1);
    let settings = ConsumerSettings {
        group: setup.name.clone(),
        session_timeout: Duration::from_secs(6),
        topics: vec![setup.input.clone()],
        workers: 1,
        fetch_wait: Duration::from_millis(100),
    };
    let consumer = Consumer::new(&setup.config().pipelines[0].cluster, &settings).unwrap();
    consumer.subscribe().unwrap();
    let mut stray = None;
    wait_until("the record is told", || {
        match consumer.poll(Duration::from_millis(50)) {
            Some(GroupEvent::Assigned(partitions)) => consumer.assign(&partitions).unwrap(),
            Some(GroupEvent::Stray { partition, offset }) => stray = Some((partition, offset)),
            Some(GroupEvent::Revoked { .. } | GroupEvent::Error { .. }) | None => {}
        }
        stray.is_some()
    });
    assert_eq!(stray, Some((Some(InputPartition::new(0, 0)), 0)));
}
