//! Outputs that are refused for good (R5.8): the record at fault becomes a dead letter, that record and no other.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use wasmill_flow::Call::*;
use wasmill_flow::outlet::Refuses;
use wasmill_flow::rig::DEAD_LETTERS;
use wasmill_flow::{Answer, Each, Entry, Ran, Rig, World};
use wasmill_pipeline::Failed;

fn refuse(topic: &'static str, values: &'static [&'static str]) -> Option<Refuses> {
    Some(Box::new(move |to: &str, entry: &Entry| to == topic && values.contains(&entry.words().as_str())))
}

fn letters(world: &World) -> Vec<(String, String)> {
    let code = |entry: &Entry| entry.header("__wasmill.errors.code").unwrap_or_default();
    world.dead_letters().iter().map(|entry| (entry.words(), code(entry))).collect()
}

fn refused(value: &str) -> (String, String) {
    (value.to_owned(), "output-refused".to_owned())
}

fn run(rig: Rig, refuse: Option<Refuses>, whole_requests: bool) -> Ran {
    rig.world().outlet.refused_by_broker = refuse;
    rig.world().outlet.refuse_whole_requests = whole_requests;
    rig.forwarding()
}

#[test]
fn a_refused_output_becomes_a_dead_letter_and_the_others_are_written() {
    let ran = run(Rig::new(1).feed(0, 6), refuse("out0", &["0-1"]), false).good();
    let world = ran.world();
    assert_eq!(world.written("out0", 0), ["0-0", "0-2", "0-3", "0-4", "0-5"]);
    assert_eq!(letters(world), [refused("0-1")]);
    assert_eq!((world.count(Abort), world.position(0)), (1, 6));
    let letter = &world.dead_letters()[0];
    assert_eq!(letter.header("__wasmill.errors.message").as_deref(), Some("out0: INVALID_RECORD"));
    assert_eq!(letter.header("__wasmill.errors.stage").as_deref(), Some("write"));
}

#[test]
fn of_a_request_that_was_refused_as_a_whole_each_culprit_is_found() {
    let ran = run(Rig::new(2).feed(0, 9).feed(1, 9), refuse("out0", &["0-1", "0-7", "1-3"]), true).good();
    let world = ran.world();
    assert_eq!(world.written("out0", 0), ["0-0", "0-2", "0-3", "0-4", "0-5", "0-6", "0-8"]);
    assert_eq!(world.written("out0", 1), ["1-0", "1-1", "1-2", "1-4", "1-5", "1-6", "1-7", "1-8"]);
    assert_eq!(letters(world), [refused("0-1"), refused("0-7"), refused("1-3")]);
    assert!(world.count(Abort) <= 6, "{} aborts", world.count(Abort));
    assert!(world.count(Flush) > 0, "found by writing them alone");
}

#[test]
fn a_record_that_is_refused_before_it_leaves_costs_no_abort() {
    let rig = Rig::new(1).feed(0, 3);
    rig.world().outlet.refused_by_client = refuse("out0", &["0-1"]);
    let ran = rig.forwarding().good();
    assert_eq!(ran.world().written("out0", 0), ["0-0", "0-2"]);
    assert_eq!((letters(ran.world()), ran.world().count(Abort)), (vec![refused("0-1")], 0));
}

#[test]
fn of_a_record_whose_second_output_is_refused_the_first_is_not_written_either() {
    let plugin = || {
        Each(|value: &str, _| match value {
            "0-1" => Answer::Emit(vec!["good".to_owned(), "bad".to_owned()]),
            _ => Answer::Forward,
        })
    };
    for by_client in [false, true] {
        let rig = Rig::new(1).feed(0, 3);
        match by_client {
            true => rig.world().outlet.refused_by_client = refuse("out0", &["bad"]),
            false => rig.world().outlet.refused_by_broker = refuse("out0", &["bad"]),
        }
        let ran = rig.run(plugin()).good();
        assert_eq!(ran.world().written("out0", 0), ["0-0", "0-2"], "by the client: {by_client}");
        assert_eq!(letters(ran.world()), [refused("0-1")]);
    }
}

#[test]
fn a_dead_letter_that_is_too_large_goes_without_its_value() {
    for by_client in [false, true] {
        let rig = Rig::new(1).feed(0, 3);
        match by_client {
            true => rig.world().outlet.refused_by_client = refuse(DEAD_LETTERS, &["0-1"]),
            false => rig.world().outlet.refused_by_broker = refuse(DEAD_LETTERS, &["0-1"]),
        }
        let reject = Each(|value: &str, _| if value == "0-1" { Answer::Reject("bad") } else { Answer::Forward });
        let ran = rig.run(reject).good();
        assert_eq!(ran.world().written("out0", 0), ["0-0", "0-2"]);
        let [letter] = &ran.world().dead_letters()[..] else { panic!("one letter, by the client: {by_client}") };
        assert_eq!(letter.words(), "-");
        assert_eq!(letter.header("__wasmill.errors.truncated").as_deref(), Some("value"));
        assert_eq!(letter.header("__wasmill.errors.offset").as_deref(), Some("1"));
    }
}

#[test]
fn a_dead_letter_that_is_refused_even_so_ends_the_pipeline_and_commits_nothing_past_it() {
    for by_client in [true, false] {
        let rig = Rig::new(1).feed(0, 3);
        match by_client {
            true => rig.world().outlet.refused_by_client = refuse(DEAD_LETTERS, &["0-1", "-"]),
            false => rig.world().outlet.refused_by_broker = refuse(DEAD_LETTERS, &["0-1", "-"]),
        }
        let reject = Each(|value: &str, _| if value == "0-1" { Answer::Reject("bad") } else { Answer::Forward });
        let ran = rig.run(reject).legal();
        assert!(matches!(ran.result, Err(Failed::DeadLetter { .. })), "by the client {by_client}: {:?}", ran.result);
        assert!(ran.world().position(0) <= 1);
    }
}
