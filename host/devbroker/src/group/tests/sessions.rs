//! Heartbeats, and what becomes of a member that sends none.

use super::*;

#[test]
fn heartbeats_say_what_the_group_is_doing() {
    let mut bench = Bench::new(at_once());
    let unknown = ResponseError::UnknownMemberId.code();
    assert_eq!(bench.heartbeat("nobody", 1), unknown, "no such group");
    let first = bench.join(3, range(""));
    assert_eq!(bench.heartbeat(&first.member_id, 1), NONE, "joined, not yet synced");
    assert_eq!(bench.heartbeat("nobody", 1), unknown);
    assert_eq!(bench.heartbeat(&first.member_id, 0), ResponseError::IllegalGeneration.code());
    assert_eq!(bench.heartbeat(&first.member_id, 2), ResponseError::IllegalGeneration.code());
    bench.send_join(3, range(""));
    assert_eq!(bench.heartbeat(&first.member_id, 1), ResponseError::RebalanceInProgress.code());
}

#[test]
fn a_silent_members_session_ends() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable(2);
    bench.tick(9_999);
    assert_eq!(bench.heartbeat(&members[0], generation), NONE);
    bench.tick(1);
    assert_eq!(bench.heartbeat(&members[0], generation), ResponseError::RebalanceInProgress.code());
    assert_eq!(bench.heartbeat(&members[1], generation), ResponseError::UnknownMemberId.code());
    assert_eq!(bench.join(9, range(&members[0])).members.len(), 1);
}

#[test]
fn when_the_last_member_goes_the_group_is_empty_and_its_generation_lives_on() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable(1);
    bench.tick(10_000);
    assert_eq!(bench.heartbeat(&members[0], generation), ResponseError::UnknownMemberId.code());
    let next = bench.join(3, range(""));
    assert_eq!(next.generation_id, generation + 2, "the empty one counts too");
}

#[test]
fn a_member_that_waits_for_the_others_is_alive_and_its_session_begins_anew_with_the_answer() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable(2);
    let waiting = bench.send_join(9, range(&members[0]));
    bench.tick(9_000);
    assert_eq!(bench.heartbeat(&members[1], generation), ResponseError::RebalanceInProgress.code());
    bench.tick(5_000);
    assert!(bench.joined(waiting).is_none(), "14 s without a heartbeat");
    bench.join(9, range(&members[1]));
    assert!(bench.joined(waiting).is_some());
    bench.tick(9_999);
    assert_eq!(bench.heartbeat(&members[0], generation + 1), NONE);
}

#[test]
fn a_newcomers_join_that_nobody_fetches_ends() {
    let mut bench = Bench::new(Options { session_timeout_max_ms: i32::MAX, ..at_once() });
    let long = range("").with_session_timeout_ms(3_600_000).with_rebalance_timeout_ms(3_600_000);
    let (_, members) = bench.stable_of(vec![long.clone()]);
    let newcomer = bench.send_join(3, long);
    bench.tick(299_999);
    assert!(bench.joined(newcomer).is_none());
    bench.tick(1);
    assert_eq!(bench.joined(newcomer).unwrap().error_code, ResponseError::UnknownMemberId.code());
    assert_eq!(bench.join(9, range(&members[0])).members.len(), 1);
}

#[test]
fn a_commit_of_a_member_keeps_its_session() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable(1);
    bench.tick(9_999);
    assert_eq!(bench.commit(7, &members[0], generation, "t", 1), NONE);
    bench.tick(9_999);
    assert_eq!(bench.heartbeat(&members[0], generation), NONE);
}
