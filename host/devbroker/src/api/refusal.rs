//! A whole request answered with one error: what a node answers that is not in charge, and what faults answer. And the
//! way back: the first error in an answer, which is what a test wants to know of it.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    AddOffsetsToTxnResponse, AddPartitionsToTxnResponse, CreateTopicsResponse, DeleteGroupsResponse,
    DescribeGroupsResponse, EndTxnResponse, FetchResponse, FindCoordinatorResponse, HeartbeatResponse,
    InitProducerIdResponse, JoinGroupResponse, LeaveGroupResponse, ListGroupsResponse, ListOffsetsResponse,
    MetadataResponse, OffsetCommitResponse, OffsetDeleteResponse, OffsetFetchResponse, ProduceResponse, ProducerId,
    RequestKind, ResponseKind, SyncGroupResponse, TxnOffsetCommitResponse, add_partitions_to_txn_response as added,
    create_topics_response as created, delete_groups_response as deleted, describe_groups_response as described,
    fetch_response as fetched, find_coordinator_response as found, list_offsets_response as listed,
    metadata_response as metadata, offset_commit_response as committed, offset_fetch_response as positions,
    produce_response as produced, txn_offset_commit_response as sent,
};

/// From this version on OffsetFetch asks for many groups.
const MANY_GROUPS_SINCE: i16 = 8;
/// And FindCoordinator for many keys.
const MANY_KEYS_SINCE: i16 = 4;

/// The answer that says this error in every place the request asks about. `None` for requests that nothing refuses as
/// a whole: their connection is closed instead.
pub(crate) fn answer(request: &RequestKind, version: i16, error: ResponseError) -> Option<ResponseKind> {
    let code = error.code();
    Some(match request {
        RequestKind::Produce(it) => {
            let topics = it.topic_data.iter().map(|topic| {
                let partitions = topic.partition_data.iter().map(|data| {
                    let answer = produced::PartitionProduceResponse::default().with_index(data.index);
                    answer.with_error_code(code).with_base_offset(-1).with_log_append_time_ms(-1)
                });
                let answer = produced::TopicProduceResponse::default().with_name(topic.name.clone());
                answer.with_topic_id(topic.topic_id).with_partition_responses(partitions.collect())
            });
            ProduceResponse::default().with_responses(topics.collect()).into()
        }
        RequestKind::Fetch(it) => {
            let topics = it.topics.iter().map(|topic| {
                let partitions = topic.partitions.iter().map(|wanted| {
                    let answer = fetched::PartitionData::default().with_partition_index(wanted.partition);
                    answer.with_error_code(code).with_high_watermark(-1).with_records(Some(Default::default()))
                });
                let answer = fetched::FetchableTopicResponse::default().with_topic(topic.topic.clone());
                answer.with_topic_id(topic.topic_id).with_partitions(partitions.collect())
            });
            FetchResponse::default().with_responses(topics.collect()).into()
        }
        RequestKind::ListOffsets(it) => {
            let topics = it.topics.iter().map(|topic| {
                let partitions = topic.partitions.iter().map(|wanted| {
                    let answer = listed::ListOffsetsPartitionResponse::default().with_error_code(code);
                    answer.with_partition_index(wanted.partition_index).with_offset(-1).with_timestamp(-1)
                });
                let answer = listed::ListOffsetsTopicResponse::default().with_name(topic.name.clone());
                answer.with_partitions(partitions.collect())
            });
            ListOffsetsResponse::default().with_topics(topics.collect()).into()
        }
        RequestKind::Metadata(it) => {
            let topics = it.topics.iter().flatten().map(|topic| {
                let answer = metadata::MetadataResponseTopic::default().with_error_code(code);
                answer.with_name(topic.name.clone()).with_topic_id(topic.topic_id)
            });
            MetadataResponse::default().with_topics(topics.collect()).into()
        }
        RequestKind::CreateTopics(it) => {
            let topics = it.topics.iter().map(|topic| {
                created::CreatableTopicResult::default().with_name(topic.name.clone()).with_error_code(code)
            });
            CreateTopicsResponse::default().with_topics(topics.collect()).into()
        }
        RequestKind::FindCoordinator(it) if version >= MANY_KEYS_SINCE => {
            let keys = it.coordinator_keys.iter();
            let keys = keys.map(|key| found::Coordinator::default().with_key(key.clone()).with_error_code(code));
            FindCoordinatorResponse::default().with_coordinators(keys.collect()).into()
        }
        RequestKind::FindCoordinator(_) => FindCoordinatorResponse::default().with_error_code(code).into(),
        RequestKind::InitProducerId(_) => {
            let answer = InitProducerIdResponse::default().with_error_code(code);
            answer.with_producer_id(ProducerId(-1)).with_producer_epoch(-1).into()
        }
        RequestKind::AddPartitionsToTxn(it) => {
            let topics = it.v3_and_below_topics.iter().map(|topic| {
                let partitions = topic.partitions.iter().map(|index| {
                    let answer = added::AddPartitionsToTxnPartitionResult::default();
                    answer.with_partition_index(*index).with_partition_error_code(code)
                });
                let answer = added::AddPartitionsToTxnTopicResult::default().with_name(topic.name.clone());
                answer.with_results_by_partition(partitions.collect())
            });
            AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(topics.collect()).into()
        }
        RequestKind::AddOffsetsToTxn(_) => AddOffsetsToTxnResponse::default().with_error_code(code).into(),
        RequestKind::EndTxn(_) => EndTxnResponse::default().with_error_code(code).into(),
        RequestKind::TxnOffsetCommit(it) => {
            let topics = it.topics.iter().map(|topic| {
                let partitions = topic.partitions.iter().map(|partition| {
                    let answer = sent::TxnOffsetCommitResponsePartition::default().with_error_code(code);
                    answer.with_partition_index(partition.partition_index)
                });
                let answer = sent::TxnOffsetCommitResponseTopic::default().with_name(topic.name.clone());
                answer.with_partitions(partitions.collect())
            });
            TxnOffsetCommitResponse::default().with_topics(topics.collect()).into()
        }
        RequestKind::OffsetCommit(it) => {
            let topics = it.topics.iter().map(|topic| {
                let partitions = topic.partitions.iter().map(|partition| {
                    let answer = committed::OffsetCommitResponsePartition::default().with_error_code(code);
                    answer.with_partition_index(partition.partition_index)
                });
                let answer = committed::OffsetCommitResponseTopic::default().with_name(topic.name.clone());
                answer.with_partitions(partitions.collect())
            });
            OffsetCommitResponse::default().with_topics(topics.collect()).into()
        }
        RequestKind::OffsetFetch(it) if version >= MANY_GROUPS_SINCE => {
            let groups = it.groups.iter().map(|group| {
                let answer = positions::OffsetFetchResponseGroup::default().with_group_id(group.group_id.clone());
                answer.with_error_code(code)
            });
            OffsetFetchResponse::default().with_groups(groups.collect()).into()
        }
        RequestKind::OffsetFetch(_) => OffsetFetchResponse::default().with_error_code(code).into(),
        RequestKind::JoinGroup(it) => {
            let answer = JoinGroupResponse::default().with_error_code(code).with_generation_id(-1);
            answer.with_member_id(it.member_id.clone()).with_protocol_name(Some(Default::default())).into()
        }
        RequestKind::SyncGroup(_) => SyncGroupResponse::default().with_error_code(code).into(),
        RequestKind::Heartbeat(_) => HeartbeatResponse::default().with_error_code(code).into(),
        RequestKind::LeaveGroup(_) => LeaveGroupResponse::default().with_error_code(code).into(),
        RequestKind::ListGroups(_) => ListGroupsResponse::default().with_error_code(code).into(),
        RequestKind::OffsetDelete(_) => OffsetDeleteResponse::default().with_error_code(code).into(),
        RequestKind::DescribeGroups(it) => {
            let groups = it
                .groups
                .iter()
                .map(|group| described::DescribedGroup::default().with_group_id(group.clone()).with_error_code(code));
            DescribeGroupsResponse::default().with_groups(groups.collect()).into()
        }
        RequestKind::DeleteGroups(it) => {
            let groups = it.groups_names.iter().map(|group| {
                deleted::DeletableGroupResult::default().with_group_id(group.clone()).with_error_code(code)
            });
            DeleteGroupsResponse::default().with_results(groups.collect()).into()
        }
        _ => return None,
    })
}

/// The first error in an answer, 0 for none; for the requests that a fault has a reason to disturb.
pub(crate) fn first_error(answer: &ResponseKind) -> i16 {
    match answer {
        ResponseKind::Produce(it) => {
            first(it.responses.iter().flat_map(|topic| &topic.partition_responses).map(|it| it.error_code))
        }
        ResponseKind::InitProducerId(it) => it.error_code,
        ResponseKind::AddPartitionsToTxn(it) => {
            let topics = it.results_by_topic_v3_and_below.iter();
            first(topics.flat_map(|topic| &topic.results_by_partition).map(|it| it.partition_error_code))
        }
        ResponseKind::AddOffsetsToTxn(it) => it.error_code,
        ResponseKind::EndTxn(it) => it.error_code,
        ResponseKind::TxnOffsetCommit(it) => {
            first(it.topics.iter().flat_map(|topic| &topic.partitions).map(|it| it.error_code))
        }
        ResponseKind::OffsetCommit(it) => {
            first(it.topics.iter().flat_map(|topic| &topic.partitions).map(|it| it.error_code))
        }
        ResponseKind::OffsetFetch(it) => it.error_code,
        ResponseKind::JoinGroup(it) => it.error_code,
        ResponseKind::SyncGroup(it) => it.error_code,
        ResponseKind::Heartbeat(it) => it.error_code,
        ResponseKind::LeaveGroup(it) => it.error_code,
        _ => 0,
    }
}

fn first(mut codes: impl Iterator<Item = i16>) -> i16 {
    codes.find(|code| *code != 0).unwrap_or(0)
}
