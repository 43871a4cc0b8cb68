//! Every class of failure at every step: nothing is lost, nothing is written twice.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use wasmill_flow::Call::*;
use wasmill_flow::{Answer, Call, Each, Fault, Rig, When, World, partition};
use wasmill_pipeline::Failed;
use wasmill_record::Class::{self, *};

const CLASSES: [Class; 5] = [Retriable, Abortable, Fatal, Unknown, Guard];

fn expected(number: i32, count: usize) -> Vec<String> {
    (0..count).map(|offset| format!("{number}-{offset}")).collect()
}

fn assert_exactly_once(world: &World, partitions: i32, count: usize) {
    for number in 0..partitions {
        assert_eq!(world.written("out0", number), expected(number, count));
        assert_eq!(world.position(number), count as i64);
    }
    let mut tokens = world.tokens.clone();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), world.tokens.len(), "a token was used twice");
}

// R5.1 to R5.5
#[test]
fn any_failure_at_any_step_leaves_every_record_written_once() {
    for call in [Begin, Write, Drain, Send, Commit] {
        for class in CLASSES {
            for fault in [Fault::of(class), Fault::lost_request(class), Fault::lost_answer(class)] {
                if call != Commit && fault.wire.end_txn > 0 {
                    continue;
                }
                let name = format!("{call:?} {class:?} {:?}", fault.applied);
                let ran = Rig::new(2).feed(0, 7).feed(1, 7).fault(call, fault).forwarding();
                assert_eq!((&ran.result, &ran.world().violations), (&Ok(()), &Vec::new()), "{name}");
                assert_exactly_once(ran.world(), 2, 7);
            }
        }
    }
}

// R5.1
#[test]
fn a_fatal_failure_costs_the_producer_and_rewinds() {
    for call in [Write, Drain, Send] {
        let ran = Rig::new(1).feed(0, 2).fault(call, Fault::of(Fatal)).forwarding().good();
        let calls = ran.world().sink_calls();
        let at = calls.iter().position(|call| *call == GiveUp).unwrap();
        assert_eq!(calls[at..at + 3], [GiveUp, Init, Begin], "{call:?}: {calls:?}");
        assert_eq!((ran.world().count(Seek), ran.world().count(Abort)), (1, 0));
    }
}

// R5.2
#[test]
fn a_failure_that_requires_an_abort_keeps_the_producer() {
    for call in [Drain, Send, Commit] {
        let ran = Rig::new(1).feed(0, 2).fault(call, Fault::of(Abortable)).forwarding().good();
        assert_eq!((ran.world().count(Abort), ran.world().count(Init), ran.world().count(Seek)), (1, 1, 1), "{call:?}");
    }
}

// R5.2
#[test]
fn an_abort_that_fails_costs_the_producer() {
    for class in [Abortable, Fatal, Unknown] {
        let rig = Rig::new(1).feed(0, 2).fault(Drain, Fault::of(Abortable)).fault(Abort, Fault::of(class));
        let ran = rig.forwarding().good();
        assert_eq!((ran.world().count(Abort), ran.world().count(Init)), (1, 2), "{class:?}");
        assert_exactly_once(ran.world(), 1, 2);
    }
}

// R5.3
#[test]
fn a_retriable_failure_means_the_same_call_again() {
    for call in [Drain, Send, Commit] {
        let mut rig = Rig::new(1).feed(0, 2);
        for _ in 0..20 {
            rig = rig.fault(call, Fault::of(Retriable));
        }
        let ran = rig.forwarding().good();
        assert_eq!(
            (ran.world().count(call), ran.world().count(Abort), ran.world().count(Seek)),
            (21, 0, 0),
            "{call:?}"
        );
        assert_eq!(ran.world().tokens.len(), 1);
    }
}

// R5.3, R2.3
#[test]
fn what_stays_retriable_past_the_commit_deadline_is_aborted() {
    let ran = Rig::new(1)
        .feed(0, 2)
        .then(When::Read(2), |world| (0..2400).for_each(|_| world.fault(Send, Fault::of(Retriable))))
        .forwarding()
        .good();
    assert!(ran.world().count(Abort) == 1 && ran.world().count(Send) > 2000);
    assert_exactly_once(ran.world(), 1, 2);
}

// R5.4
#[test]
fn a_repeated_end_txn_costs_the_producer_even_after_ok() {
    let mut rig = Rig::new(1).feed(0, 6).fault(Commit, Fault::none().sent(2));
    rig.settings.commit_records_max = 3;
    let ran = rig.forwarding().good();
    assert_eq!(
        ran.world().sink_calls(),
        [Init, Begin, Write, Write, Write, Drain, Send, Commit, GiveUp, Init]
            .into_iter()
            .chain([Begin, Write, Write, Write, Drain, Send, Commit, GiveUp])
            .collect::<Vec<Call>>()
    );
}

// R5.4
#[test]
fn a_coordinator_that_went_away_in_between_costs_the_producer() {
    let mut fault = Fault::none();
    fault.wire.disconnected = true;
    let ran = Rig::new(1).feed(0, 3).fault(Commit, fault).forwarding().good();
    assert_eq!(ran.world().count(Init), 2);
    assert_exactly_once(ran.world(), 1, 3);
}

// R5.4
#[test]
fn an_abort_whose_end_txn_was_repeated_costs_the_producer() {
    let rig = Rig::new(1).feed(0, 3).fault(Drain, Fault::of(Abortable)).fault(Abort, Fault::none().sent(2));
    let ran = rig.forwarding().good();
    assert_eq!(ran.world().count(Init), 2);
    assert_exactly_once(ran.world(), 1, 3);
}

// R5.5
#[test]
fn a_commit_whose_answer_was_lost_is_not_repeated() {
    for class in [Abortable, Fatal, Unknown] {
        let ran = Rig::new(1).feed(0, 3).fault(Commit, Fault::lost_answer(class)).forwarding().good();
        assert_eq!(
            (ran.world().count(Write), ran.world().count(Seek), ran.world().count(Tokens)),
            (3, 0, 1),
            "{class:?}"
        );
        assert_exactly_once(ran.world(), 1, 3);
    }
}

// R5.5
#[test]
fn a_commit_that_never_arrived_is_repeated() {
    for class in [Abortable, Fatal, Unknown] {
        let ran = Rig::new(1).feed(0, 3).fault(Commit, Fault::lost_request(class)).forwarding().good();
        assert_eq!(
            (ran.world().count(Write), ran.world().count(Seek), ran.world().count(Tokens)),
            (6, 1, 1),
            "{class:?}"
        );
        assert_exactly_once(ran.world(), 1, 3);
    }
}

// R5.5
#[test]
fn the_token_is_asked_for_until_there_is_an_answer_and_nothing_is_polled_before() {
    let mut rig = Rig::new(1).feed(0, 6).fault(Commit, Fault::lost_answer(Unknown));
    rig.settings.commit_records_max = 3;
    for _ in 0..5 {
        rig = rig.fault(Tokens, Fault::of(Retriable));
    }
    let ran = rig.forwarding().good();
    let world = ran.world();
    let calls = &world.calls;
    let lost = calls.iter().position(|call| *call == GiveUp).unwrap();
    let told = calls.iter().rposition(|call| *call == Tokens).unwrap();
    assert!(!calls[lost..told].contains(&Batch), "{calls:?}");
    assert_exactly_once(world, 1, 6);
}

// R5.5, R1.6: the token says committed, but the partition is another assignment's by now.
#[test]
fn a_commit_that_was_resolved_after_the_partition_left_is_not_noted_for_its_new_life() {
    let rig = Rig::new(1)
        .feed(0, 3)
        .fault(Commit, Fault::lost_answer(Unknown))
        .then(When::Read(3), |world| world.fault(Init, Fault::of(Retriable)))
        .until(|world| world.count(Commit) == 1);
    let ran = rig.forwarding().good();
    assert_exactly_once(ran.world(), 1, 3);
}

// R5.4, R5.5: the budget runs out while a batch is single-stepped, and the commit in between is unclear.
#[test]
fn a_commit_in_the_middle_of_a_batch_may_end_in_any_way() {
    let mut faults = vec![Fault::none().sent(2)];
    for class in CLASSES {
        faults.extend([Fault::of(class), Fault::lost_request(class), Fault::lost_answer(class)]);
    }
    for fault in faults {
        let name = format!("{fault:?}");
        let mut rig = Rig::new(1).feed(0, 6).fault(Commit, fault);
        rig.settings.batch.records_max = 6;
        let clock = rig.world().clock.clone();
        // Every call takes 2 s of a budget of 3 s; the first one breaks down.
        let mut calls = 0;
        let plugin = Each(move |_: &str, _| {
            calls += 1;
            clock.advance(std::time::Duration::from_secs(2));
            if calls == 1 { Answer::Trap } else { Answer::Forward }
        });
        let ran = rig.run(plugin);
        assert_eq!((&ran.result, &ran.world().violations), (&Ok(()), &Vec::new()), "{name}");
        assert_eq!(ran.world().written("out0", 0), expected(0, 6), "{name}");
        assert_eq!(ran.world().position(0), 6, "{name}");
    }
}

// R2.2
#[test]
fn two_fences_in_a_minute_that_no_timeout_explains_mean_a_twin() {
    let ran = Rig::new(1).feed(0, 3).fault(Drain, Fault::fenced()).fault(Drain, Fault::fenced()).forwarding();
    assert_eq!(ran.result, Err(Failed::Twin { instance: "instance".to_owned() }));
    assert!(ran.world().outputs.is_empty());
}

// R2.2
#[test]
fn a_fence_of_a_transaction_that_outlived_its_timeout_is_explained() {
    let rig = Rig::new(1).feed(0, 3);
    (0..3).for_each(|_| rig.world().fault(Drain, Fault::fenced()));
    // Three transactions are fenced; each was kept open by a call that took longer than the timeout of 9 s.
    let clock = rig.world().clock.clone();
    let mut calls = 0;
    let slow = Each(move |value: &str, _| {
        if value == "0-0" {
            calls += 1;
        }
        if value == "0-2" && calls <= 3 {
            clock.advance(std::time::Duration::from_secs(9));
        }
        Answer::Forward
    });
    let mut rig = rig;
    // The transaction begins with the first record and is held open by the others.
    rig.settings.batch.records_max = 1;
    rig.settings.commit_interval = std::time::Duration::from_secs(60);
    let ran = rig.run(slow).good();
    assert_exactly_once(ran.world(), 1, 3);
}

#[test]
fn a_producer_that_can_not_be_initialised_yet_is_tried_again_and_nothing_is_polled() {
    let mut rig = Rig::new(1).feed(0, 3);
    for class in [Retriable, Retriable, Abortable, Unknown, Guard] {
        rig = rig.fault(Init, Fault::of(class));
    }
    let ran = rig.forwarding().good();
    let world = ran.world();
    assert_eq!(world.count(Init), 6);
    let ready = world.calls.iter().rposition(|call| *call == Init).unwrap();
    assert!(!world.calls[..ready].contains(&Batch));
    assert_exactly_once(world, 1, 3);
}

#[test]
fn a_producer_that_is_refused_for_good_ends_the_pipeline() {
    let ran = Rig::new(1).feed(0, 3).fault(Init, Fault::of(Fatal)).forwarding();
    assert_eq!(ran.result, Err(Failed::Producer { message: "injected".to_owned() }));
}

// R5.9
#[test]
fn a_rewind_renews_the_plugin_before_it_sees_the_records_again() {
    let ran = Rig::new(1).feed(0, 3).fault(Drain, Fault::of(Abortable)).forwarding().good();
    let world = ran.world();
    let at = |call| world.calls.iter().position(|made| *made == call).unwrap();
    let again = world.calls.iter().rposition(|made| *made == Batch).unwrap();
    assert!(at(Abort) < at(Renew) && at(Renew) < at(Seek) && at(Seek) < again, "{:?}", world.calls);
}

// R5.9
#[test]
fn records_from_before_the_position_are_not_processed_again() {
    let mut rig = Rig::new(1).feed(0, 9).fault(Drain, Fault::none()).fault(Drain, Fault::of(Abortable));
    rig.settings.commit_records_max = 3;
    rig.world().deliver_early = 2;
    let ran = rig.forwarding().good();
    assert!(ran.world().batches.contains(&(partition(0), 1, 3)), "delivered early: {:?}", ran.world().batches);
    assert_exactly_once(ran.world(), 1, 9);
}

// R4.3
#[test]
fn a_seek_that_fails_is_tried_until_it_works() {
    let mut rig = Rig::new(2).feed(0, 3).feed(1, 3).fault(Drain, Fault::of(Abortable));
    for _ in 0..50 {
        rig = rig.fault(Seek, Fault::of(Retriable));
    }
    let ran = rig.forwarding().good();
    assert_eq!(ran.world().count(Seek), 52);
    assert_exactly_once(ran.world(), 2, 3);
}

// R4.3
#[test]
fn a_seek_that_never_works_ends_the_process_without_a_commit() {
    let mut rig = Rig::new(1).feed(0, 3).fault(Drain, Fault::of(Abortable));
    for _ in 0..5000 {
        rig = rig.fault(Seek, Fault::of(Retriable));
    }
    let ran = rig.forwarding();
    assert!(matches!(ran.result, Err(Failed::Rewind { to: 0, .. })), "{:?}", ran.result);
    assert!(ran.world().outputs.is_empty());
}
