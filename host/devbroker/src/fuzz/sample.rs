//! A well-formed request of each type, every list filled, as far as its version goes.

use bytes::Bytes;
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, ApiKey, ApiVersionsRequest, CreatePartitionsRequest,
    CreateTopicsRequest, DeleteGroupsRequest, DeleteRecordsRequest, DeleteTopicsRequest, DescribeClusterRequest,
    DescribeConfigsRequest, DescribeGroupsRequest, DescribeProducersRequest, DescribeTransactionsRequest,
    EndTxnRequest, FetchRequest, FindCoordinatorRequest, GroupId, HeartbeatRequest, IncrementalAlterConfigsRequest,
    InitProducerIdRequest, JoinGroupRequest, LeaveGroupRequest, ListGroupsRequest, ListOffsetsRequest,
    ListTransactionsRequest, MetadataRequest, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
    OffsetForLeaderEpochRequest, ProduceRequest, ProducerId, RequestKind, SyncGroupRequest, TopicName, TransactionalId,
    TxnOffsetCommitRequest, add_partitions_to_txn_request as add, create_partitions_request as grow,
    create_topics_request as create, delete_records_request as cut, delete_topics_request as delete,
    describe_configs_request as configs, describe_producers_request as producers, fetch_request as fetch,
    incremental_alter_configs_request as alter, join_group_request as join, leave_group_request as leave,
    list_offsets_request as list, metadata_request as metadata, offset_commit_request as commit,
    offset_delete_request as forget, offset_fetch_request as positions, offset_for_leader_epoch_request as epochs,
    produce_request as produce, sync_group_request as sync, txn_offset_commit_request as send,
};
use kafka_protocol::protocol::StrBytes;

/// The topic that the fuzzed broker has.
pub(super) const TOPIC: &str = "topic";

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

fn topic() -> TopicName {
    TopicName(text(TOPIC))
}

fn group() -> GroupId {
    GroupId(text("group"))
}

fn id() -> TransactionalId {
    TransactionalId(text("transactional-id"))
}

/// A request of this type that encodes in this version.
pub fn sample(api: ApiKey, version: i16) -> RequestKind {
    match api {
        ApiKey::Produce
        | ApiKey::Fetch
        | ApiKey::ListOffsets
        | ApiKey::OffsetForLeaderEpoch
        | ApiKey::DeleteRecords => of_records(api, version),
        ApiKey::JoinGroup
        | ApiKey::SyncGroup
        | ApiKey::Heartbeat
        | ApiKey::LeaveGroup
        | ApiKey::OffsetCommit
        | ApiKey::OffsetFetch
        | ApiKey::DescribeGroups
        | ApiKey::ListGroups
        | ApiKey::DeleteGroups
        | ApiKey::OffsetDelete => of_groups(api, version),
        ApiKey::InitProducerId
        | ApiKey::AddPartitionsToTxn
        | ApiKey::AddOffsetsToTxn
        | ApiKey::EndTxn
        | ApiKey::TxnOffsetCommit
        | ApiKey::DescribeTransactions
        | ApiKey::ListTransactions => of_transactions(api, version),
        _ => of_topics(api, version),
    }
}

fn of_records(api: ApiKey, version: i16) -> RequestKind {
    match api {
        ApiKey::Produce => {
            let data = produce::PartitionProduceData::default().with_records(Some(Bytes::from_static(BATCH)));
            let topic = produce::TopicProduceData::default().with_name(topic()).with_partition_data(vec![data]);
            ProduceRequest::default().with_acks(-1).with_topic_data(vec![topic]).into()
        }
        ApiKey::Fetch => {
            let partition = fetch::FetchPartition::default().with_partition_max_bytes(1000);
            let fetched = fetch::FetchTopic::default().with_partitions(vec![partition.with_current_leader_epoch(-1)]);
            let forgotten = fetch::ForgottenTopic::default().with_partitions(vec![1]);
            let (fetched, forgotten) = match version {
                ..13 => (fetched.with_topic(topic()), forgotten.with_topic(topic())),
                _ => (fetched, forgotten),
            };
            let forgotten = if version >= 7 { vec![forgotten] } else { Vec::new() };
            let request = FetchRequest::default().with_max_bytes(1000).with_topics(vec![fetched]);
            let request = request.with_forgotten_topics_data(forgotten);
            if version >= 12 { request.with_cluster_id(Some(text("id"))).into() } else { request.into() }
        }
        ApiKey::ListOffsets => {
            let partition = list::ListOffsetsPartition::default().with_timestamp(-1).with_current_leader_epoch(-1);
            let topic = list::ListOffsetsTopic::default().with_name(topic()).with_partitions(vec![partition]);
            ListOffsetsRequest::default().with_topics(vec![topic]).into()
        }
        ApiKey::OffsetForLeaderEpoch => {
            let partition = epochs::OffsetForLeaderPartition::default().with_current_leader_epoch(-1);
            let topic = epochs::OffsetForLeaderTopic::default().with_topic(topic()).with_partitions(vec![partition]);
            OffsetForLeaderEpochRequest::default().with_topics(vec![topic]).into()
        }
        _ => {
            let partition = cut::DeleteRecordsPartition::default();
            let topic = cut::DeleteRecordsTopic::default().with_name(topic()).with_partitions(vec![partition]);
            DeleteRecordsRequest::default().with_topics(vec![topic]).into()
        }
    }
}

/// One record without key and value, its checksum right.
const BATCH: &[u8] = &[
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 56, 0, 0, 0, 0, 2, 52, 187, 146, 115, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 1, 12, 0, 0, 0,
    1, 1, 0,
];

fn of_groups(api: ApiKey, version: i16) -> RequestKind {
    match api {
        ApiKey::JoinGroup => {
            let protocol = join::JoinGroupRequestProtocol::default().with_name(text("range"));
            JoinGroupRequest::default()
                .with_group_id(group())
                .with_session_timeout_ms(6000)
                .with_rebalance_timeout_ms(6000)
                .with_protocol_type(text("consumer"))
                .with_protocols(vec![protocol.with_metadata(Bytes::from_static(b"\0\0\0\0\0\0\xff\xff\xff\xff"))])
                .into()
        }
        ApiKey::SyncGroup => {
            let assignment = sync::SyncGroupRequestAssignment::default().with_member_id(text("member"));
            let request = SyncGroupRequest::default().with_group_id(group()).with_member_id(text("member"));
            request.with_assignments(vec![assignment.with_assignment(Bytes::from_static(b"a"))]).into()
        }
        ApiKey::Heartbeat => HeartbeatRequest::default().with_group_id(group()).into(),
        ApiKey::LeaveGroup if version >= 3 => {
            let member = leave::MemberIdentity::default().with_member_id(text("member"));
            LeaveGroupRequest::default().with_group_id(group()).with_members(vec![member]).into()
        }
        ApiKey::LeaveGroup => LeaveGroupRequest::default().with_group_id(group()).into(),
        ApiKey::OffsetCommit => {
            let partition = commit::OffsetCommitRequestPartition::default().with_committed_offset(1);
            let topic = commit::OffsetCommitRequestTopic::default().with_name(topic()).with_partitions(vec![partition]);
            OffsetCommitRequest::default().with_group_id(group()).with_topics(vec![topic]).into()
        }
        ApiKey::OffsetFetch if version >= 8 => {
            let topics = positions::OffsetFetchRequestTopics::default().with_name(topic());
            let topics = vec![topics.with_partition_indexes(vec![0, 1])];
            let one = positions::OffsetFetchRequestGroup::default().with_group_id(group()).with_topics(Some(topics));
            OffsetFetchRequest::default().with_groups(vec![one]).into()
        }
        ApiKey::OffsetFetch => {
            let topics = positions::OffsetFetchRequestTopic::default().with_name(topic());
            let topics = vec![topics.with_partition_indexes(vec![0, 1])];
            OffsetFetchRequest::default().with_group_id(group()).with_topics(Some(topics)).into()
        }
        ApiKey::DescribeGroups => DescribeGroupsRequest::default().with_groups(vec![group()]).into(),
        ApiKey::ListGroups if version >= 4 => {
            ListGroupsRequest::default().with_states_filter(vec![text("Stable")]).into()
        }
        ApiKey::ListGroups => ListGroupsRequest::default().into(),
        ApiKey::DeleteGroups => DeleteGroupsRequest::default().with_groups_names(vec![group()]).into(),
        _ => {
            let partition = forget::OffsetDeleteRequestPartition::default();
            let topic = forget::OffsetDeleteRequestTopic::default().with_name(topic()).with_partitions(vec![partition]);
            OffsetDeleteRequest::default().with_group_id(group()).with_topics(vec![topic]).into()
        }
    }
}

fn of_transactions(api: ApiKey, version: i16) -> RequestKind {
    match api {
        ApiKey::InitProducerId => {
            let request = InitProducerIdRequest::default().with_transactional_id(Some(id()));
            let request = request.with_transaction_timeout_ms(1000).with_producer_id(ProducerId(-1));
            request.with_producer_epoch(-1).into()
        }
        ApiKey::AddPartitionsToTxn => {
            let topic = add::AddPartitionsToTxnTopic::default().with_name(topic()).with_partitions(vec![0, 1]);
            let request = AddPartitionsToTxnRequest::default().with_v3_and_below_transactional_id(id());
            request.with_v3_and_below_topics(vec![topic]).into()
        }
        ApiKey::AddOffsetsToTxn => {
            AddOffsetsToTxnRequest::default().with_transactional_id(id()).with_group_id(group()).into()
        }
        ApiKey::EndTxn => EndTxnRequest::default().with_transactional_id(id()).with_committed(true).into(),
        ApiKey::TxnOffsetCommit => {
            let partition = send::TxnOffsetCommitRequestPartition::default().with_committed_offset(1);
            let topic = send::TxnOffsetCommitRequestTopic::default().with_name(topic());
            let request = TxnOffsetCommitRequest::default().with_transactional_id(id()).with_group_id(group());
            request.with_topics(vec![topic.with_partitions(vec![partition])]).into()
        }
        ApiKey::DescribeTransactions => {
            DescribeTransactionsRequest::default().with_transactional_ids(vec![id()]).into()
        }
        _ => {
            let request = ListTransactionsRequest::default().with_state_filters(vec![text("Ongoing")]);
            let request = request.with_producer_id_filters(vec![ProducerId(1)]);
            if version >= 1 { request.with_duration_filter(-1).into() } else { request.into() }
        }
    }
}

fn of_topics(api: ApiKey, version: i16) -> RequestKind {
    match api {
        ApiKey::Metadata => {
            let wanted = metadata::MetadataRequestTopic::default().with_name(Some(topic()));
            let request = MetadataRequest::default().with_topics(Some(vec![wanted]));
            if version >= 4 { request.into() } else { request.with_allow_auto_topic_creation(true).into() }
        }
        ApiKey::FindCoordinator if version >= 4 => {
            FindCoordinatorRequest::default().with_coordinator_keys(vec![text("group")]).into()
        }
        ApiKey::FindCoordinator => FindCoordinatorRequest::default().with_key(text("group")).into(),
        ApiKey::ApiVersions => ApiVersionsRequest::default().into(),
        ApiKey::CreateTopics => {
            let config = create::CreatableTopicConfig::default().with_name(text("retention.ms"));
            let assigned = create::CreatableReplicaAssignment::default().with_broker_ids(vec![1.into()]);
            let topic = create::CreatableTopic::default().with_name(TopicName(text("new"))).with_num_partitions(2);
            let topic = topic.with_replication_factor(1).with_assignments(vec![assigned]);
            let topic = topic.with_configs(vec![config.with_value(Some(text("1000")))]);
            CreateTopicsRequest::default().with_topics(vec![topic]).into()
        }
        ApiKey::DeleteTopics if version >= 6 => {
            let topic = delete::DeleteTopicState::default().with_name(Some(TopicName(text("new"))));
            DeleteTopicsRequest::default().with_topics(vec![topic]).into()
        }
        ApiKey::DeleteTopics => DeleteTopicsRequest::default().with_topic_names(vec![TopicName(text("new"))]).into(),
        ApiKey::CreatePartitions => {
            let assigned = grow::CreatePartitionsAssignment::default().with_broker_ids(vec![1.into()]);
            let topic = grow::CreatePartitionsTopic::default().with_name(topic()).with_count(3);
            CreatePartitionsRequest::default().with_topics(vec![topic.with_assignments(Some(vec![assigned]))]).into()
        }
        ApiKey::DescribeConfigs => {
            let resource = configs::DescribeConfigsResource::default().with_resource_type(2);
            let resource = resource.with_resource_name(text(TOPIC)).with_configuration_keys(Some(vec![text("a")]));
            DescribeConfigsRequest::default().with_resources(vec![resource]).into()
        }
        ApiKey::IncrementalAlterConfigs => {
            let config = alter::AlterableConfig::default().with_name(text("retention.ms"));
            let resource = alter::AlterConfigsResource::default().with_resource_type(2);
            let resource = resource.with_resource_name(text(TOPIC));
            let resource = resource.with_configs(vec![config.with_value(Some(text("1000")))]);
            IncrementalAlterConfigsRequest::default().with_resources(vec![resource]).into()
        }
        ApiKey::DescribeCluster => DescribeClusterRequest::default().into(),
        _ => {
            let topic = producers::TopicRequest::default().with_name(topic()).with_partition_indexes(vec![0, 1]);
            DescribeProducersRequest::default().with_topics(vec![topic]).into()
        }
    }
}
