//! Describing, listing and deleting groups and positions.

use kafka_protocol::messages::describe_groups_response::DescribedGroup;
use kafka_protocol::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use kafka_protocol::messages::{DeleteGroupsRequest, DescribeGroupsRequest, ListGroupsRequest, OffsetDeleteRequest};

use super::*;

fn describe(bench: &mut Bench, version: i16, group: &str) -> DescribedGroup {
    let request = DescribeGroupsRequest::default().with_groups(vec![GroupId(text(group))]);
    bench.groups.describe_groups(0, caller(version), &request, &mut bench.out);
    let Some((_, ResponseKind::DescribeGroups(mut answer))) = bench.out.pop() else { panic!("no answer") };
    answer.groups.remove(0)
}

fn list(bench: &mut Bench, states: &[&str], types: &[&str]) -> Vec<(String, String, String)> {
    let request = ListGroupsRequest::default()
        .with_states_filter(states.iter().map(|state| text(state)).collect())
        .with_types_filter(types.iter().map(|kind| text(kind)).collect());
    bench.groups.list_groups(0, &request, &mut bench.out);
    let Some((_, ResponseKind::ListGroups(answer))) = bench.out.pop() else { panic!("no answer") };
    let named = |group: &kafka_protocol::messages::list_groups_response::ListedGroup| {
        (group.group_id.to_string(), group.group_state.to_string(), group.group_type.to_string())
    };
    answer.groups.iter().map(named).collect()
}

fn delete(bench: &mut Bench, group: &str) -> i16 {
    let request = DeleteGroupsRequest::default().with_groups_names(vec![GroupId(text(group))]);
    bench.groups.delete_groups(0, &request, &mut bench.out);
    let Some((_, ResponseKind::DeleteGroups(answer))) = bench.out.pop() else { panic!("no answer") };
    answer.results[0].error_code
}

/// (error of the request, errors of partition 0 of each topic)
fn delete_offsets(bench: &mut Bench, group: &str, topics: &[&str]) -> (i16, Vec<i16>) {
    let topics = topics.iter().map(|topic| {
        OffsetDeleteRequestTopic::default()
            .with_name(TopicName(text(topic)))
            .with_partitions(vec![OffsetDeleteRequestPartition::default()])
    });
    let request = OffsetDeleteRequest::default().with_group_id(GroupId(text(group))).with_topics(topics.collect());
    bench.groups.offset_delete(0, &request, &exists, &mut bench.out);
    let Some((_, ResponseKind::OffsetDelete(answer))) = bench.out.pop() else { panic!("no answer") };
    (answer.error_code, answer.topics.iter().map(|topic| topic.partitions[0].error_code).collect())
}

#[test]
fn a_stable_group_is_described_with_its_members() {
    let mut bench = Bench::new(at_once());
    let (_, members) = bench.stable_of(vec![range(""), instance("", "one")]);
    let group = describe(&mut bench, 5, GROUP);
    assert_eq!((group.error_code, group.group_state.as_str()), (NONE, "Stable"));
    assert_eq!((group.protocol_type.as_str(), group.protocol_data.as_str()), ("consumer", "range"));
    let one = group.members.iter().find(|member| member.member_id.as_str() == members[1]).unwrap();
    assert_eq!((one.group_instance_id.as_deref(), one.client_id.as_str()), (Some("one"), "client"));
    assert_eq!(one.client_host.as_str(), "/127.0.0.1");
    assert_eq!((&one.member_assignment[..], &one.member_metadata), (members[1].as_bytes(), &subscription(&["t"])));
    bench.send_join(3, range(""));
    let group = describe(&mut bench, 5, GROUP);
    assert_eq!((group.group_state.as_str(), group.members.len()), ("PreparingRebalance", 3));
    assert_eq!((group.protocol_data.as_str(), group.members[0].member_metadata.len()), ("", 0));
}

#[test]
fn a_group_that_is_not_there_is_dead_or_not_found() {
    let mut bench = Bench::new(at_once());
    let group = describe(&mut bench, 5, GROUP);
    assert_eq!((group.error_code, group.group_state.as_str()), (NONE, "Dead"));
    let group = describe(&mut bench, 6, GROUP);
    assert_eq!((group.error_code, group.group_state.as_str()), (ResponseError::GroupIdNotFound.code(), "Dead"));
    assert!(group.error_message.is_some());
}

#[test]
fn groups_are_listed_by_state_and_type() {
    let mut bench = Bench::new(at_once());
    bench.stable(1);
    let simple = commit_request("", -1, "t", 5, "").with_group_id(GroupId(text("simple")));
    bench.send_commit(7, &simple);
    let all = [("g", "Stable"), ("simple", "Empty")].map(|(id, state)| (id.into(), state.into(), "classic".into()));
    assert_eq!(list(&mut bench, &[], &[]), all);
    assert_eq!(list(&mut bench, &["stable"], &["Classic"]), all[..1]);
    assert_eq!(list(&mut bench, &["Empty", "Dead"], &[]), all[1..]);
    assert_eq!(list(&mut bench, &[], &["consumer"]), []);
}

#[test]
fn only_a_group_without_members_can_be_deleted() {
    let mut bench = Bench::new(at_once());
    assert_eq!(delete(&mut bench, ""), ResponseError::InvalidGroupId.code());
    assert_eq!(delete(&mut bench, GROUP), ResponseError::GroupIdNotFound.code());
    let (generation, members) = bench.stable(1);
    bench.commit(7, &members[0], generation, "t", 5);
    assert_eq!(delete(&mut bench, GROUP), ResponseError::NonEmptyGroup.code());
    bench.tick(10_000);
    bench.txn_commit(1, "", -1, "t", 6);
    assert_eq!(delete(&mut bench, GROUP), NONE);
    bench.groups.complete_transaction(GROUP, 1, true);
    assert_eq!(bench.fetch("t", true), (-1, NONE), "with the positions, pending ones too");
    assert_eq!(delete(&mut bench, GROUP), ResponseError::GroupIdNotFound.code());
}

#[test]
fn positions_can_be_deleted_in_topics_that_nobody_subscribes_to() {
    let mut bench = Bench::new(at_once());
    assert_eq!(delete_offsets(&mut bench, GROUP, &["t"]), (ResponseError::GroupIdNotFound.code(), vec![]));
    let (generation, members) = bench.stable(1);
    for topic in ["t", "u"] {
        bench.commit(7, &members[0], generation, topic, 5);
    }
    let subscribed = ResponseError::GroupSubscribedToTopic.code();
    let missing = ResponseError::UnknownTopicOrPartition.code();
    let deleted = delete_offsets(&mut bench, GROUP, &["t", "u", "never", "missing"]);
    assert_eq!(deleted, (NONE, vec![subscribed, NONE, NONE, missing]));
    assert_eq!((bench.fetch("t", true), bench.fetch("u", true)), ((5, NONE), (-1, NONE)));
    bench.tick(10_000);
    assert_eq!(delete_offsets(&mut bench, GROUP, &["t"]), (NONE, vec![NONE]), "an empty group subscribes to nothing");
}

#[test]
fn a_live_group_of_another_protocol_keeps_its_positions() {
    let mut bench = Bench::new(at_once());
    bench.stable_of(vec![range("").with_protocol_type("connect".into())]);
    assert_eq!(delete_offsets(&mut bench, GROUP, &["t"]), (ResponseError::NonEmptyGroup.code(), vec![]));
}
