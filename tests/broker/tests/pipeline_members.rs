//! R1.5, where a broker does not help: positions in the name of nobody are taken unseen, even by a live group. Only the dev
//! broker can be asked to drop a member in the moment in which this would matter.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use wasmill_broker::client::Isolation::ReadCommitted;
use wasmill_broker::client::{WITHIN, last_committed, producer, read_count, send, unique, values, wait_until};
use wasmill_broker::on_dev_broker;
use wasmill_broker::pipeline::Setup;
use wasmill_devbroker::{ApiKey, Broker, OnHold, Options, ResponseError};

/// A worker is in mid-commit, the poll thread waits for it with a revoke, and meanwhile the group drops the process. Nobody
/// there hears of it: the books still hold the partitions, but the library gives (-1, "") for the group's metadata. By the
/// time the worker comes to its positions, another process has read the same records and committed.
fn positions_are_never_sent_in_the_name_of_nobody() {
    let broker = Broker::start(Options::default()).unwrap();
    let (bootstrap, faults) = (broker.bootstrap(), broker.faults());
    // Half of it is the time for a commit, which lasts until the group has dropped a member.
    let first = Setup { transaction_timeout_ms: 60_000, ..Setup::new("nobody", &bootstrap) };
    let second = Setup { instance: format!("{}-b", first.name), client_id: unique("second"), ..first.clone() };
    first.topics(&bootstrap, 2, &[], &[]);
    let writer = producer(&bootstrap, &[]);
    let put = |from: usize| (0..2).for_each(|partition| send(&writer, &first.input, partition, from..from + 3));
    let dropped = first.run();
    put(0);
    read_count(&bootstrap, &first.output, 2, 6, ReadCommitted);

    let outputs = faults.on(ApiKey::Produce).of_client(&first.client_id).hold(OnHold::KeepClient);
    put(3);
    outputs.wait_until_seen(1, WITHIN).unwrap();
    let running = second.run();
    wait_until("the first process is to give a partition up", || {
        dropped.pipeline_metrics().rebalances.revoked.get() == 1
    });
    let heartbeats = || faults.on(ApiKey::Heartbeat).of_client(&first.client_id);
    // The library takes the generation from one answer and the member id from the other.
    heartbeats().fail(ResponseError::IllegalGeneration);
    let unknown = heartbeats().always().fail(ResponseError::UnknownMemberId);
    unknown.wait_until_seen(1, WITHIN).unwrap();
    wait_until("the second process has both partitions and commits", || {
        (0..2).all(|partition| {
            last_committed(&bootstrap, &first.name, &first.input, partition)
                .is_some_and(|(at, by)| at == 6 && by.contains("-b:"))
        })
    });
    assert_eq!(dropped.metrics(0).transaction_open.get(), 1, "the first process did not wait in mid-commit");
    outputs.release();
    wait_until("the first process ends its transaction", || dropped.metrics(0).transaction_open.get() == 0);
    unknown.cancel();
    dropped.stop().unwrap();
    put(6);
    wait_until("the second process has everything", || {
        (0..2).all(|partition| {
            last_committed(&bootstrap, &first.name, &first.input, partition).is_some_and(|(at, _)| at == 9)
        })
    });
    running.stop().unwrap();
    let mut written = values(&first.written(&bootstrap, 2));
    written.sort_unstable();
    let expected: Vec<String> = (0..9).flat_map(|i| [format!("v{i}"), format!("v{i}")]).collect();
    assert_eq!(written, expected);
}

mod dev_broker {
    #[test]
    fn positions_are_never_sent_in_the_name_of_nobody() {
        super::on_dev_broker("positions_are_never_sent_in_the_name_of_nobody", |_| {
            super::positions_are_never_sent_in_the_name_of_nobody();
        });
    }
}
