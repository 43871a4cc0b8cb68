//! Calls that fail as a whole: only what fails alone is set aside.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;
use wasmill_flow::Call::*;
use wasmill_flow::plugin::trap;
use wasmill_flow::{Answer, Each, Entry, MemoryBatch, Ran, Rig, Whole, partition};
use wasmill_pipeline::Failed;
use wasmill_record::{Batch, Clock, Emission, Field, HeaderRun, HeaderSpan, Outcome, Reply, Span};

fn codes(ran: &Ran) -> Vec<(String, String)> {
    let code = |name: &str, entry: &Entry| entry.header(&format!("__wasmill.errors.{name}"));
    let letters = ran.world().dead_letters();
    letters.iter().map(|entry| (entry.words(), code("code", entry).unwrap_or_default())).collect()
}

#[test]
fn a_trap_sets_the_offender_aside_and_no_other_record() {
    let plugin = Each(|value: &str, _| if value == "0-4" { Answer::Trap } else { Answer::Forward });
    let ran = Rig::new(1).feed(0, 9).run(plugin).good();
    assert_eq!(ran.world().written("out0", 0), ["0-0", "0-1", "0-2", "0-3", "0-5", "0-6", "0-7", "0-8"]);
    assert_eq!(codes(&ran), [("0-4".to_owned(), "plugin-trap".to_owned())]);
    let letter = &ran.world().dead_letters()[0];
    assert_eq!(letter.header("__wasmill.errors.message").as_deref(), Some("wasm `unreachable`"));
    assert_eq!(letter.header("__wasmill.errors.trace").as_deref(), Some("wasm `unreachable`\nframe 0"));
    assert_eq!((ran.world().count(Renew), ran.world().position(0)), (2, 9), "for the rest of the batch, and after it");
}

#[test]
fn a_call_that_fails_in_company_only_is_held_against_nobody() {
    let plugin = Whole(|_: &MemoryBatch, _, count, reply: &mut Reply| {
        if count > 1 {
            return Err(trap());
        }
        reply.outcomes.push(Outcome::Forward { output: 0 });
        Ok(())
    });
    let ran = Rig::new(1).feed(0, 5).run(plugin).good();
    assert_eq!(ran.world().written("out0", 0), ["0-0", "0-1", "0-2", "0-3", "0-4"]);
    assert_eq!(codes(&ran), []);
}

#[test]
fn a_dead_letter_says_what_the_call_was_told_of_the_time_and_the_seed_of_its_partition() {
    let rig = Rig::new(2).feed(1, 1);
    let clock = rig.world().clock.clone();
    let told = clock.wall_ms();
    let ran = rig
        .run(Each(move |_: &str, _| {
            clock.advance(Duration::from_millis(70));
            Answer::Reject("no")
        }))
        .good();
    let letter = &ran.world().dead_letters()[0];
    let header = |name: &str| letter.header(&format!("__wasmill.errors.{name}")).unwrap_or_default();
    assert_eq!(told, 1_700_000_000_000);
    assert_eq!(header("now"), "2023-11-14T22:13:20.000Z", "not that of the writing");
    assert_eq!(header("last.failed.at"), "2023-11-14T22:13:20.070Z");
    assert_eq!(header("seed"), "1001");
}

#[test]
fn what_the_host_can_not_do_is_held_against_no_record_and_stops_the_pipeline() {
    // In a batch, and when a batch that failed is single-stepped.
    for first in [Answer::HostError, Answer::Trap] {
        let mut calls = 0;
        let plugin = Each(move |value: &str, _| match value {
            "0-4" => {
                calls += 1;
                if calls == 1 { first.clone() } else { Answer::HostError }
            }
            _ => Answer::Forward,
        });
        let ran = Rig::new(1).feed(0, 9).run(plugin).legal();
        assert!(matches!(&ran.result, Err(Failed::Plugin { plugin, .. }) if plugin == "scripted"), "{:?}", ran.result);
        assert_eq!(codes(&ran), []);
        assert!(ran.world().position(0) <= 4, "nothing is committed past the record");
    }
}

#[test]
fn own_headers_follow_the_inherited_ones() {
    let plugin = Whole(|_: &MemoryBatch, _, count, reply: &mut Reply| {
        for _ in 0..count {
            let header = |reply: &mut Reply, name: &[u8], value: Option<&[u8]>| {
                let header = HeaderSpan { name: reply.keep(name), value: value.map(|value| reply.keep(value)) };
                reply.headers.push(header);
            };
            let (first, at) = (reply.headers.len() as u32, reply.emissions.len() as u32);
            header(reply, b"trace", Some(b""));
            header(reply, b"old", None);
            reply.emissions.push(Emission {
                output: 0,
                key: Field::Inherit,
                value: Field::Inherit,
                inherit_headers: true,
                headers: HeaderRun { first, count: 2 },
                timestamp: None,
                partition: None,
            });
            reply.outcomes.push(Outcome::Emit { first: at, count: 1 });
        }
        Ok(())
    });
    let rig = Rig::new(1);
    let inherited = (b"old".to_vec(), Some(b"kept".to_vec()));
    rig.world().feed(partition(0), Entry { headers: vec![inherited.clone()], ..Entry::text("0-0") });
    let ran = rig.run(plugin).good();
    let written = &ran.world().outputs[&("out0".to_owned(), 0)];
    let own = [(b"trace".to_vec(), Some(Vec::new())), (b"old".to_vec(), None)];
    assert_eq!(written[0].headers, [vec![inherited], own.to_vec()].concat());
}

#[test]
fn an_answer_that_breaks_the_contract_is_obeyed_in_no_part() {
    let nowhere = Span { at: 1000, len: 1 };
    let broken = [
        Outcome::Forward { output: 2 },
        Outcome::Emit { first: 0, count: 1 },
        Outcome::Emit { first: u32::MAX, count: u32::MAX },
        Outcome::Reject { code: Span::default(), message: Span::default() },
        Outcome::Reject { code: nowhere, message: Span::default() },
        Outcome::Retry { after_ms: 1, code: nowhere, message: nowhere },
    ];
    for outcome in broken {
        let plugin = Each(move |value: &str, _| if value == "0-1" { Answer::Raw(outcome) } else { Answer::Forward });
        let ran = Rig::new(1).feed(0, 3).run(plugin).good();
        assert_eq!(ran.world().written("out0", 0), ["0-0", "0-2"], "{outcome:?}");
        assert_eq!(codes(&ran), [("0-1".to_owned(), "plugin-protocol".to_owned())], "{outcome:?}");
    }
}

#[test]
fn a_code_that_is_not_a_code_is_a_violation() {
    for code in ["Has Capitals", "", "under_score"] {
        let plugin = Each(move |value: &str, _| if value == "0-1" { Answer::Reject(code) } else { Answer::Forward });
        let ran = Rig::new(1).feed(0, 3).run(plugin).good();
        assert_eq!(codes(&ran), [("0-1".to_owned(), "plugin-protocol".to_owned())], "{code:?}");
    }
}

#[test]
fn too_many_or_too_few_answers_are_a_violation() {
    for surplus in [-1i32, 1] {
        let plugin = Whole(move |batch: &MemoryBatch, from, count: usize, reply: &mut Reply| {
            let wrong = (from..from + count).any(|at| batch.record(at).value == Some(b"0-1"));
            let answers = count as i32 + if wrong { surplus } else { 0 };
            reply.outcomes.extend((0..answers).map(|_| Outcome::Forward { output: 0 }));
            Ok(())
        });
        let ran = Rig::new(1).feed(0, 3).run(plugin).good();
        assert_eq!(ran.world().written("out0", 0), ["0-0", "0-2"]);
        assert_eq!(codes(&ran), [("0-1".to_owned(), "plugin-protocol".to_owned())]);
    }
}

// R5.7
#[test]
fn a_budget_that_runs_out_in_the_middle_of_a_batch_is_committed_there() {
    let mut rig = Rig::new(1).feed(0, 6);
    rig.settings.batch.records_max = 6;
    rig.settings.commit_interval = Duration::from_secs(60);
    let clock = rig.world().clock.clone();
    let mut calls = 0;
    let slow = Each(move |_: &str, _| {
        calls += 1;
        clock.advance(Duration::from_secs(2));
        if calls == 1 { Answer::Trap } else { Answer::Forward }
    });
    let ran = rig.run(slow).good();
    let world = ran.world();
    assert_eq!(world.written("out0", 0), ["0-0", "0-1", "0-2", "0-3", "0-4", "0-5"]);
    assert_eq!(world.batches.len(), 1, "one batch");
    assert!(world.tokens.len() >= 2, "{:?}", world.tokens);
}

#[test]
fn a_retry_while_single_stepping_cuts_the_batch() {
    let plugin = Each(|value: &str, attempt| match value {
        "0-0" => Answer::Trap,
        "0-1" if attempt == 1 => Answer::Retry(100),
        _ => Answer::Forward,
    });
    let ran = Rig::new(1).feed(0, 3).run(plugin).good();
    assert_eq!(ran.world().written("out0", 0), ["0-1", "0-2"]);
    assert_eq!(codes(&ran), [("0-0".to_owned(), "plugin-trap".to_owned())]);
}
