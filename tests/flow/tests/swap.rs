//! The plugin is replaced while the worker runs.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crossbeam_channel::{Receiver, bounded};
use wasmill_flow::Call::*;
use wasmill_flow::{Answer, Each, Rig, When};
use wasmill_pipeline::{Adopted, BoundPlugin, Command};

/// After `read` records the worker is given a plugin that forwards everything.
fn swapped_after(read: usize, rig: Rig) -> (Rig, Receiver<Adopted>) {
    let (done, adopted) = bounded(1);
    let rig = rig.then(When::Read(read), move |world| {
        let plugin = BoundPlugin::native("identity").unwrap();
        assert!(world.handle.tell(Command::Swap { plugin, done: done.clone() }));
    });
    (rig, adopted)
}

#[test]
fn batches_after_the_swap_are_the_new_plugins_and_the_transaction_stays_open() {
    let (rig, adopted) = swapped_after(3, Rig::new(1).feed(0, 9));
    let ran = rig.run(Each(|_: &str, _| Answer::Reject("no-good"))).good();
    assert_eq!(adopted.try_recv().map(|adopted| adopted.worker), Ok(0));
    let world = ran.world();
    assert_eq!((world.dead_letters().len(), world.written("out0", 0).len()), (3, 6));
    assert_eq!((world.position(0), world.count(Commit), world.count(Abort)), (9, 1, 0));
}

/// R5.7: the new instance may take all of its deadline to start, and the transaction would not live that long.
#[test]
fn an_open_transaction_that_the_new_instance_could_outlast_is_committed_before_the_swap() {
    let (mut rig, adopted) = swapped_after(3, Rig::new(1).feed(0, 9));
    rig.settings.start_deadline = rig.settings.transaction_timeout;
    let ran = rig.run(Each(|_: &str, _| Answer::Reject("no-good"))).good();
    assert!(adopted.try_recv().is_ok());
    let world = ran.world();
    assert_eq!((world.dead_letters().len(), world.written("out0", 0).len()), (3, 6));
    assert_eq!((world.position(0), world.count(Commit), world.count(Abort)), (9, 2, 0));
}

#[test]
fn a_record_that_waits_keeps_its_attempts_and_goes_to_the_new_plugin() {
    let (rig, adopted) = swapped_after(3, Rig::new(1).feed(0, 3));
    let ran = rig.run(Each(|value: &str, _| if value == "0-2" { Answer::Retry(0) } else { Answer::Forward })).good();
    assert!(adopted.try_recv().is_ok());
    assert_eq!((ran.world().position(0), ran.world().dead_letters().len()), (3, 0));
    assert_eq!(ran.world().written("out0", 0), ["0-0", "0-1", "0-2"]);
}

#[test]
fn a_worker_that_was_told_to_swap_and_to_stop_does_both() {
    let (rig, adopted) = swapped_after(3, Rig::new(1).feed(0, 9));
    let rig = rig.then(When::Poll, |world| assert!(world.handle.tell(Command::Stop { commit: true })));
    let ran = rig.forwarding().good();
    assert!(adopted.try_recv().is_ok());
    assert_eq!(ran.world().count(Abort), 0);
}
