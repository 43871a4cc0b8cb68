//! Members with an instance id: one holder at a time, and a place that is kept while it restarts.

use super::*;

fn fenced() -> i16 {
    ResponseError::FencedInstanceId.code()
}

#[test]
fn a_static_member_needs_no_id_first() {
    let mut bench = Bench::new(at_once());
    let answer = bench.join(9, instance("", "one"));
    assert_eq!((answer.error_code, answer.generation_id), (NONE, 1));
    assert!(answer.member_id.starts_with("one-"));
    assert_eq!(answer.members[0].group_instance_id.as_deref(), Some("one"));
}

#[test]
fn one_that_comes_back_takes_its_place_without_a_rebalance() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable_of(vec![range(""), instance("", "one")]);
    let back = bench.join(9, instance("", "one"));
    assert_eq!((back.error_code, back.generation_id), (NONE, generation));
    assert_ne!(back.member_id.as_str(), members[1]);
    assert_eq!(back.leader.as_str(), members[0]);
    assert_eq!(bench.heartbeat(&members[0], generation), NONE, "the others notice nothing");
    let sync = bench.send_sync(&back.member_id, generation, &[]);
    assert_eq!(&bench.synced(sync).unwrap().assignment[..], members[1].as_bytes(), "it owns what it owned");
    assert_eq!(bench.heartbeat_of(&members[1], generation, Some("one")), fenced());
    assert_eq!(bench.heartbeat(&members[1], generation), ResponseError::UnknownMemberId.code());
}

#[test]
fn a_leader_that_comes_back_does_not_assign_again() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable_of(vec![instance("", "one"), range("")]);
    let back = bench.join(9, instance("", "one"));
    assert_eq!(back.generation_id, generation);
    assert!(back.skip_assignment);
    assert_eq!((back.leader == back.member_id, back.members.len()), (true, 2));
    let old = bench.join(8, instance("", "one"));
    assert_eq!((old.members.len(), old.skip_assignment), (0, false));
    assert_eq!(old.leader, back.member_id, "an older client is told that its former self leads");
    assert_ne!(old.member_id, old.leader);
    assert_eq!(bench.heartbeat(&members[1], generation), NONE);
}

#[test]
fn one_that_comes_back_with_another_protocol_rebalances() {
    let mut bench = Bench::new(at_once());
    let both =
        |first, second| join("", &[(first, &["t"]), (second, &["t"])]).with_group_instance_id(Some("one".into()));
    let (generation, _) = bench.stable_of(vec![both("range", "sticky")]);
    let back = bench.join(9, both("sticky", "range"));
    assert_eq!((back.generation_id, back.protocol_name.as_deref()), (generation + 1, Some("sticky")));
}

#[test]
fn one_that_comes_back_in_mid_rebalance_fences_the_waiting_one() {
    let mut bench = Bench::new(at_once());
    let (_, members) = bench.stable_of(vec![range(""), instance("", "one")]);
    bench.send_join(3, range(""));
    let waiting = bench.send_join(9, instance(&members[1], "one"));
    let back = bench.send_join(9, instance("", "one"));
    assert_eq!(bench.joined(waiting).unwrap().error_code, fenced());
    assert_eq!(bench.join(9, range(&members[0])).members.len(), 3);
    assert_eq!(bench.joined(back).unwrap().error_code, NONE);

    // The same for one that waits for its assignment: the leader may have seen the old id.
    let (generation, members) =
        (bench.groups.groups[GROUP].generation, bench.groups.groups[GROUP].statics["one"].clone());
    let syncing = bench.send_sync(&members, generation, &[]);
    bench.send_join(9, instance("", "one"));
    assert_eq!(bench.synced(syncing).unwrap().error_code, fenced());
}

#[test]
fn a_fenced_or_unknown_instance_can_do_nothing() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable_of(vec![instance("", "one")]);
    bench.join(9, instance("", "one"));
    let old = members[0].as_str();
    assert_eq!(bench.join(9, instance(old, "one")).error_code, fenced());
    assert_eq!(bench.join(9, instance(old, "two")).error_code, ResponseError::UnknownMemberId.code());
    let request = commit_request(old, generation, "t", 1, "").with_group_instance_id(Some("one".into()));
    assert_eq!(bench.send_commit(7, &request), fenced());
    assert_eq!(bench.heartbeat_of(old, generation, Some("two")), ResponseError::UnknownMemberId.code());
}

#[test]
fn the_place_of_a_silent_static_member_is_kept_until_its_session_ends() {
    let mut bench = Bench::new(at_once());
    let long = instance("", "one").with_session_timeout_ms(60_000);
    let (generation, members) = bench.stable_of(vec![range(""), long]);
    bench.send_join(9, range(&members[0]));
    bench.tick(30_000);
    assert_eq!(bench.out.len(), 1, "the rebalance timeout ends the join phase");
    let asked = bench.asked;
    let leader = bench.joined(asked).unwrap();
    assert_eq!((leader.generation_id, leader.members.len()), (generation + 1, 2), "with the static one's place kept");
}

#[test]
fn a_group_in_which_only_silent_static_members_are_left_waits_for_their_sessions() {
    let mut bench = Bench::new(at_once());
    let long = instance("", "one").with_session_timeout_ms(100_000);
    let (generation, members) = bench.stable_of(vec![range(""), long]);
    bench.tick(10_000);
    assert_eq!(bench.heartbeat(&members[0], generation), ResponseError::UnknownMemberId.code());
    bench.tick(30_000);
    let group = &bench.groups.groups[GROUP];
    assert_eq!((group.generation, group.members.len()), (generation, 1), "no generation without a leader");
    bench.tick(60_000);
    let group = &bench.groups.groups[GROUP];
    assert_eq!((group.generation, group.members.len()), (generation + 1, 0));
}
