//! Plain commits: who may, and what is read back.

use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};

use super::*;

#[test]
fn a_member_commits_under_its_generation() {
    let mut bench = Bench::new(at_once());
    let (generation, members) = bench.stable(1);
    let member = members[0].as_str();
    let illegal = ResponseError::IllegalGeneration.code();
    let unknown = ResponseError::UnknownMemberId.code();
    for (member, generation, error) in [
        (member, generation, NONE),
        (member, generation - 1, illegal),
        (member, generation + 1, illegal),
        (member, -1, illegal),
        ("nobody", generation, unknown),
        ("", generation, unknown),
        ("", -1, unknown),
    ] {
        let before = bench.fetch("t", false).0;
        assert_eq!(bench.commit(7, member, generation, "t", before + 10), error, "({member}, {generation})");
        assert_eq!(bench.fetch("t", false).0, if error == NONE { before + 10 } else { before });
    }
}

#[test]
fn a_consumer_without_a_group_commits_where_no_members_are() {
    let mut bench = Bench::new(at_once());
    assert_eq!(bench.fetch("t", true), (-1, NONE), "no group, no position");
    for (version, error) in [(8, ResponseError::IllegalGeneration), (9, ResponseError::GroupIdNotFound)] {
        assert_eq!(bench.commit(version, "member", 3, "t", 5), error.code(), "a generation of no group");
    }
    assert_eq!(bench.commit(7, "", -1, "t", 5), NONE);
    assert_eq!(bench.fetch("t", true), (5, NONE));
    let (generation, members) = bench.stable(1);
    assert_eq!(bench.commit(7, "", -1, "t", 6), ResponseError::UnknownMemberId.code());
    bench.tick(10_000);
    assert_eq!(bench.commit(7, &members[0], generation, "t", 6), ResponseError::UnknownMemberId.code());
    assert_eq!(bench.commit(7, "", -1, "t", 6), NONE, "the members are gone");
}

#[test]
fn a_member_that_does_not_know_its_assignment_yet_cannot_commit() {
    let mut bench = Bench::new(at_once());
    let (_, members) = bench.stable(1);
    let newcomer = bench.send_join(3, range(""));
    assert_eq!(bench.commit(7, &members[0], 1, "t", 5), NONE, "the old generation is good until the next one");
    bench.join(9, range(&members[0]));
    bench.joined(newcomer);
    assert_eq!(bench.commit(7, &members[0], 2, "t", 6), ResponseError::RebalanceInProgress.code());
    assert_eq!(bench.txn_commit(1, &members[0], 2, "t", 6), NONE, "Kafka lets a transactional commit pass");
}

#[test]
fn metadata_is_bounded_by_the_partition() {
    for (length, error) in [(0, NONE), (4096, NONE), (4097, ResponseError::OffsetMetadataTooLarge.code())] {
        let mut bench = Bench::new(at_once());
        let request = commit_request("", -1, "t", 5, &"m".repeat(length));
        assert_eq!(bench.send_commit(7, &request), error);
        assert_eq!(bench.fetch("t", false).0, if error == NONE { 5 } else { -1 });
    }
    let mut bench = Bench::new(at_once());
    let mut request = commit_request("", -1, "t", 5, "");
    request.topics[0].partitions[0].committed_metadata = None;
    assert_eq!(bench.send_commit(7, &request), NONE);
}

#[test]
fn a_partition_that_does_not_exist_gets_no_position() {
    let mut bench = Bench::new(at_once());
    let missing = ResponseError::UnknownTopicOrPartition.code();
    assert_eq!(bench.commit(7, "", -1, "missing", 5), missing);
    assert_eq!(bench.txn_commit(1, "", -1, "missing", 5), missing);
    assert_eq!(bench.fetch("missing", true), (-1, NONE));
}

#[test]
fn all_topics_are_those_with_a_committed_position() {
    let mut bench = Bench::new(at_once());
    bench.commit(7, "", -1, "a", 1);
    bench.commit(7, "", -1, "b", 2);
    bench.txn_commit(1, "", -1, "b", 3);
    bench.txn_commit(1, "", -1, "c", 4);
    let request =
        OffsetFetchRequest::default().with_group_id(GroupId(text(GROUP))).with_topics(None).with_require_stable(true);
    bench.groups.offset_fetch(0, caller(7), &request, &mut bench.out);
    let Some((_, ResponseKind::OffsetFetch(answer))) = bench.out.pop() else { panic!("no answer") };
    let topics = answer
        .topics
        .iter()
        .map(|topic| (topic.name.as_str(), topic.partitions[0].committed_offset, topic.partitions[0].error_code));
    let unstable = ResponseError::UnstableOffsetCommit.code();
    assert_eq!(topics.collect::<Vec<_>>(), [("a", 1, NONE), ("b", -1, unstable)]);
}

#[test]
fn several_groups_are_asked_for_at_once() {
    let mut bench = Bench::new(at_once());
    bench.commit(7, "", -1, "t", 5);
    let wanted = OffsetFetchRequestTopics::default().with_name(TopicName(text("t"))).with_partition_indexes(vec![0, 1]);
    let group = |id: &str| OffsetFetchRequestGroup::default().with_group_id(GroupId(text(id)));
    let groups = vec![
        group(GROUP).with_topics(Some(vec![wanted.clone()])),
        group("other").with_topics(Some(vec![wanted])),
        group(GROUP).with_topics(None),
        group(""),
    ];
    let request = OffsetFetchRequest::default().with_groups(groups);
    bench.groups.offset_fetch(0, caller(8), &request, &mut bench.out);
    let Some((_, ResponseKind::OffsetFetch(answer))) = bench.out.pop() else { panic!("no answer") };
    let offsets = |nth: usize| {
        let topics = answer.groups[nth].topics.iter().flat_map(|topic| &topic.partitions);
        topics.map(|partition| (partition.partition_index, partition.committed_offset)).collect::<Vec<_>>()
    };
    assert_eq!(offsets(0), [(0, 5), (1, -1)]);
    assert_eq!(offsets(1), [(0, -1), (1, -1)]);
    assert_eq!(offsets(2), [(0, 5)]);
    assert_eq!(answer.groups[3].error_code, ResponseError::InvalidGroupId.code());
    assert_eq!(answer.groups[0].topics[0].partitions[0].metadata.as_deref(), Some("token"));
    assert!(answer.topics.is_empty(), "the fields of the older versions stay empty");
    assert!(answer.encode(&mut BytesMut::new(), 8).is_ok());
}
