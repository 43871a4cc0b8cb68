//! Topics that become other ones: what was read from or written to them is not committed.

use wasmill_flow::Call::*;
use wasmill_flow::{Call, Fault, Rig, When, partition};
use wasmill_pipeline::{Command, Failed};
use wasmill_record::Class::Retriable;

fn recreated(rig: &Rig) {
    rig.world().changed = Some(("in".to_owned(), "was deleted and created again".to_owned()));
}

fn is_topic(result: &Result<(), Failed>) -> bool {
    matches!(result, Err(Failed::Topic { topic, .. }) if topic == "in")
}

// R1.7
#[test]
fn the_topics_are_looked_at_between_the_positions_and_the_end() {
    let ran = Rig::new(1).feed(0, 2).forwarding().good();
    let calls = &ran.world().calls;
    let end: Vec<Call> = calls.iter().copied().filter(|call| [Drain, Send, Look, Commit].contains(call)).collect();
    assert_eq!(end, [Drain, Send, Look, Commit]);
}

// R1.7
#[test]
fn nothing_is_committed_once_a_topic_is_another_one() {
    let rig = Rig::new(1).feed(0, 5);
    recreated(&rig);
    let ran = rig.forwarding().legal();
    assert!(is_topic(&ran.result), "{:?}", ran.result);
    assert_eq!((ran.world().count(Commit), ran.world().position(0)), (0, -1));
    assert_eq!(ran.world().written("out0", 0), Vec::<String>::new());
}

// R1.7
#[test]
fn a_partition_that_is_given_away_or_a_stop_commits_nothing_either() {
    for stop in [true, false] {
        let rig = Rig::new(1).feed(0, 2);
        recreated(&rig);
        let rig = rig.then(When::Read(2), move |world| {
            if stop {
                world.handle.tell(Command::Stop { commit: true });
            } else {
                let (done, _) = crossbeam_channel::bounded(1);
                world.handle.tell(Command::Give { partitions: vec![partition(0)], lost: false, done });
            }
        });
        let ran = rig.forwarding().legal();
        assert!(is_topic(&ran.result), "{:?}", ran.result);
        assert_eq!((ran.world().count(Commit), ran.world().position(0)), (0, -1), "stop {stop}");
    }
}

// R1.7, R2.3
#[test]
fn a_look_that_no_broker_answers_is_asked_again_and_then_everything_is_committed() {
    let ran = Rig::new(1).feed(0, 2).fault(Look, Fault::of(Retriable)).fault(Look, Fault::of(Retriable));
    let ran = ran.forwarding().good();
    assert_eq!((ran.world().count(Send), ran.world().count(Look), ran.world().count(Abort)), (1, 3, 0));
    assert_eq!(ran.world().position(0), 2);
}
