//! Several inputs: what a worker does with those of one partition together, and what it does not.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;
use wasmill_flow::Call::{Abort, Begin, Commit, Drain, Start, Write};
use wasmill_flow::{Answer, Each, Entry, Fault, Rig, When, World, follower, partition};
use wasmill_pipeline::{Command, Failed};
use wasmill_record::{Class, CommitOffset, InputPartition, PartitionError, PartitionErrorKind};

const HOUR: Duration = Duration::from_secs(3600);

fn feed_follower(rig: Rig, number: i32, count: usize) -> Rig {
    for offset in 0..count {
        rig.world().feed(follower(number), Entry::text(&format!("f{number}-{offset}")));
    }
    rig
}

/// The number of the transaction that stored the position; 0: none did.
fn stored_by(world: &World, partition: InputPartition) -> u64 {
    let number = |token: &str| token.rsplit(':').next().unwrap().parse().unwrap();
    world.positions.get(&partition).map_or(0, |stored| number(&stored.token))
}

/// Of the leader and the follower.
fn both_stored_by(world: &World, number: i32) -> (u64, u64) {
    (stored_by(world, partition(number)), stored_by(world, follower(number)))
}

fn at(world: &World, partition: InputPartition) -> i64 {
    world.positions.get(&partition).map_or(-1, |stored| stored.next.next())
}

#[test]
fn records_of_every_input_arrive_once_and_in_the_order_of_their_offsets() {
    let rig = feed_follower(Rig::with_inputs(2, 2).feed(0, 7).feed(1, 2), 0, 5);
    let ran = rig.forwarding().good();
    let written = ran.world().written("out0", 0);
    let of = |prefix: &str| written.iter().filter(|value| value.starts_with(prefix)).cloned().collect::<Vec<_>>();
    assert_eq!(of("0-"), (0..7).map(|offset| format!("0-{offset}")).collect::<Vec<_>>());
    assert_eq!(of("f0-"), (0..5).map(|offset| format!("f0-{offset}")).collect::<Vec<_>>());
    assert_eq!((written.len(), at(ran.world(), partition(0)), at(ran.world(), follower(0))), (12, 7, 5));
}

#[test]
fn a_dead_letter_names_the_topic_of_its_input() {
    let rig = feed_follower(Rig::with_inputs(1, 2).feed(0, 1), 0, 1);
    let ran = rig.run(Each(|_: &str, _| Answer::Reject("no"))).good();
    let topic = |letter: &Entry| (letter.words(), letter.header("__wasmill.errors.topic").unwrap());
    let mut topics: Vec<_> = ran.world().dead_letters().iter().map(topic).collect();
    topics.sort();
    let expected = [("0-0", "in"), ("f0-0", "in1")].map(|(words, topic)| (words.to_owned(), topic.to_owned()));
    assert_eq!(topics, expected);
}

// R1.3
#[test]
fn every_transaction_has_the_positions_of_all_inputs_of_its_partitions() {
    let mut rig = feed_follower(Rig::with_inputs(2, 2).feed(0, 9), 1, 3);
    rig.settings.commit_records_max = 3;
    let ran = rig.forwarding().good();
    let world = ran.world();
    assert_eq!(world.tokens.len(), 4);
    let [first, second] = [0, 1].map(|number| both_stored_by(world, number));
    assert_eq!((first.0, second.0), (first.1, second.1), "of one moment");
    assert_eq!((first.0, at(world, follower(0))), (4, 0), "the one that does not move, too");
    assert!(second.1 < 4, "but not those of another partition");
    assert_eq!((at(world, partition(1)), at(world, follower(1))), (0, 3));
}

// R1.3: how old a stored position is by then nobody knows.
#[test]
fn a_start_commits_the_positions_of_all_inputs_once() {
    let rig = Rig::with_inputs(1, 2).until(|world| both_stored_by(world, 0) == (1, 1));
    let ran = rig.then(When::Idle, |world| world.clock.advance(HOUR / 2)).forwarding().good();
    assert_eq!((ran.world().count(Begin), ran.world().count(Commit), ran.world().count(Write)), (1, 1, 0));
}

// R1.3
#[test]
fn positions_of_quiet_inputs_are_committed_again_every_hour() {
    let rig = Rig::with_inputs(2, 2).until(|world| both_stored_by(world, 1) == (1, 1));
    let rig = (2..5).fold(rig, |rig, transaction| {
        rig.then(When::Idle, |world| world.clock.advance(HOUR)).until(move |world| {
            [0, 1].iter().all(|number| both_stored_by(world, *number) == (transaction, transaction))
        })
    });
    let ran = rig.forwarding().good();
    assert_eq!(ran.world().tokens.len(), 4);
}

// R1.3: a queue that never runs empty is no reason to forget the others.
#[test]
fn a_busy_partition_does_not_keep_a_quiet_one_from_being_committed_again() {
    let mut rig = Rig::with_inputs(2, 2).feed(0, 60);
    rig.settings.commit_records_max = 3;
    let rig = rig
        .then(When::Read(6), |world| {
            assert_eq!(both_stored_by(world, 1), (1, 1));
            world.clock.advance(HOUR);
        })
        .then(When::Read(30), |world| {
            let (leader, follower) = both_stored_by(world, 1);
            assert!(leader > 1 && leader == follower, "transactions {leader} and {follower}");
        });
    assert_eq!(rig.forwarding().good().world().position(0), 60);
}

#[test]
fn with_one_input_nothing_is_committed_because_time_passes() {
    let ran = Rig::new(2).then(When::Idle, |world| world.clock.advance(2 * HOUR)).forwarding().good();
    assert_eq!(ran.world().count(Begin), 0);
}

#[test]
fn a_position_that_could_not_be_committed_again_is_tried_until_it_is() {
    let rig = Rig::with_inputs(1, 2).until(|world| both_stored_by(world, 0) == (1, 1));
    let rig = rig
        .then(When::Idle, |world| {
            world.fault(Drain, Fault::of(Class::Abortable));
            world.fault(Begin, Fault::of(Class::Fatal));
            world.clock.advance(HOUR);
        })
        .until(|world| world.count(Commit) == 2);
    let ran = rig.forwarding().good();
    assert_eq!(
        (stored_by(ran.world(), follower(0)), ran.world().count(Abort)),
        (ran.world().tokens.len() as u64 + 1, 1)
    );
}

fn retry_once(value: &str, attempt: u32) -> Answer {
    if value == "f0-0" && attempt == 1 { Answer::Retry(60_000) } else { Answer::Forward }
}

#[test]
fn a_record_that_waits_does_not_hold_back_the_other_inputs() {
    let rig = feed_follower(Rig::with_inputs(1, 2).feed(0, 9), 0, 2);
    let ran = rig
        .until(|world| {
            let done = world.position(0) == 9;
            assert!(!done || world.clock.passed() < Duration::from_secs(60));
            assert!(!done || at(world, follower(0)) == 0, "committed where it waits");
            done
        })
        .run(Each(retry_once))
        .good();
    let written = ran.world().written("out0", 0);
    assert_eq!((written.len(), &written[9..]), (11, &["f0-0".to_owned(), "f0-1".to_owned()][..]));
    assert!(ran.world().clock.passed() >= Duration::from_secs(60));
}

// What was not read in a transaction is not read again when it becomes void, and goes on waiting.
#[test]
fn a_rewind_of_one_input_does_not_end_the_wait_of_another() {
    let rig = feed_follower(Rig::with_inputs(1, 2), 0, 2);
    let ran = rig
        .until(|world| at(world, follower(0)) == 0)
        .then(When::Poll, |world| {
            world.fault(Drain, Fault::of(Class::Abortable));
            world.feed(partition(0), Entry::text("0-0"));
        })
        .until(|world| world.count(Abort) == 1)
        .run(Each(retry_once))
        .good();
    let world = ran.world();
    assert_eq!(world.written("out0", 0), ["0-0", "f0-0", "f0-1"]);
    let starts: Vec<Duration> =
        world.starts.iter().filter(|(_, of, _)| *of == follower(0)).map(|(at, ..)| *at).collect();
    let [_, again] = starts[..] else { panic!("started once more: {starts:?}") };
    assert!(again >= Duration::from_secs(60), "{again:?}");
}

// R4.2
#[test]
fn a_lost_partition_is_lost_with_all_its_inputs() {
    let (done, acks) = crossbeam_channel::bounded(1);
    let rig = feed_follower(Rig::with_inputs(2, 2).feed(0, 3).feed(1, 3), 0, 3);
    let rig = rig
        .then(When::Read(9), move |world| {
            world.gone(partition(0));
            let partitions = vec![partition(0), follower(0)];
            world.handle.tell(Command::Give { partitions, lost: true, done: done.clone() });
        })
        .then(When::Poll, move |world| {
            assert!(!acks.try_recv().unwrap().clean);
            assert_eq!((at(world, partition(0)), at(world, follower(0))), (-1, -1));
        });
    let ran = rig.forwarding().good();
    let world = ran.world();
    assert!(world.written("out0", 0).is_empty());
    assert_eq!((both_stored_by(world, 0), world.written("out0", 1).len()), ((0, 0), 3));
    assert_eq!((at(world, partition(1)), at(world, follower(1))), (3, 0));
}

// R3.6
#[test]
fn inputs_of_a_partition_begin_together() {
    let rig = feed_follower(Rig::with_inputs(1, 2).feed(0, 6), 0, 6).fault(Start, Fault::none());
    let rig = (0..5).fold(rig, |rig, _| {
        // The follower's seek fails, then the leader's, and that of nobody.
        rig.fault(Start, Fault::of(Class::Retriable)).fault(Start, Fault::none())
    });
    let ran = rig.forwarding().good();
    let world = ran.world();
    let of = |wanted| world.calls.iter().rposition(|call| *call == wanted).unwrap();
    let first_write = world.calls.iter().position(|call| *call == Write).unwrap();
    assert!(of(Start) < first_write, "{:?}", world.calls);
    assert!(world.starts.len() > 2, "what had been sought was sought again: {:?}", world.starts);
    assert_eq!((world.written("out0", 0).len(), at(world, partition(0)), at(world, follower(0))), (12, 6, 6));
}

// R3.6
#[test]
fn one_input_alone_is_not_begun() {
    let rig = feed_follower(Rig::with_inputs(0, 2).feed(0, 3), 0, 3);
    let start = |of: InputPartition, epoch| Command::Start {
        partition: of,
        epoch,
        at: CommitOffset::at(0),
        by_policy: false,
        state: None,
    };
    let ran = rig
        .then(When::Poll, move |world| {
            let epoch = world.books.lock().unwrap().assigned(&[partition(0), follower(0)]);
            world.handle.tell(start(partition(0), epoch));
        })
        .then(When::Poll, |world| world.clock.advance(Duration::from_secs(1)))
        .then(When::Poll, move |world| {
            assert_eq!(world.count(Start), 0, "the other one has not been told");
            let epoch = world.books.lock().unwrap().get(partition(0)).unwrap().epoch();
            world.handle.tell(start(follower(0), epoch));
        })
        .forwarding()
        .good();
    assert_eq!((ran.world().count(Start), ran.world().written("out0", 0).len()), (2, 6));
}

/// A partition of a follower that is not there although the leader's is: the watch of the topics has the words for it.
#[test]
fn a_follower_that_is_not_there_yet_is_left_to_the_watch_of_the_topics() {
    let gone =
        |of| PartitionError { partition: of, kind: PartitionErrorKind::TopicGone, message: "unknown".to_owned() };
    let tell =
        move |of| Rig::with_inputs(1, 2).then(When::Idle, move |world| world.partition_errors.push_back(gone(of)));
    tell(follower(7)).forwarding().good();
    let failed = tell(follower(0)).forwarding().legal().result.unwrap_err();
    assert!(matches!(failed, Failed::Topic { topic, .. } if topic == "in1"), "one that is read has gone");
}
