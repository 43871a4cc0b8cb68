//! Keyed state in the transaction of its record (R6): every record that is taken has a number of its own, without a gap,
//! whatever goes wrong in between.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wasmill_flow::Call::*;
use wasmill_flow::{Answer, Counting, Entry, Fault, Ran, Rig, When, World, partition};
use wasmill_pipeline::{Command, Failed};
use wasmill_record::Class;
use wasmill_state::{Database, Stores};
use wasmill_telemetry::State;

/// The cache of a test: to break it, and to look at it.
#[derive(Clone)]
struct Cached {
    database: Database,
    stores: Stores,
}

/// Each test has one store and as many partitions.
fn keeping(partitions: i32) -> (Rig, Cached) {
    let (rig, database) = Rig::keeping(partitions, 1, &["counts"]);
    let stores = rig.world().stores.clone().unwrap();
    (rig, Cached { database, stores })
}

fn taking_all(rig: Rig) -> Ran {
    rig.run(Counting::new(|_: &str, _| Answer::Forward))
}

/// `<partition>-<offset>=<number>` for the records at these offsets.
fn numbered(offsets: impl IntoIterator<Item = usize>) -> Vec<String> {
    offsets.into_iter().zip(1..).map(|(offset, number)| format!("0-{offset}={number}")).collect()
}

fn count(number: usize) -> BTreeMap<String, String> {
    [("n".to_owned(), number.to_string())].into()
}

/// What is committed on the local disk for partition 0.
fn cached(cache: &Cached) -> Option<String> {
    let value = cache.stores.committed(0).get(0, b"n").unwrap();
    value.map(|value| String::from_utf8(value.value).unwrap())
}

#[test]
fn state_outputs_and_positions_are_one() {
    let (rig, cache) = keeping(1);
    let ran = taking_all(rig.feed(0, 10)).good();
    let world = ran.world();
    assert_eq!(world.written("out0", 0), numbered(0..10));
    assert_eq!((world.changelog(0, 0), world.position(0)), (count(10), 10));
    assert_eq!(cached(&cache), Some("10".to_owned()));
}

#[test]
fn a_key_that_a_transaction_changes_often_is_one_record_of_the_changelog() {
    let (rig, _database) = keeping(1);
    let ran = taking_all(rig.feed(0, 9)).good();
    assert_eq!((ran.world().count(Commit), ran.world().written("changelog-0", 0)), (1, vec!["9".to_owned()]));
}

#[test]
fn changes_are_written_before_the_drain_and_positions_after_it() {
    let (rig, _database) = keeping(1);
    let ran = taking_all(rig.feed(0, 2)).good();
    // Two outputs, one change.
    let calls: Vec<_> =
        ran.world().calls.iter().copied().filter(|it| matches!(it, Write | Drain | Send | Commit)).collect();
    assert_eq!(calls, [Write, Write, Write, Drain, Send, Commit]);
}

#[test]
fn an_abort_takes_back_what_was_changed() {
    for call in [Drain, Send, Commit] {
        let (rig, cache) = keeping(1);
        let ran = taking_all(rig.feed(0, 7).fault(call, Fault::of(Class::Abortable))).good();
        let world = ran.world();
        assert_eq!(world.written("out0", 0), numbered(0..7), "{call:?}");
        assert_eq!((world.count(Abort), world.changelog(0, 0)), (1, count(7)), "{call:?}");
        assert_eq!(cached(&cache), Some("7".to_owned()), "{call:?}");
    }
}

#[test]
fn a_second_try_of_the_drain_writes_no_change_twice() {
    let (rig, _database) = keeping(1);
    let ran = taking_all(rig.feed(0, 3).fault(Drain, Fault::of(Class::Retriable))).good();
    assert_eq!((ran.world().count(Drain), ran.world().written("changelog-0", 0)), (2, vec!["3".to_owned()]));
}

#[test]
fn a_commit_that_nobody_knows_of_is_applied_when_its_token_is_there() {
    let (rig, cache) = keeping(1);
    let ran = taking_all(rig.feed(0, 6).fault(Commit, Fault::lost_answer(Class::Unknown))).good();
    let world = ran.world();
    assert_eq!((world.count(Tokens), world.written("out0", 0)), (1, numbered(0..6)));
    assert_eq!((world.changelog(0, 0), cached(&cache)), (count(6), Some("6".to_owned())));
}

#[test]
fn a_commit_that_nobody_knows_of_is_taken_back_when_its_token_is_not_there() {
    let (rig, cache) = keeping(1);
    let ran = taking_all(rig.feed(0, 6).fault(Commit, Fault::lost_request(Class::Unknown))).good();
    let world = ran.world();
    assert_eq!((world.count(Tokens), world.written("out0", 0)), (1, numbered(0..6)));
    assert_eq!((world.changelog(0, 0), cached(&cache)), (count(6), Some("6".to_owned())));
}

#[test]
fn nothing_is_in_the_cache_before_the_commit() {
    let (mut rig, cache) = keeping(1);
    rig.settings.commit_interval = Duration::from_secs(2);
    let looked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (during, seen) = (cache.clone(), Arc::clone(&looked));
    let look = move |_: &mut World| seen.lock().unwrap().push(cached(&during));
    let ran = taking_all(rig.feed(0, 5).then(When::Read(5), look)).good();
    assert_eq!((looked.lock().unwrap().clone(), cached(&cache)), (vec![None], Some("5".to_owned())));
    assert_eq!(ran.world().count(Commit), 1);
}

#[test]
fn a_rejected_record_changes_nothing() {
    let (rig, _database) = keeping(1);
    let decide = |words: &str, _| if words == "0-2" { Answer::Reject("no") } else { Answer::Forward };
    let ran = rig.feed(0, 5).run(Counting::new(decide)).good();
    assert_eq!(ran.world().written("out0", 0), numbered([0, 1, 3, 4]));
    assert_eq!(ran.world().changelog(0, 0), count(4));
}

#[test]
fn what_comes_behind_a_record_that_waits_is_asked_again() {
    let (rig, _database) = keeping(1);
    let decide = |words: &str, attempt| if words == "0-1" && attempt < 3 { Answer::Retry(10) } else { Answer::Forward };
    let ran = rig.feed(0, 6).run(Counting::new(decide)).good();
    assert_eq!(ran.world().written("out0", 0), numbered(0..6));
    assert_eq!(ran.world().changelog(0, 0), count(6));
}

#[test]
fn a_record_that_breaks_the_call_leaves_the_state_of_the_others_alone() {
    let (rig, _database) = keeping(1);
    let decide = |words: &str, _| if words == "0-4" { Answer::Trap } else { Answer::Forward };
    let ran = rig.feed(0, 8).run(Counting::new(decide)).good();
    assert_eq!(ran.world().written("out0", 0), numbered([0, 1, 2, 3, 5, 6, 7]));
    assert_eq!(ran.world().dead_letters().len(), 1);
}

/// Refused by the client at once, or by the broker later.
#[test]
fn a_record_whose_output_is_refused_changes_nothing_and_those_behind_it_have_not_seen_it() {
    let refuse = |to: &str, entry: &Entry| to == "out0" && entry.words().starts_with("0-1=");
    for by_client in [true, false] {
        let (rig, _database) = keeping(1);
        let refuses: wasmill_flow::outlet::Refuses = Box::new(refuse);
        if by_client {
            rig.world().outlet.refused_by_client = Some(refuses);
        } else {
            rig.world().outlet.refused_by_broker = Some(refuses);
        }
        let ran = taking_all(rig.feed(0, 6)).good();
        let world = ran.world();
        assert_eq!(world.written("out0", 0), numbered([0, 2, 3, 4, 5]), "by client: {by_client}");
        assert_eq!((world.changelog(0, 0), world.dead_letters().len()), (count(5), 1), "by client: {by_client}");
    }
}

#[test]
fn a_partition_that_comes_back_goes_on_where_its_state_is() {
    let (rig, _database) = keeping(1);
    let again = |world: &mut World| {
        let (done, _acks) = crossbeam_channel::bounded(1);
        world.handle.tell(Command::Give { partitions: vec![partition(0)], lost: false, done });
        world.gone(partition(0));
        world.take(partition(0));
    };
    let ran = taking_all(rig.feed(0, 9).then(When::Idle, again)).good();
    assert_eq!(ran.world().written("out0", 0), numbered(0..9));
}

#[test]
fn a_lost_partition_takes_its_changes_with_it() {
    let (mut rig, cache) = keeping(2);
    rig.settings.commit_interval = Duration::from_secs(2);
    let lose = |world: &mut World| {
        let (done, _acks) = crossbeam_channel::bounded(1);
        world.gone(partition(0));
        world.handle.tell(Command::Give { partitions: vec![partition(0)], lost: true, done });
    };
    let ran = taking_all(rig.feed(0, 3).feed(1, 3).then(When::Read(6), lose)).good();
    let world = ran.world();
    assert_eq!((world.written("out0", 0), world.changelog(0, 0)), (vec![], BTreeMap::new()));
    assert_eq!((world.written("out0", 1).len(), world.changelog(0, 1)), (3, count(3)));
    assert_eq!(cached(&cache), None);
}

#[test]
fn partitions_have_state_of_their_own() {
    let (rig, _database) = keeping(3);
    let ran = taking_all(rig.feed(0, 4).feed(1, 2).feed(2, 7)).good();
    let counts: Vec<_> = (0..3).map(|number| ran.world().changelog(0, number)).collect();
    assert_eq!(counts, [count(4), count(2), count(7)]);
}

#[test]
fn reaching_the_bound_of_the_overlay_commits() {
    let (mut rig, _database) = keeping(1);
    rig.settings.commit_interval = Duration::from_secs(2);
    // A change is a key of one byte and a number of one digit; a batch is three records.
    rig.settings.state_overlay_bytes_max = 6;
    let ran = taking_all(rig.feed(0, 9)).good();
    assert_eq!((ran.world().count(Commit), ran.world().written("out0", 0)), (3, numbered(0..9)));
}

#[test]
fn a_change_that_is_too_large_makes_its_record_a_dead_letter() {
    let (mut rig, _database) = keeping(1);
    // From the tenth on numbers have two digits.
    rig.settings.state_value_bytes_max = 1;
    let ran = taking_all(rig.feed(0, 12)).good();
    let codes: Vec<_> =
        ran.world().dead_letters().iter().map(|letter| letter.header("__wasmill.errors.code").unwrap()).collect();
    assert_eq!(codes, ["state-too-large"; 3]);
    assert_eq!((ran.world().written("out0", 0), ran.world().changelog(0, 0)), (numbered(0..9), count(9)));
}

#[test]
fn a_change_for_a_store_that_is_not_there_is_a_breach_of_the_contract() {
    let ran = {
        let (mut rig, _database) = keeping(1);
        rig.settings.stores = Vec::new();
        taking_all(rig.feed(0, 1)).good()
    };
    let letter = &ran.world().dead_letters()[0];
    assert_eq!(letter.header("__wasmill.errors.code").as_deref(), Some("plugin-protocol"));
}

#[test]
fn a_full_disk_holds_the_partition_up_until_there_is_room() {
    let (rig, cache) = keeping(2);
    cache.database.faults().no_space(3);
    let health = rig.health.clone();
    let ran = taking_all(rig.feed(0, 8).feed(1, 8)).good();
    let world = ran.world();
    assert_eq!((world.written("out0", 0), world.written("out0", 1).len()), (numbered(0..8), 8));
    assert!(ran.metric("wasmill_state_apply_failures_total{pipeline=\"flow\"}") >= 1.0);
    assert!(world.count(Pause) >= 1, "nothing is fetched meanwhile");
    assert_eq!(health.get("pipeline/flow/state/0"), Some(State::Ready));
    assert_eq!(cached(&cache), Some("8".to_owned()));
}

/// Positions are committed again while the partition stands still, and that transaction is the one that finds room.
#[test]
fn a_partition_goes_on_whichever_transaction_finds_room() {
    let (mut rig, database) = Rig::keeping(1, 2, &["counts"]);
    // Sooner than the cache is tried again, and not so often that the worker is never idle.
    rig.settings.refresh_interval = Duration::from_millis(300);
    rig.settings.commit_records_max = 3;
    database.faults().no_space(1);
    let health = rig.health.clone();
    let all = |world: &mut World| world.position(0) == 8;
    let ran = taking_all(rig.feed(0, 8).until(all)).good();
    assert_eq!(ran.world().written("out0", 0), numbered(0..8));
    assert_eq!(health.get("pipeline/flow/state/0"), Some(State::Ready));
    assert_eq!(ran.metric("wasmill_state_apply_failures_total{pipeline=\"flow\"}"), 1.0);
}

/// A batch that is worked through in several calls, and a commit in between that finds no room: what the next call would change
/// can't be told from what waits for the cache.
#[test]
fn no_call_comes_between_a_commit_and_its_cache() {
    for (refused, then) in [(1, None), (3, None), (1, Some(Fault::of(Class::Abortable)))] {
        let (mut rig, cache) = keeping(1);
        rig.settings.batch.records_max = 8;
        rig.settings.commit_records_max = 1;
        cache.database.faults().no_space(refused);
        if let Some(fault) = then {
            let mut world = rig.world();
            world.fault(Commit, Fault::none());
            world.fault(Commit, fault);
        }
        let ran = rig.feed(0, 8).run(Counting::new(|_: &str, _| Answer::Forward).one_by_one()).good();
        assert_eq!(ran.world().written("out0", 0), numbered(0..8), "{refused}");
        assert_eq!((ran.world().changelog(0, 0), cached(&cache)), (count(8), Some("8".to_owned())), "{refused}");
    }
}

#[test]
fn a_full_disk_is_no_reason_to_lose_what_is_committed_when_the_next_transaction_aborts() {
    let (rig, cache) = keeping(2);
    cache.database.faults().no_space(2);
    let rig = rig.feed(0, 3).feed(1, 3).then(When::Idle, |world| {
        for offset in 3..9 {
            world.feed(partition(1), Entry::text(&format!("1-{offset}")));
            world.feed(partition(0), Entry::text(&format!("0-{offset}")));
        }
        world.fault(Commit, Fault::of(Class::Abortable));
    });
    let ran = taking_all(rig).good();
    assert_eq!(ran.world().written("out0", 0), numbered(0..9));
    assert_eq!((ran.world().changelog(0, 0), ran.world().changelog(0, 1)), (count(9), count(9)));
}

#[test]
fn a_changelog_that_refuses_ends_the_pipeline_and_nothing_is_committed() {
    let (rig, _database) = keeping(1);
    rig.world().outlet.refused_by_broker = Some(Box::new(|to: &str, _: &Entry| to == "changelog-0"));
    let ran = taking_all(rig.feed(0, 3));
    assert!(
        matches!(&ran.result, Err(Failed::Changelog { message }) if message.contains("changelog-0")),
        "{:?}",
        ran.result
    );
    assert_eq!((ran.world().written("out0", 0), ran.world().position(0)), (vec![], -1));
}
