//! Records that are tried again later: the partition waits, in order; the others go on.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;
use wasmill_flow::Call::{Commit, Drain, Start};
use wasmill_flow::{Answer, Each, Fault, Rig, When, World, partition};
use wasmill_record::Class;

fn until_attempt(wanted: u32, after_ms: u32) -> Each<impl FnMut(&str, u32) -> Answer + Send> {
    Each(
        move |value: &str, attempt| {
            if value == "0-1" && attempt < wanted { Answer::Retry(after_ms) } else { Answer::Forward }
        },
    )
}

#[test]
fn the_partition_waits_with_back_off_and_nothing_behind_the_record_is_touched() {
    let look = |world: &mut World| {
        assert_eq!(world.written("out0", 0), ["0-0"], "committed before the wait");
        assert_eq!(world.position(0), 1);
    };
    let waiting = |world: &mut World| world.clock.passed() >= Duration::from_millis(700);
    let ran = Rig::new(1).feed(0, 6).until(waiting).then(When::Poll, look).run(until_attempt(3, 0)).good();
    let world = ran.world();
    assert_eq!(world.written("out0", 0), ["0-0", "0-1", "0-2", "0-3", "0-4", "0-5"]);
    let waits: Vec<Duration> = world.starts.iter().map(|(at, ..)| *at).collect();
    assert_eq!(world.starts.iter().map(|(.., at)| *at).collect::<Vec<_>>(), [0, 1, 1]);
    let (first, second) = (waits[1] - waits[0], waits[2] - waits[1]);
    assert!((1000..1200).contains(&first.as_millis()), "{first:?}");
    assert!((2000..2200).contains(&second.as_millis()), "{second:?}");
}

#[test]
fn other_partitions_go_on_meanwhile() {
    let ran = Rig::new(2)
        .feed(0, 3)
        .feed(1, 9)
        .until(|world| {
            let done = world.written("out0", 1).len() == 9;
            assert!(!done || world.written("out0", 0) == ["0-0"]);
            done
        })
        .run(until_attempt(2, 60_000))
        .good();
    assert_eq!(ran.world().written("out0", 0), ["0-0", "0-1", "0-2"]);
    assert!(ran.world().clock.passed() >= Duration::from_secs(60));
}

#[test]
fn a_plugin_sees_the_number_of_the_attempt_for_that_record_only() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = std::sync::Arc::clone(&seen);
    let plugin = Each(move |value: &str, attempt| {
        noted.lock().unwrap().push((value.to_owned(), attempt));
        if value == "0-1" && attempt < 3 { Answer::Retry(10) } else { Answer::Forward }
    });
    Rig::new(1).feed(0, 3).run(plugin).good();
    let seen: Vec<(String, u32)> = seen.lock().unwrap().clone();
    let of = |wanted: &str| seen.iter().filter(|(value, _)| value == wanted).map(|(_, n)| *n).collect::<Vec<_>>();
    assert_eq!((of("0-0"), of("0-1")), (vec![1], vec![1, 2, 3]));
    assert!(of("0-2").iter().all(|attempt| *attempt == 1), "{seen:?}");
}

#[test]
fn a_record_whose_attempts_are_used_up_is_a_dead_letter() {
    let ran = Rig::new(1).feed(0, 3).run(until_attempt(u32::MAX, 1500)).good();
    let world = ran.world();
    assert_eq!(world.written("out0", 0), ["0-0", "0-2"]);
    let [letter] = &world.dead_letters()[..] else { panic!("one letter") };
    let header = |name: &str| letter.header(&format!("__wasmill.errors.{name}")).unwrap_or_default();
    assert_eq!((header("code").as_str(), header("attempts").as_str()), ("not-yet", "3"));
    assert_eq!(header("first.failed.at"), "2023-11-14T22:13:20.000Z");
    assert_eq!(header("last.failed.at"), "2023-11-14T22:13:23.000Z", "two waits of 1.5 s");
    assert_eq!((header("now"), header("seed").as_str()), (header("last.failed.at"), "1000"));
    assert!(header("message").ends_with("(retry.attempts = 3 used up)"), "{}", header("message"));
}

// R5.7
#[test]
fn what_is_open_is_committed_before_the_wait() {
    let mut rig = Rig::new(2).feed(0, 3).feed(1, 3);
    rig.settings.commit_interval = Duration::from_secs(2);
    let ran = rig
        .until(|world| {
            let committed = world.count(Commit) == 1;
            assert!(!committed || world.clock.passed() < Duration::from_millis(10), "at once");
            committed
        })
        .run(until_attempt(2, 60_000))
        .good();
    assert_eq!(ran.world().position(0), 3);
}

#[test]
fn a_rewind_during_the_wait_ends_it_and_keeps_the_attempts() {
    let rig = Rig::new(1).feed(0, 3).fault(Drain, Fault::of(Class::Abortable));
    let ran = rig.run(until_attempt(u32::MAX, 30_000)).good();
    let world = ran.world();
    assert_eq!(world.written("out0", 0), ["0-0", "0-2"]);
    assert_eq!(world.dead_letters()[0].header("__wasmill.errors.attempts").as_deref(), Some("3"));
    assert!(world.clock.passed() < Duration::from_secs(31), "the first wait was cut: {:?}", world.clock.passed());
}

// R4.3
#[test]
fn a_waiting_partition_goes_on_after_a_rewind_although_its_start_fails_first() {
    let rig = Rig::new(1).feed(0, 3).fault(Drain, Fault::of(Class::Abortable));
    let rig = rig.fault(Start, Fault::none()).fault(Start, Fault::of(Class::Retriable));
    let ran = rig.run(until_attempt(2, 1000)).good();
    assert_eq!(ran.world().written("out0", 0), ["0-0", "0-1", "0-2"]);
}

#[test]
fn a_partition_that_is_given_while_it_waits_is_not_started_again() {
    let (done, acks) = crossbeam_channel::bounded(1);
    let rig = Rig::new(1).feed(0, 3).then(When::Read(3), |_| ()).until(|world| world.position(0) == 1).then(
        When::Poll,
        move |world| {
            let give =
                wasmill_pipeline::Command::Give { partitions: vec![partition(0)], lost: false, done: done.clone() };
            world.handle.tell(give);
        },
    );
    let rig = rig.then(When::Poll, |world| {
        world.gone(partition(0));
        world.clock.advance(Duration::from_secs(100));
    });
    let ran = rig.run(until_attempt(2, 5000)).good();
    assert!(acks.try_recv().is_ok());
    assert_eq!((ran.world().starts.len(), ran.world().position(0)), (1, 1));
}
