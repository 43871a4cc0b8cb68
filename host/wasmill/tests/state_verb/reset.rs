//! `wasmill state reset`: only while nobody runs, only after a yes, and to its end.

use std::process::{Command, Stdio};
use std::time::Duration;

use wasmill_broker::client::{WITHIN, committed, producer, send, values, wait_until};
use wasmill_broker::pipeline::Setup;
use wasmill_devbroker::{ApiKey, OnHold};

use crate::place::{Place, Running, counts};

const SCAN: [&str; 2] = ["--store", "counts"];

fn scan(place: &Place) -> Vec<String> {
    let (code, lines, said) = place.ask(&["state", "scan"], &SCAN);
    assert_eq!(code, Some(0), "{said}");
    counts(&lines)
}

/// The counts that were written, in order of partitions, without what was written before.
fn written(place: &Place, before: usize) -> Vec<String> {
    let all = values(&place.setup.written(&place.setup.bootstrap, 2));
    let (mut all, count) = (all.clone(), all.len());
    all.sort_unstable_by_key(|value| value.split_once(" v").map(|(_, number)| number.parse::<usize>().unwrap()));
    all.split_off(count.min(before))
}

fn offsets(place: &Place) -> Vec<i64> {
    let of = |partition| committed(&place.setup.bootstrap, &place.setup.name, &place.setup.input, partition);
    (0..2).map(|partition| of(partition).unwrap().0).collect()
}

fn refuses_to_start(place: &Place) {
    let mut running = place.run();
    wait_until("the pipeline refuses to start", || {
        assert!(running.0.try_wait().unwrap().is_none(), "{}", place.log());
        place.http("/readyz").contains("wasmill state reset FILE")
    });
    assert!(Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap().success());
    assert_eq!(running.0.wait().unwrap().code(), Some(1), "{}", place.log());
}

/// What a second reset says: the killed one is a member until its session has timed out.
fn finished(place: &Place) -> String {
    let mut said = String::new();
    wait_until("the reset is finished", || {
        let (code, _, complaint) = place.ask(&["state", "reset"], &["--yes"]);
        assert!(code == Some(0) || complaint.contains("is in use by"), "{complaint}");
        said = complaint;
        code == Some(0)
    });
    said
}

#[test]
fn state_goes_back_to_nothing_while_nobody_runs_and_offsets_stay() {
    let place = Place::new("reset");
    place.put(0..10);
    let running = place.run_to_end();
    let reset = |rest: &[&str]| place.ask(&["state", "reset"], rest);

    let (code, _, said) = reset(&["--yes"]);
    assert_eq!((code, said.contains("is in use by")), (Some(1), true), "{said}");
    place.stop(running);
    let before = offsets(&place);

    // The plan, and nothing more.
    let (code, _, said) = reset(&["--dry-run"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("5 keys in all; offsets are kept"), "{said}");
    assert!(said.contains("partition 0: counts 3 keys, ") && said.contains("partition 1: counts 2 keys, "), "{said}");
    assert!(said.contains(&format!("{} offset 6 -> 6", place.setup.input)), "{said}");
    let (code, _, said) = reset(&[]);
    assert_eq!((code, said.contains("add --yes")), (Some(1), true), "{said}");
    let running = place.run_to_end();
    assert_eq!(scan(&place).len(), 5, "nothing has changed");
    place.stop(running);

    let (code, told, said) = reset(&["--yes"]);
    assert_eq!((code, told.contains("5 keys deleted in 2 partitions")), (Some(0), true), "{said}");
    assert_eq!(offsets(&place), before);
    let (code, lines, said) = place.ask(&["state", "scan"], &[&SCAN[..], &["--offline"]].concat());
    assert_eq!((code, lines.as_str()), (Some(0), ""), "the cache of this machine is emptied: {said}");

    // Counting begins anew, with the records that come now.
    place.put(10..15);
    let running = place.run_to_end();
    assert_eq!(scan(&place), ["k0=1", "k1=1", "k2=1", "k3=1", "k4=1"]);
    place.stop(running);
    assert_eq!(written(&place, 10), ["1 v10", "1 v11", "1 v12", "1 v13", "1 v14"]);
}

#[test]
fn one_partition_can_be_reset_and_read_again_from_its_first_record() {
    let place = Place::new("partition");
    place.put(0..10);
    place.stop(place.run_to_end());
    let (code, _, said) = place.ask(&["state", "reset"], &["--yes", "--partition", "7"]);
    assert_eq!((code, said.contains("there is no partition 7: the input has 2")), (Some(1), true), "{said}");
    let (code, _, said) = place.ask(&["state", "reset"], &["--yes", "--partition", "1", "--to-earliest"]);
    assert_eq!((code, said.contains("offset 4 -> 0")), (Some(0), true), "{said}");
    place.put(10..12);
    let running = place.run_to_end();
    // Partition 0 counts on; what partition 1 had is counted once, not twice.
    assert_eq!(scan(&place), ["k0=3", "k1=3", "k2=2", "k3=2", "k4=2"]);
    place.stop(running);
}

/// Or the next start would take positions of two transactions for what belongs together.
#[test]
fn all_inputs_of_a_partition_have_the_token_of_its_last_transaction() {
    let place = Place::with("inputs", Setup::with_follower);
    place.put(0..10);
    place.stop(place.run_to_end());
    let (code, _, said) = place.ask(&["state", "reset"], &["--yes", "--to-earliest"]);
    assert_eq!(code, Some(0), "{said}");
    let of = |topic: &str, partition| committed(&place.setup.bootstrap, &place.setup.name, topic, partition).unwrap();
    let [follower] = place.setup.followers.as_slice() else { panic!("one follower") };
    for partition in 0..2 {
        let (at, token) = of(&place.setup.input, partition);
        assert!(at == 0 && token.starts_with("reset:"), "{at} {token}");
        assert_eq!(of(follower, partition), (0, token));
    }
    let running = place.run_to_end();
    assert_eq!(scan(&place), ["k0=2", "k1=2", "k2=2", "k3=2", "k4=2"]);
    place.stop(running);
}

/// More keys than one transaction deletes, and killed before the last of them: neither the first deletions nor the rest may be
/// taken for a state.
#[test]
fn the_token_comes_with_the_last_of_many_deletions_and_not_before() {
    const MANY: usize = 12_000;
    let place = Place::new("many");
    let writer = producer(&place.setup.bootstrap, &[]);
    send(&writer, &place.setup.input, 0, 0..MANY);
    place.stop(place.run_to_end());
    let reset_id = format!("wasmill.{}.reset", place.setup.name);
    let ends = || place.broker.faults().on(ApiKey::EndTxn).of_transactional_id(&reset_id);
    // That of the offsets, that of the first deletions; the next one never arrives.
    let passed = ends().times(2).delay(Duration::ZERO);
    let held = ends().hold(OnHold::KeepClient);
    let mut command = place.command(&["state", "reset"], &["--yes"]);
    let mut reset = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    held.wait_until_seen(1, WITHIN).unwrap();
    assert_eq!(passed.seen(), 2);
    reset.0.kill().unwrap();
    reset.0.wait().unwrap();

    refuses_to_start(&place);
    let said = finished(&place);
    assert!(said.contains("partition 0: counts 2000 keys, "), "{said}");
    // Too late: the producer is another one by now.
    held.release();
    send(&writer, &place.setup.input, 0, 7..8);
    let running = place.run_to_end();
    assert_eq!(scan(&place), ["k7=1"]);
    place.stop(running);
}

/// Killed after the offsets have lost their token, with the first deletions in an open transaction.
#[test]
fn a_reset_that_was_killed_keeps_the_pipeline_from_starting_until_it_is_finished() {
    let place = Place::new("killed");
    place.put(0..10);
    place.stop(place.run_to_end());
    let held = place.broker.faults().on(ApiKey::Produce).of_topic(&place.setup.changelog()).hold(OnHold::KeepClient);
    let mut command = place.command(&["state", "reset"], &["--yes"]);
    let mut reset = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    held.wait_until_seen(1, WITHIN).unwrap();
    reset.0.kill().unwrap();
    reset.0.wait().unwrap();
    held.release();

    // Neither the old state nor half of it is gone on with.
    place.put(10..15);
    refuses_to_start(&place);
    assert_eq!(written(&place, 10), [""; 0]);

    let said = finished(&place);
    assert!(said.contains("5 keys in all"), "nothing of the killed one's transaction was committed: {said}");
    let running = place.run_to_end();
    assert_eq!(scan(&place), ["k0=1", "k1=1", "k2=1", "k3=1", "k4=1"]);
    place.stop(running);
    assert_eq!(written(&place, 10), ["1 v10", "1 v11", "1 v12", "1 v13", "1 v14"]);
}
