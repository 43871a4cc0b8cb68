//! Failures, revokes and losses at random: in the end every record is written once, and in order.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use wasmill_flow::Call::*;
use wasmill_flow::plugin::{Behaviour, trap};
use wasmill_flow::{Answer, Call, Each, Fault, MemoryBatch, Rig, When, World, partition};
use wasmill_pipeline::Command;
use wasmill_record::Class::*;
use wasmill_record::{Batch as _, CallSource, InvokeError, Reply};

fn expected(number: i32, count: usize) -> Vec<String> {
    (0..count).map(|offset| format!("{number}-{offset}")).collect()
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
        Each(|value: &str, attempt| if value == "1-7" && attempt < 2 { Answer::Retry(50) } else { Answer::Forward })
            .answer(batch, from, count, source, reply)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, max_shrink_iters: 300, ..ProptestConfig::default() })]

    // R5.1 to R5.5, R4.1, R4.2, R1.6
    #[test]
    fn whatever_happens_every_record_is_written_once_and_in_order(
        events in prop::collection::vec(event(), 0..25),
        commit_records in 1usize..10,
    ) {
        let mut rig = Rig::new(PARTITIONS);
        rig.settings.commit_records_max = commit_records;
        for number in 0..PARTITIONS {
            rig = rig.feed(number, RECORDS);
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
            prop_assert_eq!(world.written("out0", number), expected(number, RECORDS));
            prop_assert_eq!(world.position(number), RECORDS as i64);
        }
    }
}

fn move_away_and_back(rig: Rig, number: i32, lost: bool) -> Rig {
    let (done, acks) = crossbeam_channel::bounded(1);
    let give = move |world: &mut World| {
        let partitions = vec![partition(number)];
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
        let stable = world.outlet.is_stable(partition(number));
        assert!(stable, "no position of a given partition is pending when the worker polls again");
        world.take(partition(number));
        true
    })
}
