//! Who gets into a group, when a generation begins, and who leads it.

use super::*;

#[test]
fn a_newcomer_gets_its_id_first() {
    let mut bench = Bench::new(at_once());
    let id = bench.id();
    assert!(id.starts_with("client-"));
    let answer = bench.join(9, range(&id));
    assert_eq!((answer.error_code, answer.generation_id), (NONE, 1));
    assert_eq!((answer.leader.as_str(), answer.member_id.as_str()), (id.as_str(), id.as_str()));
    assert_eq!(answer.protocol_name.as_deref(), Some("range"));
    assert_eq!(answer.protocol_type.as_deref(), Some("consumer"));
    assert_eq!(answer.members.len(), 1);
    assert_eq!(answer.members[0].metadata, subscription(&["t"]));
}

#[test]
fn an_old_client_gets_in_without_asking_for_an_id() {
    let mut bench = Bench::new(at_once());
    let answer = bench.join(3, range(""));
    assert_eq!((answer.error_code, answer.generation_id), (NONE, 1));
    assert_eq!(answer.protocol_type, None, "version 3 has no such field");
}

#[test]
fn ids_of_another_run_are_unknown() {
    let mut ids = [7, 8].map(|run| {
        let mut bench = Bench::new(at_once());
        bench.groups = Groups::new(at_once(), run);
        bench.id()
    });
    assert_ne!(ids[0], ids[1]);
    let mut bench = Bench::new(at_once());
    bench.stable(1);
    let answer = bench.join(9, range(&std::mem::take(&mut ids[1])));
    assert_eq!(answer.error_code, ResponseError::UnknownMemberId.code());
}

#[test]
fn bad_joins_are_refused() {
    let unknown = ResponseError::UnknownMemberId;
    for (request, error) in [
        (range("").with_group_id(GroupId(text(""))), ResponseError::InvalidGroupId),
        (range("").with_session_timeout_ms(5_999), ResponseError::InvalidSessionTimeout),
        (range("").with_session_timeout_ms(1_800_001), ResponseError::InvalidSessionTimeout),
        (range("nobody"), unknown),
        (range("").with_protocols(vec![]), ResponseError::InconsistentGroupProtocol),
        (range("").with_protocol_type("".into()), ResponseError::InconsistentGroupProtocol),
    ] {
        let mut bench = Bench::new(at_once());
        assert_eq!(bench.join(9, request).error_code, error.code(), "{error:?}");
    }
    let mut bench = Bench::new(at_once());
    bench.stable(1);
    assert_eq!(bench.join(9, range("nobody")).error_code, unknown.code());
}

#[test]
fn a_member_that_shares_no_protocol_stays_out() {
    let mut bench = Bench::new(at_once());
    bench.stable(1);
    for stranger in [join("", &[("sticky", &["t"])]), range("").with_protocol_type("connect".into())] {
        assert_eq!(bench.join(3, stranger).error_code, ResponseError::InconsistentGroupProtocol.code());
    }
}

#[test]
fn the_protocol_with_most_votes_among_those_all_know_is_chosen() {
    let mut bench = Bench::new(Options::default());
    let cooperative = ["cooperative-sticky", "range"];
    let asked = [["range", "sticky"], cooperative, cooperative].map(|names| {
        let protocols: Vec<(&str, &[&str])> = names.iter().map(|name| (*name, &["t"][..])).collect();
        bench.send_join(3, join("", &protocols))
    });
    bench.tick(3000);
    bench.tick(3000);
    for asked in asked {
        assert_eq!(bench.joined(asked).unwrap().protocol_name.as_deref(), Some("range"), "only range is known to all");
    }

    let mut bench = Bench::new(Options::default());
    let asked = [["range", "cooperative-sticky"], cooperative, cooperative].map(|names| {
        let protocols: Vec<(&str, &[&str])> = names.iter().map(|name| (*name, &["t"][..])).collect();
        bench.send_join(3, join("", &protocols))
    });
    bench.tick(3000);
    bench.tick(3000);
    for asked in asked {
        assert_eq!(bench.joined(asked).unwrap().protocol_name.as_deref(), Some("cooperative-sticky"));
    }
}

#[test]
fn an_empty_group_waits_for_more_members_as_long_as_they_keep_coming() {
    let mut bench = Bench::new(Options::default());
    let first = bench.send_join(3, range(""));
    bench.tick(2999);
    let second = bench.send_join(3, range(""));
    bench.tick(1);
    assert!(bench.joined(first).is_none(), "a newcomer puts the end off");
    assert_eq!(bench.groups.next_deadline(), Some(bench.now + 3000));
    bench.tick(3000);
    let (first, second) = (bench.joined(first).unwrap(), bench.joined(second).unwrap());
    assert_eq!((first.generation_id, second.generation_id), (1, 1));
    assert_eq!(first.members.len(), 2, "the leader is told about both");
    assert_eq!(second.members.len(), 0);
    assert_eq!(second.leader, first.member_id);
}

#[test]
fn newcomers_cannot_put_the_end_off_past_the_rebalance_timeout() {
    let mut bench = Bench::new(Options::default());
    let first = bench.send_join(3, range("").with_rebalance_timeout_ms(7000));
    for _ in 0..6 {
        bench.tick(1000);
        assert!(bench.joined(first).is_none());
        bench.send_join(3, range("").with_rebalance_timeout_ms(7000));
    }
    bench.tick(1000);
    assert_eq!(bench.joined(first).unwrap().members.len(), 7);
}

#[test]
fn a_join_of_a_newcomer_rebalances_the_others() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable(1);
    let newcomer = bench.send_join(3, range(""));
    assert!(bench.joined(newcomer).is_none(), "it waits for the other member");
    assert_eq!(bench.heartbeat(&members[0], generation), ResponseError::RebalanceInProgress.code());
    let leader = bench.join(9, range(&members[0]));
    assert_eq!((leader.generation_id, leader.members.len()), (generation + 1, 2));
    assert_eq!(bench.joined(newcomer).unwrap().generation_id, generation + 1);
}

#[test]
fn an_id_that_was_handed_out_holds_the_generation_back_until_it_is_used_or_forgotten() {
    let mut bench = Bench::new(at_once());
    let (_, members) = bench.stable(1);
    let id = bench.id();
    let leader = bench.send_join(9, range(&members[0]));
    assert!(bench.joined(leader).is_none());
    let newcomer = bench.send_join(9, range(&id));
    assert_eq!(bench.joined(leader).unwrap().members.len(), 2);
    assert!(bench.joined(newcomer).is_some());

    let mut bench = Bench::new(at_once());
    let (_, members) = bench.stable(1);
    let forgotten = bench.id();
    let leader = bench.send_join(9, range(&members[0]));
    bench.tick(10_000);
    assert_eq!(bench.joined(leader).unwrap().members.len(), 1);
    assert_eq!(bench.join(9, range(&forgotten)).error_code, ResponseError::UnknownMemberId.code());
}

#[test]
fn who_does_not_join_in_time_is_out() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable(2);
    let again = bench.send_join(9, range(&members[1]).with_protocols(join("", &[("range", &["t", "u"])]).protocols));
    for _ in 0..3 {
        assert_eq!(bench.heartbeat(&members[0], generation), ResponseError::RebalanceInProgress.code());
        bench.tick(9_999);
    }
    assert!(bench.joined(again).is_none());
    bench.tick(3);
    let again = bench.joined(again).unwrap();
    assert_eq!((again.generation_id, again.members.len()), (generation + 1, 1));
    assert_eq!(again.leader, again.member_id, "leadership goes to one who joined");
    assert_eq!(bench.heartbeat(&members[0], generation), ResponseError::UnknownMemberId.code());
}

#[test]
fn a_follower_that_joins_again_unchanged_is_told_the_generation_a_leader_rebalances() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable(2);
    let follower = bench.join(9, range(&members[1]));
    assert_eq!((follower.generation_id, follower.leader.as_str()), (generation, members[0].as_str()));
    assert_eq!(bench.heartbeat(&members[1], generation), NONE);
    let leader = bench.send_join(9, range(&members[0]));
    assert!(bench.joined(leader).is_none());
    assert_eq!(bench.heartbeat(&members[1], generation), ResponseError::RebalanceInProgress.code());
}

#[test]
fn a_member_that_missed_the_answer_to_its_join_gets_it_again() {
    let mut bench = Bench::new(at_once());
    let first = bench.join(3, range(""));
    let again = bench.join(9, range(&first.member_id));
    assert_eq!((again.generation_id, again.members.len()), (first.generation_id, 1));
}

#[test]
fn a_second_join_of_a_waiting_member_takes_the_place_of_the_first() {
    let mut bench = Bench::new(at_once());
    let (_, members) = bench.stable(2);
    let first = bench.send_join(9, range(&members[0]));
    let second = bench.send_join(9, range(&members[0]));
    assert_eq!(bench.joined(first).unwrap().error_code, ResponseError::RebalanceInProgress.code());
    bench.join(9, range(&members[1]));
    assert_eq!(bench.joined(second).unwrap().error_code, NONE);
}

#[test]
fn a_full_group_takes_nobody_in() {
    let mut bench = Bench::new(Options { group_size_max: 2, ..at_once() });
    let (_, members) = bench.stable(2);
    let full = ResponseError::GroupMaxSizeReached.code();
    assert_eq!(bench.join(9, range("")).error_code, full);
    // While members gather, the first ones to join have the places.
    let leader = bench.send_join(9, range(&members[0]));
    let id = bench.id();
    let newcomer = bench.send_join(9, range(&id));
    assert_eq!(bench.join(9, range(&members[1])).error_code, full);
    assert_eq!(bench.joined(leader).unwrap().members.len(), 2);
    assert_eq!(bench.joined(newcomer).unwrap().error_code, NONE);
}

#[test]
fn ids_that_are_handed_out_and_groups_have_bounds() {
    let mut bench = Bench::new(Options { group_size_max: 2, groups_max: 1, ..at_once() });
    bench.id();
    bench.id();
    assert_eq!(bench.join(9, range("")).error_code, ResponseError::GroupMaxSizeReached.code());
    let other = range("").with_group_id(GroupId(text("other")));
    assert_eq!(bench.join(9, other).error_code, ResponseError::PolicyViolation.code());
}

#[test]
fn when_the_coordinator_moves_who_waits_is_sent_to_look_for_it() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable(2);
    let waiting = bench.send_join(9, range(&members[0]));
    bench.groups.moved(GROUP, bench.now, &mut bench.out);
    assert_eq!(bench.joined(waiting).unwrap().error_code, ResponseError::NotCoordinator.code());
    let again = bench.send_join(9, range(&members[0]));
    bench.join(9, range(&members[1]));
    assert_eq!(bench.joined(again).unwrap().generation_id, generation + 1);
}
