//! The rules of delivery under faults that only the dev broker can be asked for: markers that come late.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use rdkafka::producer::Producer as _;
use wasmill_broker::client::Isolation::ReadUncommitted;
use wasmill_broker::client::{
    WITHIN, committed, position, producer, read_all, send, transactional, unique, values, wait_until,
};
use wasmill_broker::pipeline::Setup;
use wasmill_broker::{Broker, GroupMetadata, on_dev_broker, send_offsets};
use wasmill_devbroker::MarkerTarget;
use wasmill_proxy::Api;

/// R3.3: a former owner's commit is through, but not yet written to the group's offsets; meanwhile a second process joins,
/// and the rebalance changes the assignment while offsets are being asked for.
fn a_start_waits_for_a_late_offsets_marker_through_a_second_rebalance(broker: &dyn Broker) {
    let proxied = broker.proxied();
    let first = Setup::new("marker", &proxied.proxy.address());
    let second = Setup { instance: format!("{}-b", first.name), client_id: unique("second"), ..first.clone() };
    first.topics(&proxied.direct, 2, &[], &[]);
    let writer = producer(&proxied.direct, &[]);
    (0..2).for_each(|partition| send(&writer, &first.input, partition, 0..12));
    let former = transactional(&proxied.direct, &unique("former"));
    let markers = proxied.dev().faults().hold_markers(Some(MarkerTarget::Group(first.name.clone())));
    former.begin_transaction().unwrap();
    let by = GroupMetadata::of_nobody(&first.name);
    (0..2).for_each(|partition| send_offsets(&former, &position(&first.input, partition, 8), &by).unwrap());
    former.commit_transaction(WITHIN).unwrap();

    // A pipeline that does not wait writes meanwhile.
    let written = || values(&read_all(&proxied.direct, &first.output, 2, ReadUncommitted));
    let asked = |setup: &Setup| proxied.proxy.requests_by(Api::OffsetFetch, &setup.client_id);
    let one = first.run();
    wait_until("the first process asks for offsets", || asked(&first) >= 4 || !written().is_empty());
    let two = second.run();
    wait_until("the second one does", || asked(&second) >= 4 || !written().is_empty());
    let before = asked(&first);
    wait_until("the first one still does", || asked(&first) >= before + 4 || !written().is_empty());
    assert_eq!(written(), [""; 0], "read before the offsets were stable");
    markers.release();
    wait_until("everything is committed", || {
        (0..2).all(|partition| {
            committed(&proxied.direct, &first.name, &first.input, partition).is_some_and(|(at, _)| at == 12)
        })
    });
    one.stop().unwrap();
    two.stop().unwrap();
    let mut written = values(&first.written(&proxied.direct, 2));
    written.sort_unstable();
    assert_eq!(written, ["v10", "v10", "v11", "v11", "v8", "v8", "v9", "v9"]);
}

#[test]
fn a_pipeline_does_not_start_before_a_late_marker_whatever_the_group_does() {
    on_dev_broker("late marker", a_start_waits_for_a_late_offsets_marker_through_a_second_rebalance);
}
