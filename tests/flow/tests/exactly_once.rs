//! The undisturbed path: every record once, in order, unchanged; and what a commit consists of.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::time::Duration;
use wasmill_flow::Call::*;
use wasmill_flow::{Answer, Each, Entry, Rig, When, World, partition};

fn odd_records() -> Vec<Entry> {
    let header = |name: &[u8], value: Option<&[u8]>| (name.to_vec(), value.map(<[u8]>::to_vec));
    vec![
        Entry { key: Some(b"k".to_vec()), value: Some(b"v".to_vec()), timestamp: Some(7), ..Entry::default() },
        Entry { key: Some(b"tombstone".to_vec()), value: None, timestamp: Some(8), ..Entry::default() },
        Entry { key: None, value: Some(Vec::new()), timestamp: None, ..Entry::default() },
        Entry {
            value: Some(b"headers".to_vec()),
            headers: vec![header(b"a", Some(b"1")), header(b"a", Some(b"2")), header(b"\xff", None)],
            timestamp: Some(-1),
            ..Entry::default()
        },
    ]
}

// R1.1
#[test]
fn records_arrive_unchanged_in_order_with_their_positions() {
    let rig = Rig::new(2);
    for entry in odd_records() {
        rig.world().feed(partition(1), entry);
    }
    let ran = rig.feed(0, 7).forwarding().good();
    let world = ran.world();
    assert_eq!(world.outputs[&("out0".to_owned(), 1)], odd_records());
    assert_eq!(world.written("out0", 0), ["0-0", "0-1", "0-2", "0-3", "0-4", "0-5", "0-6"]);
    assert_eq!((world.position(0), world.position(1)), (7, 4));
}

// R1.1
#[test]
fn nothing_is_visible_and_no_position_stored_before_the_commit() {
    let look = |world: &mut World| {
        assert_eq!(world.count(Write), 3);
        assert!(world.outputs.is_empty() && world.positions.is_empty());
    };
    let ran = Rig::new(1).feed(0, 3).then(When::Read(3), look).forwarding().good();
    assert_eq!(ran.world().position(0), 3);
}

// R1.2
#[test]
fn a_commit_is_drain_then_positions_then_end() {
    let ran = Rig::new(1).feed(0, 2).forwarding().good();
    assert_eq!(ran.world().sink_calls(), [Init, Begin, Write, Write, Drain, Send, Commit, GiveUp]);
}

// R1.4
#[test]
fn every_transaction_has_a_token_of_its_own() {
    let mut rig = Rig::new(1).feed(0, 30);
    rig.settings.commit_records_max = 3;
    let ran = rig.forwarding().good();
    let world = ran.world();
    let expected: Vec<String> = (1..=10).map(|n| format!("instance:0123456789abcdef:0:{n}")).collect();
    assert_eq!(world.tokens, expected);
    assert_eq!(world.positions[&partition(0)].token, expected[9]);
}

// R1.4
#[test]
fn a_token_is_not_used_again_after_an_abort() {
    let fault = wasmill_flow::Fault::of(wasmill_record::Class::Abortable);
    let ran = Rig::new(1).feed(0, 2).fault(Drain, fault).forwarding().good();
    assert_eq!(ran.world().tokens, ["instance:0123456789abcdef:0:2"]);
}

// R1.3
#[test]
fn a_partition_that_was_touched_but_did_not_move_is_committed_too() {
    let retry = |_: &str, attempt| if attempt == 1 { Answer::Retry(500) } else { Answer::Forward };
    let look = |world: &mut World| {
        let done = world.positions.contains_key(&partition(0));
        if done {
            assert_eq!(world.position(0), 0, "committed where it stands");
            assert!(world.outputs.is_empty());
        }
        done
    };
    let ran = Rig::new(1).feed(0, 1).until(look).run(Each(retry)).good();
    assert_eq!((ran.world().position(0), ran.world().tokens.len()), (1, 2));
}

// R1.5
#[test]
fn metadata_of_no_member_commits_nothing() {
    for dead in [(-1, false), (-1, true), (4, false)] {
        let rig = Rig::new(1)
            .feed(0, 2)
            .then(When::Read(2), move |world| world.membership = dead)
            .until(|world| world.count(Abort) == 3)
            .then(When::Poll, |world| {
                assert!(world.outputs.is_empty() && world.positions.is_empty() && world.count(Send) == 0);
                world.membership = (5, true);
            });
        let ran = rig.forwarding().good();
        assert_eq!(ran.world().written("out0", 0), ["0-0", "0-1"], "{dead:?}");
        assert_eq!(ran.world().position(0), 2);
    }
}

// R1.6
#[test]
fn an_assignment_that_changed_since_the_poll_aborts_what_was_read_under_the_old_one() {
    let rig = Rig::new(2).feed(0, 2).feed(1, 2).then(When::Read(4), |world| {
        // Lost and taken again; the worker has not been told of either.
        world.gone(partition(0));
        world.books.lock().unwrap().assigned(&[partition(0)]);
    });
    let ran = rig.forwarding().good();
    let world = ran.world();
    assert_eq!(world.written("out0", 0), [""; 0]);
    assert_eq!(world.position(0), -1);
    assert_eq!(world.written("out0", 1), ["1-0", "1-1"], "the other one was rewound and went on");
    assert_eq!(world.count(Abort), 1);
}

// R1.6, R3.5
#[test]
fn a_partition_that_came_back_is_read_under_its_new_assignment() {
    let rig = Rig::new(1).feed(0, 4).then(When::Read(3), |world| {
        world.gone(partition(0));
        let (done, _) = crossbeam_channel::bounded(1);
        let give = wasmill_pipeline::Command::Give { partitions: vec![partition(0)], lost: true, done };
        world.handle.tell(give);
        world.take(partition(0));
    });
    let ran = rig.forwarding().good();
    assert_eq!(ran.world().written("out0", 0), ["0-0", "0-1", "0-2", "0-3"]);
    assert_eq!(ran.world().position(0), 4);
}

// R5.6
#[test]
fn without_records_there_is_no_transaction() {
    let ran = Rig::new(2).then(When::Idle, |world| world.clock.advance(Duration::from_secs(60))).forwarding().good();
    assert_eq!(ran.world().sink_calls(), [Init, GiveUp]);
}

#[test]
fn dropped_records_are_settled_by_their_position_alone() {
    let ran = Rig::new(1).feed(0, 5).run(Each(|_: &str, _| Answer::Drop)).good();
    assert_eq!((ran.world().count(Write), ran.world().position(0)), (0, 5));
}

#[test]
fn a_record_may_become_several_or_none() {
    let plugin = Each(|value: &str, _| match value {
        "0-0" => Answer::Emit(vec!["a".to_owned(), "b".to_owned()]),
        "0-1" => Answer::Emit(Vec::new()),
        _ => Answer::Forward,
    });
    let ran = Rig::new(1).feed(0, 3).run(plugin).good();
    assert_eq!(ran.world().written("out0", 0), ["a", "b", "0-2"]);
}

#[test]
fn a_rejected_record_is_set_aside_with_its_reason_in_the_same_transaction() {
    let plugin = Each(|value: &str, _| if value == "0-1" { Answer::Reject("no-items") } else { Answer::Forward });
    let ran = Rig::new(1).feed(0, 3).run(plugin).good();
    let world = ran.world();
    assert_eq!(world.written("out0", 0), ["0-0", "0-2"]);
    let [letter] = &world.dead_letters()[..] else { panic!("one letter") };
    let header = |name: &str| letter.header(&format!("__wasmill.errors.{name}")).unwrap_or_default();
    assert_eq!(letter.words(), "0-1");
    assert_eq!(
        ["topic", "partition", "offset", "code", "message", "attempts", "stage"].map(header),
        ["in", "0", "1", "no-items", "says the test", "1", "invoke"]
    );
    assert_eq!((world.tokens.len(), world.position(0)), (1, 3));
}

#[test]
fn commits_come_by_time_by_records_and_by_bytes() {
    let commits = |change: fn(&mut Rig)| {
        let mut rig = Rig::new(1).feed(0, 9);
        change(&mut rig);
        rig.forwarding().good().world().count(Commit)
    };
    assert_eq!(commits(|_| ()), 1);
    assert_eq!(commits(|rig| rig.settings.commit_records_max = 3), 3);
    assert_eq!(commits(|rig| rig.settings.commit_bytes_max = 9), 3);
    assert_eq!(commits(|rig| rig.settings.commit_interval = Duration::ZERO), 3);
}

#[test]
fn partitions_take_turns() {
    let ran = Rig::new(3).feed(0, 6).feed(1, 6).feed(2, 6).forwarding().good();
    let turns: Vec<i32> = ran.world().batches.iter().map(|(partition, ..)| partition.partition).collect();
    assert_eq!(turns, [0, 1, 2, 0, 1, 2]);
    let seen: BTreeSet<usize> = ran.world().batches.iter().map(|(_, _, records)| *records).collect();
    assert_eq!(seen, BTreeSet::from([3]));
}

// R3.3: the start policy is applied once.
#[test]
fn a_position_by_policy_is_committed_although_nothing_was_read() {
    let ran = start_by_policy(Rig::new(0)).forwarding().good();
    assert_eq!(ran.world().position(0), 5);
}

// R3.3: also when the first try to commit it fails, and when no transaction could be begun.
#[test]
fn a_position_by_policy_is_committed_whatever_goes_wrong_first() {
    for (call, class) in [
        (Begin, wasmill_record::Class::Fatal),
        (Drain, wasmill_record::Class::Abortable),
        (Send, wasmill_record::Class::Abortable),
    ] {
        let rig = start_by_policy(Rig::new(0)).fault(call, wasmill_flow::Fault::of(class));
        let ran = rig.forwarding().good();
        assert_eq!(ran.world().position(0), 5, "{call:?}");
    }
}

fn start_by_policy(rig: Rig) -> Rig {
    rig.then(When::Poll, |world| {
        let epoch = world.books.lock().unwrap().assigned(&[partition(0)]);
        let at = wasmill_record::CommitOffset::at(5);
        let start =
            wasmill_pipeline::Command::Start { partition: partition(0), epoch, at, by_policy: true, state: None };
        assert!(world.handle.tell(start));
    })
}
