//! Failures, revokes and losses at random: in the end every record is written once, and in order.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use wasmill_flow::Call::*;
use wasmill_flow::plugin::{Behaviour, trap};
use wasmill_flow::{Answer, Call, Each, Entry, Fault, MemoryBatch, Rig, When, World, follower, partition};
use wasmill_pipeline::Command;
use wasmill_record::Class::*;
use wasmill_record::{Batch as _, CallSource, InvokeError, Reply};

/// The records of a partition of the first input, or those of a follower's, `f0-0` and so on.
fn records(prefix: &str, number: i32) -> Vec<String> {
    (0..RECORDS).map(|offset| format!("{prefix}{number}-{offset}")).collect()
}

/// One thing that happens in a random run.
#[derive(Debug, Clone)]
enum Event {
    Fault(Call, Fault),
    /// The partition is revoked or lost, and comes back at once where the group stored it.
    Move {
        number: i32,
        lost: bool,
    },
    Read(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let call = prop::sample::select(vec![Init, Begin, Write, Flush, Drain, Send, Commit, Abort, Seek, Start, Tokens]);
    let class = prop::sample::select(vec![Retriable, Abortable, Unknown, Guard, Fatal]);
    let fault = (call, class, 0u32..3, any::<bool>()).prop_map(|(call, class, end_txn, applied)| {
        // A fatal answer to init is the end of the pipeline, which is another test.
        let class = if call == Init && class == Fatal { Retriable } else { class };
        // What took effect was sent; a commit alone can take effect and fail.
        let applied = applied && call == Commit;
        let end_txn = if call == Commit { end_txn.max(u32::from(applied)) } else { 0 };
        Event::Fault(call, Fault { applied, ..Fault::of(class) }.sent(end_txn))
    });
    prop_oneof![
        6 => fault,
        2 => (0..PARTITIONS, any::<bool>()).prop_map(|(number, lost)| Event::Move { number, lost }),
        3 => (1usize..12).prop_map(Event::Read),
    ]
}

const PARTITIONS: i32 = 3;
const RECORDS: usize = 20;

/// Forwards; one record asks for a retry, and one call of several records breaks down.
#[derive(Default)]
struct Moody {
    broke_down: bool,
}

impl Behaviour for Moody {
    fn answer(
        &mut self,
        batch: &MemoryBatch,
        from: usize,
        count: usize,
        source: &CallSource,
        reply: &mut Reply,
    ) -> Result<(), InvokeError> {
        if count > 1 && !self.broke_down && batch.record(from).offset.0 >= 6 {
            self.broke_down = true;
            return Err(trap());
        }
        let waits = ["1-7", "f1-3"];
        Each(|value: &str, attempt| match waits.contains(&value) && attempt < 2 {
            true => Answer::Retry(50),
            false => Answer::Forward,
        })
        .answer(batch, from, count, source, reply)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, max_shrink_iters: 300, ..ProptestConfig::default() })]

    // R5.1 to R5.5, R4.1, R4.2, R1.6
    #[test]
    fn whatever_happens_every_record_is_written_once_and_in_order(
        events in prop::collection::vec(event(), 0..25),
        commit_records in 1usize..10,
        inputs in 1u16..=2,
    ) {
        let mut rig = Rig::with_inputs(PARTITIONS, inputs);
        rig.settings.commit_records_max = commit_records;
        for number in 0..PARTITIONS {
            for value in records("", number) {
                rig.world().feed(partition(number), Entry::text(&value));
            }
            for value in records("f", number).iter().filter(|_| inputs == 2) {
                rig.world().feed(follower(number), Entry::text(value));
            }
        }
        let mut read = 0;
        for event in events {
            rig = match event {
                Event::Read(records) => {
                    read += records;
                    rig.then(When::Read(read), |_| ())
                }
                Event::Fault(call, fault) => rig.then(When::Poll, move |world| world.fault(call, fault.clone())),
                Event::Move { number, lost } => move_away_and_back(rig, number, lost),
            };
        }
        let ran = rig.run(Moody::default());
        prop_assert_eq!(&ran.result, &Ok(()));
        let world = ran.world();
        prop_assert_eq!(&world.violations, &Vec::<String>::new());
        for number in 0..PARTITIONS {
            let (of_follower, of_leader): (Vec<String>, Vec<String>) =
                world.written("out0", number).into_iter().partition(|value| value.starts_with('f'));
            prop_assert_eq!(of_leader, records("", number));
            prop_assert_eq!(of_follower, if inputs == 2 { records("f", number) } else { Vec::new() });
            for of in world.of_every_input(partition(number)) {
                prop_assert_eq!(world.positions[&of].next.next(), RECORDS as i64);
            }
        }
    }
}

fn move_away_and_back(rig: Rig, number: i32, lost: bool) -> Rig {
    let (done, acks) = crossbeam_channel::bounded(1);
    let give = move |world: &mut World| {
        let partitions = world.of_every_input(partition(number));
        match lost {
            true => world.gone(partition(number)),
            false => drop(world.books.lock().unwrap().giving(&partitions)),
        }
        world.handle.tell(Command::Give { partitions, lost, done: done.clone() });
    };
    rig.then(When::Poll, give).until(move |world| {
        let over = acks.try_recv().is_ok();
        assert!(over, "the worker answers before it polls again");
        world.gone(partition(number));
        // The next owner reads stable offsets only.
        let stable = world.of_every_input(partition(number)).into_iter().all(|of| world.outlet.is_stable(of));
        assert!(stable, "no position of a given partition is pending when the worker polls again");
        world.take(partition(number));
        true
    })
}
