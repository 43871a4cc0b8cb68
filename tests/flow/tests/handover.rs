//! Partitions come and go: the order of the calls on the poll thread, and what a worker does when it is told.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crossbeam_channel::{Receiver, bounded};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wasmill_flow::Call::{Abort, Begin, Commit, Forget, GiveUp, Init, Renew, Seek, Start, Tokens};
use wasmill_flow::group::GroupCall::{self, Assign, Forward, Pause, Unassign, Wake};
use wasmill_flow::{Fault, MemoryGroup, Rig, When, World, follower, partition};
use wasmill_pipeline::handover::{Handover, Take};
use wasmill_pipeline::{Ack, Command, Failed, WorkerHandle};
use wasmill_record::{Class, CommitOffset, InputPartition};
use wasmill_settle::Books;
use wasmill_telemetry::Metrics;

struct Control {
    handover: Handover<MemoryGroup>,
    commands: Vec<Receiver<Command>>,
    takes: Receiver<Take>,
}

fn control(workers: usize) -> Control {
    let (handles, commands) = (0..workers).map(WorkerHandle::new).unzip();
    let (takes, taken) = bounded(8);
    let handover = Handover {
        group: Arc::new(MemoryGroup::default()),
        books: Arc::new(Mutex::new(Books::default())),
        workers: handles,
        takes,
        inputs: 1,
        metrics: Metrics::new().pipeline("flow"),
        ack_timeout: Duration::from_secs(60),
        pipeline: "flow".to_owned(),
    };
    Control { handover, commands, takes: taken }
}

fn calls(control: &Control) -> Vec<GroupCall> {
    std::mem::take(&mut control.handover.group.state().calls)
}

// R3.1, R3.2
#[test]
fn partitions_are_forwarded_and_paused_before_they_are_assigned() {
    let mut control = control(2);
    let both = [partition(0), partition(1)];
    control.handover.assigned(&both).unwrap();
    let expected = [Forward(both[0]), Forward(both[1]), Pause(both.to_vec()), Assign(both.to_vec())];
    assert_eq!(calls(&control), expected);
    let take = control.takes.try_recv().unwrap();
    assert_eq!(take.partitions, both);
    assert!(control.handover.books.lock().unwrap().is_taking(both[0], take.epoch));
    assert!(control.commands.iter().all(|commands| commands.is_empty()), "nobody reads before the start is known");
}

// R3.7, R4.7: the group names partitions of the first input only.
#[test]
fn followers_are_assigned_and_unassigned_in_one_call_with_their_leader() {
    for lost in [false, true] {
        let mut control = control(2);
        control.handover.inputs = 2;
        let all = [partition(0), follower(0), partition(1), follower(1)];
        control.handover.assigned(&[partition(0), partition(1)]).unwrap();
        let mut expected: Vec<GroupCall> = all.into_iter().map(Forward).collect();
        expected.extend([Pause(all.to_vec()), Assign(all.to_vec())]);
        assert_eq!(calls(&control), expected);
        let take = control.takes.try_recv().unwrap();
        assert_eq!(take.partitions, all);
        assert!(all.iter().all(|of| control.handover.books.lock().unwrap().is_taking(*of, take.epoch)));

        let answers = answer_gives(&control);
        control.handover.revoked(&[partition(1)], lost).unwrap();
        assert_eq!(calls(&control), [Wake(1), Unassign(vec![partition(1), follower(1)])]);
        assert!(control.handover.books.lock().unwrap().get(follower(0)).is_some());
        assert!(control.handover.books.lock().unwrap().get(follower(1)).is_none());
        control.handover.revoked(&[partition(0), follower(0)], lost).unwrap();
        assert_eq!(calls(&control), [Wake(0), Unassign(vec![partition(0), follower(0)])], "none twice");
        assert!(control.handover.is_empty());
        control.handover.workers.clear();
        let given: Vec<_> = answers.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        let of = |number| vec![partition(number), follower(number)];
        let expected = [(0, of(0), lost, false), (1, of(1), lost, false)];
        assert_eq!(given, expected, "siblings have one worker, which answers before anything is unassigned");
    }
}

/// Worker, partitions, lost, and whether something had been unassigned by then.
type Given = (usize, Vec<InputPartition>, bool, bool);

/// Answers every give on a thread of its own and notes what it was.
fn answer_gives(control: &Control) -> Vec<std::thread::JoinHandle<Vec<Given>>> {
    let answer = |(worker, commands): (usize, &Receiver<Command>)| {
        let (commands, group) = (commands.clone(), Arc::clone(&control.handover.group));
        std::thread::spawn(move || {
            let mut given = Vec::new();
            while let Ok(Command::Give { partitions, lost, done }) = commands.recv_timeout(Duration::from_secs(60)) {
                let early = group.state().calls.iter().any(|call| matches!(call, Unassign(_)));
                given.push((worker, partitions, lost, early));
                done.send(Ack { worker, clean: true }).unwrap();
            }
            given
        })
    };
    control.commands.iter().enumerate().map(answer).collect()
}

// R4.1, R4.4
#[test]
fn partitions_are_unassigned_once_every_worker_of_theirs_has_answered() {
    for lost in [false, true] {
        let mut control = control(2);
        let all = [partition(0), partition(1), partition(2)];
        control.handover.assigned(&all).unwrap();
        calls(&control);
        let answers = answer_gives(&control);
        control.handover.revoked(&all, lost).unwrap();
        assert_eq!(calls(&control), [Wake(0), Wake(1), Unassign(all.to_vec())], "one unassignment, after the answers");
        assert!(control.handover.is_empty());
        control.handover.workers.clear();
        let given: Vec<_> = answers.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(
            given,
            [(0, vec![partition(0), partition(2)], lost, false), (1, vec![partition(1)], lost, false)],
            "each worker its own, before anything was unassigned"
        );
    }
}

// R4.1
#[test]
fn a_worker_that_does_not_answer_ends_the_pipeline_with_nothing_unassigned() {
    let mut control = control(1);
    control.handover.ack_timeout = Duration::ZERO;
    control.handover.assigned(&[partition(0)]).unwrap();
    calls(&control);
    let result = control.handover.revoked(&[partition(0)], false);
    assert_eq!(result, Err(Failed::Unresponsive { worker: 0, seconds: 0 }));
    assert_eq!(calls(&control), [Wake(0)]);
}

#[test]
fn a_worker_that_is_gone_is_not_waited_for() {
    let mut control = control(1);
    control.handover.assigned(&[partition(0)]).unwrap();
    control.commands.clear();
    control.handover.revoked(&[partition(0)], false).unwrap();
    assert!(control.handover.is_empty());
}

// R4.2: the worker refuses to commit from the moment of the loss, before it is told.
#[test]
fn lost_partitions_leave_the_books_before_a_worker_is_asked() {
    let mut control = control(1);
    control.handover.assigned(&[partition(0)]).unwrap();
    control.handover.ack_timeout = Duration::ZERO;
    control.handover.revoked(&[partition(0)], true).unwrap_err();
    assert!(control.handover.is_empty());
    control.handover.assigned(&[partition(0)]).unwrap();
    control.handover.revoked(&[partition(0)], false).unwrap_err();
    assert!(!control.handover.is_empty(), "a revoked one may still be committed");
}

/// A worker is told to give partition 0 after `read` records; the answer is looked at before it polls again.
fn give(rig: Rig, read: usize, lost: bool, look: impl Fn(&World, Ack) + Send + 'static) -> Rig {
    let (done, acks) = bounded(1);
    rig.then(When::Read(read), move |world| {
        match lost {
            true => world.gone(partition(0)),
            false => drop(world.books.lock().unwrap().giving(&[partition(0)])),
        }
        let done = done.clone();
        world.handle.tell(Command::Give { partitions: vec![partition(0)], lost, done });
    })
    .then(When::Poll, move |world| {
        let ack = acks.try_recv().expect("it answers before it polls again");
        look(world, ack);
        world.gone(partition(0));
    })
}

// R4.1
#[test]
fn a_revoked_partition_is_committed_before_it_is_acknowledged() {
    let rig = give(Rig::new(2).feed(0, 9).feed(1, 3), 6, false, |world, ack| {
        assert!(ack.clean);
        assert_eq!((world.position(0), world.position(1)), (3, 3));
        let of = |call| world.calls.iter().position(|made| *made == call).unwrap();
        assert!(of(Commit) < of(Forget) && of(Forget) < of(Renew), "{:?}", world.calls);
    });
    let ran = rig.forwarding().good();
    assert_eq!(ran.world().written("out0", 0), ["0-0", "0-1", "0-2"], "nothing after it");
}

// R4.2
#[test]
fn a_lost_partition_is_aborted_and_not_rewound_and_the_others_are() {
    let rig = give(Rig::new(2).feed(0, 9).feed(1, 3), 6, true, |world, ack| {
        assert!(!ack.clean);
        assert_eq!((world.position(0), world.position(1)), (-1, -1));
        assert_eq!((world.count(Abort), world.count(Seek)), (1, 1));
    });
    let ran = rig.forwarding().good();
    assert_eq!((ran.world().position(0), ran.world().position(1)), (-1, 3));
    assert_eq!(ran.world().written("out0", 1), ["1-0", "1-1", "1-2"]);
    assert!(ran.world().written("out0", 0).is_empty());
}

// R4.6
#[test]
fn a_lost_partition_whose_abort_fails_is_acknowledged_before_the_next_producer_is_initialised() {
    let rig = Rig::new(1).feed(0, 3).fault(Abort, Fault::of(Class::Fatal));
    let rig = rig.then(When::Read(3), |world| (0..3).for_each(|_| world.fault(Init, Fault::of(Class::Retriable))));
    let (done, acks) = bounded(1);
    let rig = rig.then(When::Poll, move |world| {
        world.gone(partition(0));
        world.handle.tell(Command::Give { partitions: vec![partition(0)], lost: true, done: done.clone() });
    });
    let ran = rig.forwarding().good();
    assert!(acks.try_recv().is_ok());
    let calls = &ran.world().calls;
    let at = calls.iter().position(|call| *call == GiveUp).unwrap();
    assert_eq!(calls[at..at + 4], [GiveUp, Renew, Forget, Renew], "{calls:?}");
    assert_eq!(calls[at + 4], Init);
}

// R4.1: the answer comes although nobody knows whether it was committed; its offsets stay unstable until that is settled.
#[test]
fn a_revoked_partition_whose_commit_is_unclear_is_given_up_without_waiting() {
    let rig = Rig::new(1).feed(0, 3).fault(Commit, Fault::lost_answer(Class::Unknown));
    let rig = give(rig, 3, false, |world, ack| {
        assert!(!ack.clean);
        assert_eq!(world.count(Tokens), 0, "the next owner asks");
    });
    let ran = rig.forwarding().good();
    assert_eq!(ran.world().written("out0", 0), ["0-0", "0-1", "0-2"]);
}

// R3.5
#[test]
fn a_start_of_a_partition_that_is_not_held_is_ignored() {
    let ran = Rig::new(0)
        .feed(0, 3)
        .then(When::Poll, |world| {
            let at = CommitOffset::at(0);
            world.handle.tell(Command::Start { partition: partition(0), epoch: 7, at, by_policy: true, state: None });
        })
        .forwarding()
        .good();
    assert_eq!((ran.world().count(Start), ran.world().count(Begin)), (0, 0));
}

// R3.5
#[test]
fn a_revoke_during_a_start_wins() {
    let rig = (0..20).fold(Rig::new(1).feed(0, 3), |rig, _| rig.fault(Start, Fault::of(Class::Retriable)));
    let rig = give(rig, 0, false, |_, ack| assert!(ack.clean));
    let ran = rig.forwarding().good();
    assert_eq!(ran.world().starts, []);
}

// R4.3
#[test]
fn a_start_that_fails_is_tried_until_it_works() {
    let rig = (0..20).fold(Rig::new(1).feed(0, 3), |rig, _| rig.fault(Start, Fault::of(Class::Retriable)));
    let ran = rig.forwarding().good();
    assert_eq!((ran.world().count(Start), ran.world().position(0)), (21, 3));
}

// R3.4
#[test]
fn a_partition_starts_where_the_group_stored_it() {
    let rig = Rig::new(0).feed(0, 9);
    let stored = wasmill_flow::world::Stored { next: CommitOffset::at(7), token: String::new() };
    rig.world().positions.insert(partition(0), stored);
    rig.world().take(partition(0));
    let ran = rig.forwarding().good();
    assert_eq!(ran.world().written("out0", 0), ["0-7", "0-8"]);
}
