//! Where a taken partition starts (R3.3). The real control plane over a group in memory; it ends when no take can come.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not take for tests

use crossbeam_channel::{Receiver, bounded};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use wasmill_config::Start::{self, Earliest, Latest};
use wasmill_flow::{MemoryGroup, follower, partition};
use wasmill_pipeline::handover::Take;
use wasmill_pipeline::taking::{Taking, Tell};
use wasmill_pipeline::{Command, WorkerHandle};
use wasmill_record::{CommitOffset, InputPartition};
use wasmill_settle::Books;
use wasmill_telemetry::Metrics;

/// A take of `count` partitions of one input; the control plane stops once that many starts were told.
fn starts(group: MemoryGroup, start: Start, known: i32, count: i32) -> Vec<(InputPartition, i64, bool)> {
    starts_of(group, &[start], known, (0..count).map(partition).collect())
}

/// The same of these partitions, with the policy of each input.
fn starts_of(
    group: MemoryGroup,
    start: &[Start],
    known: i32,
    partitions: Vec<InputPartition>,
) -> Vec<(InputPartition, i64, bool)> {
    let count = partitions.len();
    let (handle, commands) = WorkerHandle::new(0);
    let books = Arc::new(Mutex::new(Books::default()));
    let epoch = books.lock().unwrap().assigned(&partitions);
    let (takes, taken) = bounded(1);
    takes.send(Take { partitions, epoch, since: Instant::now() }).unwrap();
    let metrics = Metrics::new().pipeline("flow");
    let taking = Taking {
        tell: Arc::new(Tell { group: Arc::new(group), books, workers: vec![handle], metrics }),
        takes: taken,
        restores: None,
        start: start.to_vec(),
        partitions: vec![known; start.len()],
        begun: Default::default(),
    };
    let control = std::thread::spawn(move || taking.run());
    let told = (0..count).map(|_| next_start(&commands)).collect();
    drop(takes);
    control.join().unwrap();
    told
}

fn next_start(commands: &Receiver<Command>) -> (InputPartition, i64, bool) {
    match commands.recv_timeout(std::time::Duration::from_secs(60)).unwrap() {
        Command::Start { partition, at, by_policy, .. } => (partition, at.next(), by_policy),
        other => panic!("not a start: {other:?}"),
    }
}

fn group(committed: &[(i32, i64)], watermarks: &[(i32, (i64, i64))]) -> MemoryGroup {
    let group = MemoryGroup::default();
    let mut state = group.state();
    state.committed = committed.iter().map(|(number, at)| (partition(*number), CommitOffset::at(*at))).collect();
    state.watermarks = watermarks.iter().map(|(number, marks)| (partition(*number), *marks)).collect();
    drop(state);
    group
}

#[test]
fn a_committed_offset_comes_before_any_policy() {
    for policy in [Earliest, Latest] {
        assert_eq!(starts(group(&[(0, 41)], &[(0, (3, 90))]), policy, 1, 1), [(partition(0), 41, false)]);
    }
}

#[test]
fn without_one_the_policy_says_where() {
    assert_eq!(starts(group(&[], &[(0, (3, 90))]), Earliest, 1, 1), [(partition(0), 3, true)]);
    assert_eq!(starts(group(&[], &[(0, (3, 90))]), Latest, 1, 1), [(partition(0), 90, true)]);
}

#[test]
fn a_partition_that_appeared_after_the_group_had_begun_starts_at_its_first_record() {
    let told = starts(group(&[(0, 41)], &[(1, (2, 50))]), Latest, 1, 2);
    assert_eq!(told, [(partition(0), 41, false), (partition(1), 2, true)]);
}

#[test]
fn an_unstable_offset_does_not_hold_up_the_other_partitions() {
    let group = group(&[(0, 1), (1, 2), (2, 3)], &[]);
    group.state().unstable.insert(partition(0), 4);
    let told = starts(group, Earliest, 3, 3);
    assert_eq!(told, [(partition(1), 2, false), (partition(2), 3, false), (partition(0), 1, false)]);
}

#[test]
fn an_unstable_offset_is_never_taken_for_none() {
    let group = group(&[(0, 50)], &[(0, (0, 110))]);
    group.state().unstable.insert(partition(0), 5);
    assert_eq!(starts(group, Latest, 1, 1), [(partition(0), 50, false)]);
}

#[test]
fn each_input_has_its_own_policy() {
    let group = group(&[], &[(0, (3, 90))]);
    group.state().watermarks.insert(follower(0), (5, 70));
    let told = starts_of(group, &[Earliest, Latest], 1, vec![partition(0), follower(0)]);
    assert_eq!(told, [(partition(0), 3, true), (follower(0), 70, true)]);
}

#[test]
fn whether_a_group_has_begun_is_asked_for_each_input() {
    let group = group(&[(0, 41)], &[]);
    group.state().watermarks.insert(follower(0), (5, 70));
    let told = starts_of(group, &[Latest, Latest], 1, vec![partition(0), follower(0)]);
    assert_eq!(told, [(partition(0), 41, false), (follower(0), 70, true)], "an input that is new to the group");
}

// R3.6
#[test]
fn inputs_of_a_partition_start_together_once_the_offsets_of_all_are_stable() {
    let both = |number| [partition(number), follower(number)];
    let at = |number| [(partition(number), 7, false), (follower(number), 8, false)];
    for unstable in both(0) {
        let group = group(&[(0, 7), (1, 7)], &[]);
        group.state().committed.extend([0, 1].map(|number| (follower(number), CommitOffset::at(8))));
        group.state().unstable.insert(unstable, 4);
        let told = starts_of(group, &[Earliest, Earliest], 2, [both(0), both(1)].concat());
        assert_eq!(told, [at(1), at(0)].concat(), "{unstable}: the others do not wait");
    }
}

// R3.6
#[test]
fn no_input_starts_before_the_position_of_each_is_found() {
    let (handle, commands) = WorkerHandle::new(0);
    let books = Arc::new(Mutex::new(Books::default()));
    let partitions = vec![partition(0), follower(0), partition(1), follower(1)];
    let epoch = books.lock().unwrap().assigned(&partitions);
    let (takes, taken) = bounded(1);
    takes.send(Take { partitions, epoch, since: Instant::now() }).unwrap();
    drop(takes);
    let group = Arc::new(group(&[(0, 7), (1, 7)], &[]));
    group.state().without_leader.insert(follower(0));
    Taking {
        tell: Arc::new(Tell { group, books, workers: vec![handle], metrics: Metrics::new().pipeline("flow") }),
        takes: taken,
        restores: None,
        start: vec![Earliest, Earliest],
        partitions: vec![2, 2],
        begun: Default::default(),
    }
    .run();
    let started = |command| match command {
        Command::Start { partition, .. } => partition,
        other => panic!("not a start: {other:?}"),
    };
    let told: Vec<InputPartition> = commands.try_iter().map(started).collect();
    assert_eq!(told, [partition(1), follower(1)]);
}

// R3.5
#[test]
fn a_partition_that_was_revoked_meanwhile_is_not_started() {
    let (handle, commands) = WorkerHandle::new(0);
    let books = Arc::new(Mutex::new(Books::default()));
    let (takes, taken) = bounded(2);
    let old = books.lock().unwrap().assigned(&[partition(0)]);
    books.lock().unwrap().gone(&[partition(0)]);
    let new = books.lock().unwrap().assigned(&[partition(0)]);
    for epoch in [old, new] {
        takes.send(Take { partitions: vec![partition(0)], epoch, since: Instant::now() }).unwrap();
    }
    drop(takes);
    let group = Arc::new(group(&[(0, 5)], &[]));
    let metrics = Metrics::new().pipeline("flow");
    Taking {
        tell: Arc::new(Tell { group, books, workers: vec![handle], metrics }),
        takes: taken,
        restores: None,
        start: vec![Earliest],
        partitions: vec![1],
        begun: Default::default(),
    }
    .run();
    let told: Vec<Command> = commands.try_iter().collect();
    assert!(matches!(told[..], [Command::Start { epoch, .. }] if epoch == new), "{told:?}");
}
