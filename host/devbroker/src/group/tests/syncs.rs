//! Assignments reach everyone, once, in the right generation; and members that leave.

use kafka_protocol::messages::LeaveGroupRequest;
use kafka_protocol::messages::leave_group_request::MemberIdentity;

use super::*;

/// Two members that have joined and not yet synced: (generation, leader, follower).
fn joined(bench: &mut Bench) -> (i32, String, String) {
    let (_, members) = bench.stable(1);
    let follower = bench.send_join(3, range(""));
    let leader = bench.join(9, range(&members[0]));
    let follower = bench.joined(follower).unwrap();
    (leader.generation_id, leader.member_id.to_string(), follower.member_id.to_string())
}

#[test]
fn a_follower_waits_for_the_leaders_assignment() {
    let mut bench = Bench::new(at_once());
    let (generation, leader, follower) = joined(&mut bench);
    let waiting = bench.send_sync(&follower, generation, &[]);
    assert!(bench.synced(waiting).is_none());
    let led = bench.send_sync(&leader, generation, &[(&follower, "his")]);
    let answer = bench.synced(waiting).unwrap();
    assert_eq!((answer.error_code, &answer.assignment[..]), (NONE, &b"his"[..]));
    assert_eq!(answer.protocol_name.as_deref(), Some("range"));
    assert_eq!(bench.synced(led).unwrap().assignment.len(), 0, "who is not named owns nothing");
    let again = bench.send_sync(&follower, generation, &[]);
    assert_eq!(&bench.synced(again).unwrap().assignment[..], b"his", "and can ask for it again");
}

#[test]
fn bad_syncs_are_refused() {
    let mut bench = Bench::new(at_once());
    let unknown = ResponseError::UnknownMemberId.code();
    let asked = bench.send_sync("nobody", 1, &[]);
    assert_eq!(bench.synced(asked).unwrap().error_code, unknown);
    let (generation, leader, _) = joined(&mut bench);
    for (member, generation, error) in [
        ("nobody", generation, unknown),
        (leader.as_str(), generation - 1, ResponseError::IllegalGeneration.code()),
        (leader.as_str(), generation + 1, ResponseError::IllegalGeneration.code()),
    ] {
        let asked = bench.send_sync(member, generation, &[]);
        assert_eq!(bench.synced(asked).unwrap().error_code, error);
    }
    let request = SyncGroupRequest::default()
        .with_group_id(GroupId(text(GROUP)))
        .with_member_id(text(&leader))
        .with_generation_id(generation);
    for request in [
        request.clone().with_protocol_name(Some("sticky".into())),
        request.clone().with_protocol_type(Some("connect".into())),
    ] {
        let asked = bench.next();
        bench.groups.sync_group(asked, &request, bench.now, &mut bench.out);
        assert_eq!(bench.synced(asked).unwrap().error_code, ResponseError::InconsistentGroupProtocol.code());
    }
}

#[test]
fn a_rebalance_sends_those_who_wait_for_an_assignment_to_join_again() {
    let mut bench = Bench::new(at_once());
    let (generation, leader, follower) = joined(&mut bench);
    let waiting = bench.send_sync(&follower, generation, &[]);
    bench.send_join(3, range(""));
    let rebalancing = ResponseError::RebalanceInProgress.code();
    assert_eq!(bench.synced(waiting).unwrap().error_code, rebalancing);
    let late = bench.send_sync(&leader, generation, &[(&follower, "his")]);
    assert_eq!(bench.synced(late).unwrap().error_code, rebalancing);
}

#[test]
fn who_does_not_ask_for_its_assignment_in_time_is_out() {
    let mut bench = Bench::new(at_once());
    let (generation, leader, follower) = joined(&mut bench);
    let waiting = bench.send_sync(&follower, generation, &[]);
    for _ in 0..3 {
        assert_eq!(bench.heartbeat(&leader, generation), NONE, "heartbeats alone do not help");
        bench.tick(9_999);
    }
    assert!(bench.synced(waiting).is_none());
    bench.tick(3);
    assert_eq!(bench.synced(waiting).unwrap().error_code, ResponseError::RebalanceInProgress.code());
    let again = bench.join(9, range(&follower));
    assert_eq!((again.leader.as_str(), again.members.len()), (follower.as_str(), 1));
}

fn leave(bench: &mut Bench, version: i16, members: &[(&str, Option<&str>)]) -> (i16, Vec<i16>) {
    let request = LeaveGroupRequest::default().with_group_id(GroupId(text(GROUP)));
    let request = match version < 3 {
        true => request.with_member_id(text(members[0].0)),
        false => request.with_members(
            members
                .iter()
                .map(|(member, instance)| {
                    MemberIdentity::default().with_member_id(text(member)).with_group_instance_id(instance.map(text))
                })
                .collect(),
        ),
    };
    let asked = bench.next();
    bench.groups.leave_group(asked, caller(version), &request, bench.now, &mut bench.out);
    let read = |answer| match answer {
        ResponseKind::LeaveGroup(answer) => {
            Some((answer.error_code, answer.members.iter().map(|member| member.error_code).collect()))
        }
        _ => None,
    };
    bench.answer(asked, read).unwrap()
}

#[test]
fn a_member_that_leaves_rebalances_the_others() {
    for version in [2, 5] {
        let mut bench = Bench::new(at_once());
        let (generation, members) = bench.stable(2);
        let left = leave(&mut bench, version, &[(&members[0], None)]);
        assert_eq!(left, (NONE, if version < 3 { vec![] } else { vec![NONE] }));
        assert_eq!(bench.heartbeat(&members[1], generation), ResponseError::RebalanceInProgress.code());
        let next = bench.join(9, range(&members[1]));
        assert_eq!((next.leader.as_str(), next.members.len()), (members[1].as_str(), 1));
    }
}

#[test]
fn several_leave_at_once_and_each_has_its_answer() {
    let mut bench = Bench::new(at_once());
    let (_, members) = bench.stable_of(vec![range(""), instance("", "one"), instance("", "two")]);
    let unknown = ResponseError::UnknownMemberId.code();
    let fenced = ResponseError::FencedInstanceId.code();
    let all: [(&str, Option<&str>); 5] =
        [("nobody", None), (&members[0], None), ("", Some("one")), (&members[0], Some("two")), ("", Some("three"))];
    assert_eq!(leave(&mut bench, 5, &all), (NONE, vec![unknown, NONE, NONE, fenced, unknown]));
    assert_eq!(leave(&mut bench, 5, &[(&members[2], Some("two"))]), (NONE, vec![NONE]));
    assert_eq!(bench.join(9, range(&members[2])).error_code, unknown, "the group is empty");
}

#[test]
fn leaving_forgets_an_id_that_was_not_used_and_a_missing_group_is_told_of() {
    let mut bench = Bench::new(at_once());
    let unknown = ResponseError::UnknownMemberId.code();
    assert_eq!(leave(&mut bench, 5, &[("nobody", None)]), (unknown, vec![]));
    assert_eq!(leave(&mut bench, 2, &[("nobody", None)]), (unknown, vec![]));
    let (_, members) = bench.stable(1);
    let id = bench.id();
    let waiting = bench.send_join(9, range(&members[0]));
    assert_eq!(leave(&mut bench, 5, &[(&id, None)]), (NONE, vec![NONE]));
    assert_eq!(bench.joined(waiting).unwrap().error_code, NONE, "nobody is waited for any more");
}

#[test]
fn a_member_that_leaves_while_it_waits_is_answered() {
    let mut bench = Bench::new(at_once());
    let (generation, leader, follower) = joined(&mut bench);
    let syncing = bench.send_sync(&follower, generation, &[]);
    leave(&mut bench, 5, &[(&follower, None)]);
    let unknown = ResponseError::UnknownMemberId.code();
    assert_eq!(bench.synced(syncing).unwrap().error_code, unknown);
    let newcomer = bench.send_join(3, range(""));
    let joining = bench.send_join(9, range(&leader));
    assert!(bench.joined(joining).is_some() && bench.joined(newcomer).is_some());
    let joining = bench.send_join(9, join(&leader, &[("range", &["t", "u"])]));
    leave(&mut bench, 5, &[(&leader, None)]);
    assert_eq!(bench.joined(joining).unwrap().error_code, unknown);
}
