//! Positions expire when nobody uses them: under a clock set by hand, so that a week passes in a line.

use super::*;

const HOUR: i64 = 3_600_000;

fn options() -> Options {
    Options { retention_ms: 24 * HOUR, expiry_interval_ms: HOUR, session_timeout_max_ms: i32::MAX, ..at_once() }
}

/// A stable group that never needs a heartbeat and subscribes to `t`.
fn stable(bench: &mut Bench) -> (i32, String) {
    let (generation, members) = bench.stable_of(vec![range("").with_session_timeout_ms(i32::MAX)]);
    (generation, members[0].clone())
}

#[test]
fn in_a_stable_group_positions_of_unsubscribed_topics_expire() {
    let mut bench = Bench::new(options());
    let (generation, member) = stable(&mut bench);
    for topic in ["t", "follower"] {
        assert_eq!(bench.commit(7, &member, generation, topic, 5), NONE);
    }
    bench.tick(23 * HOUR);
    assert_eq!(bench.fetch("follower", true), (5, NONE));
    assert_eq!(bench.commit(7, &member, generation, "follower", 6), NONE);
    bench.tick(23 * HOUR);
    assert_eq!(bench.fetch("follower", true), (6, NONE), "each commit begins its time anew");
    bench.tick(HOUR);
    assert_eq!(bench.fetch("follower", true), (-1, NONE));
    assert_eq!(bench.fetch("t", true), (5, NONE), "the group subscribes to it");
}

#[test]
fn nothing_expires_while_a_transaction_is_open_on_it() {
    let mut bench = Bench::new(options());
    let (generation, member) = stable(&mut bench);
    bench.commit(7, &member, generation, "follower", 5);
    bench.txn_commit(1, &member, generation, "follower", 6);
    bench.tick(48 * HOUR);
    assert_eq!(bench.fetch("follower", false), (5, NONE));
    bench.groups.complete_transaction(GROUP, 1, false);
    bench.tick(HOUR);
    assert_eq!(bench.fetch("follower", true), (-1, NONE));
}

#[test]
fn in_a_group_without_members_time_runs_from_the_last_ones_leaving() {
    let mut bench = Bench::new(options());
    let (generation, members) = bench.stable(1);
    bench.commit(7, &members[0], generation, "t", 5);
    bench.tick(HOUR);
    assert_eq!(bench.heartbeat(&members[0], generation), ResponseError::UnknownMemberId.code());
    bench.tick(23 * HOUR);
    assert_eq!(bench.fetch("t", true), (5, NONE));
    bench.tick(HOUR);
    assert_eq!(bench.fetch("t", true), (-1, NONE));
    assert!(bench.groups.groups.is_empty(), "and the group is gone with its last position");
    assert_eq!(bench.groups.next_deadline(), None);
}

#[test]
fn positions_of_no_members_expire_by_their_commit_or_by_the_time_they_bring() {
    let mut bench = Bench::new(options());
    bench.commit(7, "", -1, "a", 1);
    let brings_its_own = commit_request("", -1, "b", 2, "").with_retention_time_ms(2 * HOUR);
    bench.send_commit(4, &brings_its_own);
    bench.tick(2 * HOUR);
    assert_eq!((bench.fetch("a", true), bench.fetch("b", true)), ((1, NONE), (-1, NONE)));
    bench.tick(22 * HOUR);
    assert_eq!(bench.fetch("a", true), (-1, NONE));
}

#[test]
fn nothing_expires_in_a_rebalance_or_when_the_subscriptions_cannot_be_read() {
    let mut bench = Bench::new(options());
    let (generation, member) = stable(&mut bench);
    bench.commit(7, &member, generation, "follower", 5);
    let patient = range("").with_session_timeout_ms(i32::MAX).with_rebalance_timeout_ms(i32::MAX);
    bench.send_join(3, patient.clone());
    // The newcomer's join ends after five minutes; a member that is known waits on.
    bench.tick(1);
    assert_eq!(bench.heartbeat(&member, generation), ResponseError::RebalanceInProgress.code());
    bench.tick(0);
    bench.groups.expire_offsets(bench.now + 48 * HOUR);
    assert_eq!(bench.fetch("follower", true), (5, NONE));

    let mut bench = Bench::new(options());
    let mut request = patient;
    request.protocols[0].metadata = Bytes::from_static(b"?");
    let (generation, members) = bench.stable_of(vec![request]);
    bench.commit(7, &members[0], generation, "follower", 5);
    bench.tick(48 * HOUR);
    assert_eq!(bench.fetch("follower", true), (5, NONE));
}

#[test]
fn a_deleted_topics_positions_go_with_it() {
    let mut bench = Bench::new(options());
    bench.commit(7, "", -1, "t", 5);
    bench.txn_commit(1, "", -1, "t", 6);
    bench.commit(7, "", -1, "u", 7);
    bench.groups.topic_deleted("t");
    bench.groups.complete_transaction(GROUP, 1, true);
    assert_eq!((bench.fetch("t", true), bench.fetch("u", true)), ((-1, NONE), (7, NONE)));
}
