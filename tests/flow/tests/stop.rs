//! The end of a worker, back-pressure, and partitions that stop by themselves.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;
use wasmill_flow::Call::*;
use wasmill_flow::{Fault, Rig, When, partition};
use wasmill_pipeline::{Command, Failed};
use wasmill_record::{Class, PartitionError, PartitionErrorKind};

fn stop(rig: Rig, commit: bool) -> Rig {
    rig.then(When::Read(3), move |world| assert!(world.handle.tell(Command::Stop { commit })))
}

#[test]
fn a_graceful_stop_commits_what_is_open() {
    let ran = stop(Rig::new(1).feed(0, 9), true).forwarding().good();
    assert_eq!((ran.world().position(0), ran.world().batches.len()), (3, 1));
    assert_eq!(ran.world().calls.last(), Some(&GiveUp));
}

#[test]
fn a_stop_without_commit_commits_nothing() {
    let ran = stop(Rig::new(1).feed(0, 9), false).forwarding().good();
    assert_eq!((ran.world().position(0), ran.world().outputs.len()), (-1, 0));
    assert_eq!((ran.world().count(Abort), ran.world().count(Drain)), (1, 0));
}

#[test]
fn a_stop_whose_commit_is_unclear_leaves_it_to_the_broker() {
    for fault in [Fault::lost_answer(Class::Unknown), Fault::lost_request(Class::Unknown)] {
        let applied = fault.applied;
        let ran = stop(Rig::new(1).feed(0, 9).fault(Commit, fault), true).forwarding().good();
        assert_eq!(ran.world().position(0), if applied { 3 } else { -1 });
        assert_eq!(ran.world().count(Abort), 0, "what may be committed is not aborted");
    }
}

#[test]
fn a_stop_while_the_producer_can_not_be_initialised_is_obeyed() {
    let rig = Rig::new(1).feed(0, 3);
    (0..100).for_each(|_| rig.world().fault(Init, Fault::of(Class::Retriable)));
    rig.world().handle.tell(Command::Stop { commit: true });
    let ran = rig.forwarding().good();
    assert!(ran.world().count(Init) == 0);
}

#[test]
fn nothing_is_polled_while_the_sink_is_corked() {
    let mut rig = Rig::new(1).feed(0, 9);
    rig.settings.commit_records_max = 3;
    rig.world().outlet.corked_until = Duration::from_millis(500);
    let ran = rig.forwarding().good();
    let world = ran.world();
    let drains: Vec<usize> = (0..world.calls.len()).filter(|at| world.calls[*at] == Drain).collect();
    assert!(drains.len() > 100, "asked again and again: {}", drains.len());
    let committed = world.calls.iter().position(|call| *call == Commit).unwrap();
    assert!(!world.calls[drains[0]..committed].contains(&Batch));
    assert_eq!((world.position(0), world.count(Abort)), (9, 0));
}

#[test]
fn a_sink_that_stays_corked_past_the_deadline_is_aborted_and_read_again() {
    let mut rig = Rig::new(1).feed(0, 3);
    rig.settings.commit_records_max = 3;
    rig.world().outlet.corked_until = Duration::from_secs(6);
    let ran = rig.forwarding().good();
    assert_eq!((ran.world().count(Abort), ran.world().position(0)), (1, 3));
    assert_eq!(ran.world().written("out0", 0), ["0-0", "0-1", "0-2"]);
}

fn error(kind: PartitionErrorKind) -> PartitionError {
    PartitionError { partition: partition(0), kind, message: "injected".to_owned() }
}

// R3.3
#[test]
fn a_partition_whose_offset_is_gone_stands_still_and_says_so_and_the_others_go_on() {
    let rig = Rig::new(2).feed(1, 3);
    rig.world().partition_errors.push_back(error(PartitionErrorKind::OutOfRange));
    let ran = rig.forwarding().good();
    assert_eq!((ran.world().position(0), ran.world().position(1)), (-1, 3));
    let reasons = ran.health.ready().unwrap_err().join("\n");
    assert!(reasons.contains("in [0]: offset 0 does not exist"), "{reasons}");
}

#[test]
fn a_topic_that_is_gone_or_closed_to_us_ends_the_worker() {
    for (kind, what) in [(PartitionErrorKind::TopicGone, "is gone"), (PartitionErrorKind::Unauthorized, "not allowed")]
    {
        let rig = Rig::new(1);
        rig.world().partition_errors.push_back(error(kind));
        let failed = rig.forwarding().result.unwrap_err();
        assert!(failed.to_string().contains(what), "{failed}");
    }
}

#[test]
fn a_passing_error_changes_nothing() {
    let rig = Rig::new(1).feed(0, 3);
    rig.world().partition_errors.push_back(error(PartitionErrorKind::Transient));
    assert_eq!(rig.forwarding().good().world().position(0), 3);
}

#[test]
fn a_partition_that_is_not_fetched_any_more_ends_the_worker_with_everything_committed() {
    let rig = Rig::new(2).feed(0, 6).feed(1, 3).then(When::Read(3), |world| {
        world.stalled.insert(partition(0));
    });
    // The script never comes to its end, as the records do not.
    let rig = rig.until(|_| false);
    let ran = rig.forwarding().legal();
    assert_eq!(ran.result, Err(Failed::Stuck { partition: partition(0) }));
    assert_eq!((ran.world().position(0), ran.world().position(1)), (3, 3));
}
