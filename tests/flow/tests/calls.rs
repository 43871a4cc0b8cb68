//! How a batch is cut into calls, what is committed between them, and what is counted.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;
use wasmill_flow::Call::{Commit, Drain, Renew};
use wasmill_flow::plugin::{Behaviour, trap};
use wasmill_flow::{Answer, Call, Each, Fault, ManualClock, MemoryBatch, Ran, Rig, Whole};
use wasmill_record::{Batch, CallSource, Class, InvokeCounts, InvokeError, Outcome, Reply};

/// Takes at most two records at once, and counts what it is asked for.
struct Pairs {
    clock: ManualClock,
    /// How long a call takes.
    takes: Duration,
    sizes: Vec<usize>,
    counts: InvokeCounts,
}

impl Behaviour for Pairs {
    fn answer(
        &mut self,
        batch: &MemoryBatch,
        from: usize,
        count: usize,
        _source: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError> {
        assert!(from + count <= batch.len() && count <= 2, "{count} records from {from}");
        self.clock.advance(self.takes);
        self.sizes.push(count);
        reply.outcomes.extend((0..count).map(|_| Outcome::Forward { output: 0 }));
        Ok(())
    }

    fn batch_max(&self) -> usize {
        2
    }

    fn take_counts(&mut self) -> InvokeCounts {
        std::mem::take(&mut self.counts)
    }

    fn take_counters(&mut self) -> Vec<(&'static str, u64)> {
        let pairs = self.sizes.drain(..).filter(|size| *size == 2).count();
        vec![("pairs", pairs as u64)]
    }
}

/// Batches of seven.
fn sevens() -> Rig {
    let mut rig = Rig::new(1).feed(0, 14);
    rig.settings.batch.records_max = 7;
    rig
}

fn pairs(rig: Rig, takes: Duration) -> Ran {
    let clock = rig.world().clock.clone();
    let counts = InvokeCounts {
        renewals: 3,
        recycled: 2,
        dropped_emissions: 4,
        dropped_log_lines: 5,
        unplanned_reads: 0,
        memory_bytes: 6,
    };
    rig.run(Pairs { clock, takes, sizes: Vec::new(), counts }).good()
}

fn is(wanted: Call) -> impl Fn(&Call) -> bool {
    move |call| *call == wanted
}

fn all() -> Vec<String> {
    (0..14).map(|offset| format!("0-{offset}")).collect()
}

#[test]
fn a_call_gets_no_more_records_than_the_plugin_takes_at_once() {
    let ran = pairs(sevens(), Duration::ZERO);
    assert_eq!(ran.world().written("out0", 0), all());
    assert_eq!(ran.world().batches.len(), 2);
    assert_eq!(ran.metric("wasmill_invoke_duration_seconds_count{pipeline=\"flow\"}"), 8.0);
}

#[test]
fn what_is_due_is_committed_between_two_calls_of_one_batch() {
    // The interval is 100 ms.
    let ran = pairs(sevens(), Duration::from_millis(60));
    assert_eq!(ran.world().written("out0", 0), all());
    assert_eq!(ran.world().batches.len(), 2);
    let calls = &ran.world().calls;
    let (first, second) = (calls.iter().position(is(Call::Batch)), calls.iter().rposition(is(Call::Batch)));
    let commit = calls.iter().position(is(Commit));
    assert!(first < commit && commit < second, "{calls:?}");
}

#[test]
fn a_commit_between_two_calls_that_fails_has_the_rest_of_the_batch_read_again() {
    for fault in [Fault::of(Class::Abortable), Fault::of(Class::Fatal), Fault::fenced()] {
        for call in [Drain, Commit] {
            let ran = pairs(sevens().fault(call, fault.clone()), Duration::from_millis(120));
            assert_eq!(ran.world().written("out0", 0), all(), "{call:?} {fault:?}");
            assert!(ran.world().batches.len() > 2, "{call:?} {fault:?}");
        }
    }
}

/// Fails with more than one record; alone, each forwards and takes `takes`.
fn alone_only(rig: Rig, takes: Duration) -> Ran {
    let clock = rig.world().clock.clone();
    let plugin = Whole(move |_: &MemoryBatch, _, count, reply: &mut Reply| {
        if count > 1 {
            return Err(trap());
        }
        clock.advance(takes);
        reply.outcomes.push(Outcome::Forward { output: 0 });
        Ok(())
    });
    rig.run(plugin).good()
}

#[test]
fn what_is_due_is_committed_between_two_single_steps() {
    let ran = alone_only(sevens(), Duration::from_millis(101));
    assert_eq!(ran.world().written("out0", 0), all());
    // A transaction begins when its first record is written, and is due after the next step.
    assert_eq!((ran.world().batches.len(), ran.world().count(Commit)), (2, 7), "{:?}", ran.world().calls);
}

#[test]
fn a_failed_commit_between_two_single_steps_loses_and_doubles_nothing() {
    for fault in [Fault::of(Class::Abortable), Fault::of(Class::Fatal), Fault::lost_answer(Class::Unknown)] {
        let ran = alone_only(sevens().fault(Commit, fault.clone()), Duration::from_millis(101));
        assert_eq!(ran.world().written("out0", 0), all(), "{fault:?}");
    }
}

/// The last record of the first batch fails, alone too; each other one takes 300 ms.
fn last_fails(start_deadline: Duration) -> Vec<Call> {
    let mut rig = sevens();
    rig.settings.commit_interval = Duration::from_secs(60);
    rig.settings.start_deadline = start_deadline;
    let clock = rig.world().clock.clone();
    let plugin = Each(move |value: &str, _| {
        if value == "0-6" {
            return Answer::Trap;
        }
        clock.advance(Duration::from_millis(300));
        Answer::Forward
    });
    let ran = rig.run(plugin).good();
    assert_eq!(ran.world().written("out0", 0).len(), 13);
    assert_eq!(ran.world().dead_letters().len(), 1);
    ran.world().calls.clone()
}

// R5.7
#[test]
fn an_open_transaction_that_a_fresh_instance_could_outlast_is_committed_before_it_starts() {
    // A transaction of 9 s may be ended up to 8.1 s after its begin; 1.5 s of it have passed.
    let after_restart = |start_deadline_ms| {
        let calls = last_fails(Duration::from_millis(start_deadline_ms));
        let restart = calls.iter().rposition(is(Renew)).unwrap();
        calls[restart + 1..].to_vec()
    };
    assert_eq!(after_restart(6500)[0], Call::Batch);
    assert_eq!(after_restart(6700)[..5], [Drain, Call::Send, Call::Look, Commit, Call::Batch]);
}

#[test]
fn a_commit_before_a_fresh_instance_that_fails_loses_and_doubles_nothing() {
    let mut rig = sevens().fault(Commit, Fault::of(Class::Abortable));
    rig.settings.start_deadline = Duration::from_secs(60);
    let plugin = Each(|value: &str, _| if value == "0-6" { Answer::Trap } else { Answer::Forward });
    let ran = rig.run(plugin).good();
    let expected: Vec<String> = all().into_iter().filter(|value| value != "0-6").collect();
    assert_eq!(ran.world().written("out0", 0), expected);
    assert_eq!(ran.world().dead_letters().len(), 1);
}

#[test]
fn what_an_instance_comes_to_is_counted_once() {
    let ran = pairs(sevens(), Duration::ZERO);
    let of = |name: &str, label: &str| ran.metric(&format!("{name}{{pipeline=\"flow\"{label}}}"));
    assert_eq!(of("wasmill_plugin_renewals_total", ""), 3.0);
    assert_eq!(of("wasmill_plugin_recycles_total", ""), 2.0);
    assert_eq!(of("wasmill_dropped_emissions_total", ""), 4.0);
    assert_eq!(of("wasmill_dropped_log_lines_total", ""), 5.0);
    assert_eq!(of("wasmill_plugin_memory_bytes", ",worker=\"0\""), 0.0, "as of the last batch");
    assert_eq!(of("wasmill_plugin_counters_total", ",counter=\"pairs\""), 6.0);
}

#[test]
fn a_record_is_counted_by_its_outcome_whatever_the_calls() {
    let plugin = Each(|value: &str, attempt| match value {
        "0-1" if attempt < 3 => Answer::Retry(10),
        "0-3" => Answer::Reject("no"),
        "0-4" => Answer::Drop,
        "0-5" => Answer::Emit(vec!["a".to_owned(), "b".to_owned()]),
        "0-9" => Answer::Trap,
        _ => Answer::Forward,
    });
    let ran = sevens().run(plugin).good();
    let of = |outcome: &str| ran.metric(&format!("wasmill_records_total{{pipeline=\"flow\",outcome=\"{outcome}\"}}"));
    assert_eq!(["forward", "emit", "drop", "reject", "retry"].map(of), [10.0, 1.0, 1.0, 1.0, 2.0]);
    assert_eq!(ran.metric("wasmill_dead_letters_total{pipeline=\"flow\",code=\"plugin-trap\"}"), 1.0);
    let traps = ran.metric("wasmill_guest_failures_total{pipeline=\"flow\",code=\"plugin-trap\"}");
    assert_eq!(traps, 2.0, "the batch's, and the record's own");
}

/// Sizes of the calls for each partition, when those for partition 0 fail that have more than four records.
fn sizes(rig: Rig) -> (Ran, [Vec<usize>; 2]) {
    let sizes: Arc<Mutex<[Vec<usize>; 2]>> = Arc::default();
    let seen = Arc::clone(&sizes);
    let plugin = Whole(move |batch: &MemoryBatch, _, count: usize, reply: &mut Reply| {
        let partition = batch.partition().partition;
        seen.lock().unwrap()[partition as usize].push(count);
        if partition == 0 && count > 4 {
            return Err(trap());
        }
        reply.outcomes.extend((0..count).map(|_| Outcome::Forward { output: 0 }));
        Ok(())
    });
    let ran = rig.run(plugin).good();
    let sizes = std::mem::take(&mut *sizes.lock().unwrap());
    (ran, sizes)
}

#[test]
fn calls_of_a_partition_that_fail_in_company_only_are_halved_and_grow_back_and_others_stay_as_they_are() {
    let mut rig = Rig::new(2).feed(0, 16 + 8 + 16 * 4 + 8).feed(1, 32);
    rig.settings.batch.records_max = 16;
    let (ran, [halved, whole]) = sizes(rig);
    let alone = |count| vec![1; count];
    let expected = [
        // All pass alone, so eight are tried, and then four.
        vec![16],
        alone(16),
        vec![8],
        alone(8),
        // Sixteen calls of four went well.
        vec![4; 16],
    ];
    let expected = expected.concat();
    assert_eq!(halved[..expected.len()], expected);
    assert_eq!(halved[expected.len()], 8, "it has doubled: {halved:?}");
    assert_eq!(whole, [16, 16]);
    assert_eq!(ran.world().written("out0", 0).len(), 16 + 8 + 16 * 4 + 8);
    assert_eq!(ran.world().dead_letters().len(), 0);
}

#[test]
fn calls_are_not_halved_where_a_record_fails_alone() {
    let mut rig = Rig::new(1).feed(0, 21);
    rig.settings.batch.records_max = 7;
    let sizes: Arc<Mutex<Vec<usize>>> = Arc::default();
    let seen = Arc::clone(&sizes);
    let plugin = Whole(move |batch: &MemoryBatch, from, count: usize, reply: &mut Reply| {
        seen.lock().unwrap().push(count);
        if (from..from + count).any(|at| batch.record(at).value == Some(b"0-3")) {
            return Err(trap());
        }
        reply.outcomes.extend((0..count).map(|_| Outcome::Forward { output: 0 }));
        Ok(())
    });
    rig.run(plugin).good();
    assert_eq!(*sizes.lock().unwrap(), [vec![7], vec![1; 7], vec![7, 7]].concat());
}
