//! How each request that is answered lies on the wire, from Kafka's own message schemas; a test holds every line against
//! the generated encoders. Names follow the schemas.

use kafka_protocol::messages::ApiKey;

use super::Kind::{Array, Bytes, Fixed, Struct, Text};
use super::{Fields, NEVER, Shape, between, every, shape, since};

const PRODUCE_PARTITION_PRODUCE_DATA: Fields = Fields { fields: &[every(Fixed(4)), every(Bytes)], tags: &[] };
const PRODUCE_TOPIC_PRODUCE_DATA: Fields =
    Fields { fields: &[every(Text), every(Array(&Struct(PRODUCE_PARTITION_PRODUCE_DATA)))], tags: &[] };
const PRODUCE: Fields = Fields {
    fields: &[every(Text), every(Fixed(2)), every(Fixed(4)), every(Array(&Struct(PRODUCE_TOPIC_PRODUCE_DATA)))],
    tags: &[],
};
const FETCH_FORGOTTEN_TOPIC: Fields =
    Fields { fields: &[between(7, 12, Text), since(13, Fixed(16)), since(7, Array(&Fixed(4)))], tags: &[] };
const FETCH_FETCH_PARTITION: Fields = Fields {
    fields: &[
        every(Fixed(4)),
        since(9, Fixed(4)),
        every(Fixed(8)),
        since(12, Fixed(4)),
        since(5, Fixed(8)),
        every(Fixed(4)),
    ],
    tags: &[],
};
const FETCH_FETCH_TOPIC: Fields = Fields {
    fields: &[between(4, 12, Text), since(13, Fixed(16)), every(Array(&Struct(FETCH_FETCH_PARTITION)))],
    tags: &[],
};
const FETCH_REPLICA_STATE: Fields = Fields { fields: &[since(15, Fixed(4)), since(15, Fixed(8))], tags: &[] };
const FETCH: Fields = Fields {
    fields: &[
        between(4, 14, Fixed(4)),
        every(Fixed(4)),
        every(Fixed(4)),
        every(Fixed(4)),
        every(Fixed(1)),
        since(7, Fixed(4)),
        since(7, Fixed(4)),
        every(Array(&Struct(FETCH_FETCH_TOPIC))),
        since(7, Array(&Struct(FETCH_FORGOTTEN_TOPIC))),
        since(11, Text),
    ],
    tags: &[(0, Text), (1, Struct(FETCH_REPLICA_STATE))],
};
const LIST_OFFSETS_LIST_OFFSETS_PARTITION: Fields =
    Fields { fields: &[every(Fixed(4)), since(4, Fixed(4)), every(Fixed(8))], tags: &[] };
const LIST_OFFSETS_LIST_OFFSETS_TOPIC: Fields =
    Fields { fields: &[every(Text), every(Array(&Struct(LIST_OFFSETS_LIST_OFFSETS_PARTITION)))], tags: &[] };
const LIST_OFFSETS: Fields = Fields {
    fields: &[every(Fixed(4)), since(2, Fixed(1)), every(Array(&Struct(LIST_OFFSETS_LIST_OFFSETS_TOPIC)))],
    tags: &[],
};
const METADATA_METADATA_REQUEST_TOPIC: Fields = Fields { fields: &[since(10, Fixed(16)), every(Text)], tags: &[] };
const METADATA: Fields = Fields {
    fields: &[
        every(Array(&Struct(METADATA_METADATA_REQUEST_TOPIC))),
        since(4, Fixed(1)),
        between(8, 10, Fixed(1)),
        since(8, Fixed(1)),
    ],
    tags: &[],
};
const OFFSET_COMMIT_OFFSET_COMMIT_REQUEST_PARTITION: Fields =
    Fields { fields: &[every(Fixed(4)), every(Fixed(8)), since(6, Fixed(4)), every(Text)], tags: &[] };
const OFFSET_COMMIT_OFFSET_COMMIT_REQUEST_TOPIC: Fields =
    Fields { fields: &[every(Text), every(Array(&Struct(OFFSET_COMMIT_OFFSET_COMMIT_REQUEST_PARTITION)))], tags: &[] };
const OFFSET_COMMIT: Fields = Fields {
    fields: &[
        every(Text),
        every(Fixed(4)),
        every(Text),
        since(7, Text),
        between(2, 4, Fixed(8)),
        every(Array(&Struct(OFFSET_COMMIT_OFFSET_COMMIT_REQUEST_TOPIC))),
    ],
    tags: &[],
};
const OFFSET_FETCH_OFFSET_FETCH_REQUEST_TOPICS: Fields =
    Fields { fields: &[since(8, Text), since(8, Array(&Fixed(4)))], tags: &[] };
const OFFSET_FETCH_OFFSET_FETCH_REQUEST_GROUP: Fields = Fields {
    fields: &[
        since(8, Text),
        since(9, Text),
        since(9, Fixed(4)),
        since(8, Array(&Struct(OFFSET_FETCH_OFFSET_FETCH_REQUEST_TOPICS))),
    ],
    tags: &[],
};
const OFFSET_FETCH_OFFSET_FETCH_REQUEST_TOPIC: Fields =
    Fields { fields: &[between(1, 7, Text), between(1, 7, Array(&Fixed(4)))], tags: &[] };
const OFFSET_FETCH: Fields = Fields {
    fields: &[
        between(1, 7, Text),
        between(1, 7, Array(&Struct(OFFSET_FETCH_OFFSET_FETCH_REQUEST_TOPIC))),
        since(8, Array(&Struct(OFFSET_FETCH_OFFSET_FETCH_REQUEST_GROUP))),
        since(7, Fixed(1)),
    ],
    tags: &[],
};
const FIND_COORDINATOR: Fields =
    Fields { fields: &[between(0, 3, Text), since(1, Fixed(1)), since(4, Array(&Text))], tags: &[] };
const JOIN_GROUP_JOIN_GROUP_REQUEST_PROTOCOL: Fields = Fields { fields: &[every(Text), every(Bytes)], tags: &[] };
const JOIN_GROUP: Fields = Fields {
    fields: &[
        every(Text),
        every(Fixed(4)),
        since(1, Fixed(4)),
        every(Text),
        since(5, Text),
        every(Text),
        every(Array(&Struct(JOIN_GROUP_JOIN_GROUP_REQUEST_PROTOCOL))),
        since(8, Text),
    ],
    tags: &[],
};
const HEARTBEAT: Fields = Fields { fields: &[every(Text), every(Fixed(4)), every(Text), since(3, Text)], tags: &[] };
const LEAVE_GROUP_MEMBER_IDENTITY: Fields =
    Fields { fields: &[since(3, Text), since(3, Text), since(5, Text)], tags: &[] };
const LEAVE_GROUP: Fields = Fields {
    fields: &[every(Text), between(0, 2, Text), since(3, Array(&Struct(LEAVE_GROUP_MEMBER_IDENTITY)))],
    tags: &[],
};
const SYNC_GROUP_SYNC_GROUP_REQUEST_ASSIGNMENT: Fields = Fields { fields: &[every(Text), every(Bytes)], tags: &[] };
const SYNC_GROUP: Fields = Fields {
    fields: &[
        every(Text),
        every(Fixed(4)),
        every(Text),
        since(3, Text),
        since(5, Text),
        since(5, Text),
        every(Array(&Struct(SYNC_GROUP_SYNC_GROUP_REQUEST_ASSIGNMENT))),
    ],
    tags: &[],
};
const DESCRIBE_GROUPS: Fields = Fields { fields: &[every(Array(&Text)), since(3, Fixed(1))], tags: &[] };
const LIST_GROUPS: Fields = Fields { fields: &[since(4, Array(&Text))], tags: &[] };
const API_VERSIONS: Fields = Fields { fields: &[since(3, Text), since(3, Text)], tags: &[] };
const CREATE_TOPICS_CREATABLE_TOPIC_CONFIG: Fields = Fields { fields: &[every(Text), every(Text)], tags: &[] };
const CREATE_TOPICS_CREATABLE_REPLICA_ASSIGNMENT: Fields =
    Fields { fields: &[every(Fixed(4)), every(Array(&Fixed(4)))], tags: &[] };
const CREATE_TOPICS_CREATABLE_TOPIC: Fields = Fields {
    fields: &[
        every(Text),
        every(Fixed(4)),
        every(Fixed(2)),
        every(Array(&Struct(CREATE_TOPICS_CREATABLE_REPLICA_ASSIGNMENT))),
        every(Array(&Struct(CREATE_TOPICS_CREATABLE_TOPIC_CONFIG))),
    ],
    tags: &[],
};
const CREATE_TOPICS: Fields = Fields {
    fields: &[every(Array(&Struct(CREATE_TOPICS_CREATABLE_TOPIC))), every(Fixed(4)), every(Fixed(1))],
    tags: &[],
};
const DELETE_TOPICS_DELETE_TOPIC_STATE: Fields = Fields { fields: &[since(6, Text), since(6, Fixed(16))], tags: &[] };
const DELETE_TOPICS: Fields = Fields {
    fields: &[since(6, Array(&Struct(DELETE_TOPICS_DELETE_TOPIC_STATE))), between(1, 5, Array(&Text)), every(Fixed(4))],
    tags: &[],
};
const DELETE_RECORDS_DELETE_RECORDS_PARTITION: Fields =
    Fields { fields: &[every(Fixed(4)), every(Fixed(8))], tags: &[] };
const DELETE_RECORDS_DELETE_RECORDS_TOPIC: Fields =
    Fields { fields: &[every(Text), every(Array(&Struct(DELETE_RECORDS_DELETE_RECORDS_PARTITION)))], tags: &[] };
const DELETE_RECORDS: Fields =
    Fields { fields: &[every(Array(&Struct(DELETE_RECORDS_DELETE_RECORDS_TOPIC))), every(Fixed(4))], tags: &[] };
const INIT_PRODUCER_ID: Fields =
    Fields { fields: &[every(Text), every(Fixed(4)), since(3, Fixed(8)), since(3, Fixed(2))], tags: &[] };
const OFFSET_FOR_LEADER_EPOCH_OFFSET_FOR_LEADER_PARTITION: Fields =
    Fields { fields: &[every(Fixed(4)), every(Fixed(4)), every(Fixed(4))], tags: &[] };
const OFFSET_FOR_LEADER_EPOCH_OFFSET_FOR_LEADER_TOPIC: Fields = Fields {
    fields: &[every(Text), every(Array(&Struct(OFFSET_FOR_LEADER_EPOCH_OFFSET_FOR_LEADER_PARTITION)))],
    tags: &[],
};
const OFFSET_FOR_LEADER_EPOCH: Fields = Fields {
    fields: &[since(3, Fixed(4)), every(Array(&Struct(OFFSET_FOR_LEADER_EPOCH_OFFSET_FOR_LEADER_TOPIC)))],
    tags: &[],
};
const ADD_PARTITIONS_TO_TXN_ADD_PARTITIONS_TO_TXN_TOPIC: Fields =
    Fields { fields: &[every(Text), every(Array(&Fixed(4)))], tags: &[] };
const ADD_PARTITIONS_TO_TXN: Fields = Fields {
    fields: &[
        every(Text),
        every(Fixed(8)),
        every(Fixed(2)),
        every(Array(&Struct(ADD_PARTITIONS_TO_TXN_ADD_PARTITIONS_TO_TXN_TOPIC))),
    ],
    tags: &[],
};
const ADD_OFFSETS_TO_TXN: Fields =
    Fields { fields: &[every(Text), every(Fixed(8)), every(Fixed(2)), every(Text)], tags: &[] };
const END_TXN: Fields = Fields { fields: &[every(Text), every(Fixed(8)), every(Fixed(2)), every(Fixed(1))], tags: &[] };
const TXN_OFFSET_COMMIT_TXN_OFFSET_COMMIT_REQUEST_PARTITION: Fields =
    Fields { fields: &[every(Fixed(4)), every(Fixed(8)), since(2, Fixed(4)), every(Text)], tags: &[] };
const TXN_OFFSET_COMMIT_TXN_OFFSET_COMMIT_REQUEST_TOPIC: Fields = Fields {
    fields: &[every(Text), every(Array(&Struct(TXN_OFFSET_COMMIT_TXN_OFFSET_COMMIT_REQUEST_PARTITION)))],
    tags: &[],
};
const TXN_OFFSET_COMMIT: Fields = Fields {
    fields: &[
        every(Text),
        every(Text),
        every(Fixed(8)),
        every(Fixed(2)),
        since(3, Fixed(4)),
        since(3, Text),
        since(3, Text),
        every(Array(&Struct(TXN_OFFSET_COMMIT_TXN_OFFSET_COMMIT_REQUEST_TOPIC))),
    ],
    tags: &[],
};
const DESCRIBE_CONFIGS_DESCRIBE_CONFIGS_RESOURCE: Fields =
    Fields { fields: &[every(Fixed(1)), every(Text), every(Array(&Text))], tags: &[] };
const DESCRIBE_CONFIGS: Fields = Fields {
    fields: &[every(Array(&Struct(DESCRIBE_CONFIGS_DESCRIBE_CONFIGS_RESOURCE))), every(Fixed(1)), since(3, Fixed(1))],
    tags: &[],
};
const CREATE_PARTITIONS_CREATE_PARTITIONS_ASSIGNMENT: Fields = Fields { fields: &[every(Array(&Fixed(4)))], tags: &[] };
const CREATE_PARTITIONS_CREATE_PARTITIONS_TOPIC: Fields = Fields {
    fields: &[every(Text), every(Fixed(4)), every(Array(&Struct(CREATE_PARTITIONS_CREATE_PARTITIONS_ASSIGNMENT)))],
    tags: &[],
};
const CREATE_PARTITIONS: Fields = Fields {
    fields: &[every(Array(&Struct(CREATE_PARTITIONS_CREATE_PARTITIONS_TOPIC))), every(Fixed(4)), every(Fixed(1))],
    tags: &[],
};
const DELETE_GROUPS: Fields = Fields { fields: &[every(Array(&Text))], tags: &[] };
const INCREMENTAL_ALTER_CONFIGS_ALTERABLE_CONFIG: Fields =
    Fields { fields: &[every(Text), every(Fixed(1)), every(Text)], tags: &[] };
const INCREMENTAL_ALTER_CONFIGS_ALTER_CONFIGS_RESOURCE: Fields = Fields {
    fields: &[every(Fixed(1)), every(Text), every(Array(&Struct(INCREMENTAL_ALTER_CONFIGS_ALTERABLE_CONFIG)))],
    tags: &[],
};
const INCREMENTAL_ALTER_CONFIGS: Fields = Fields {
    fields: &[every(Array(&Struct(INCREMENTAL_ALTER_CONFIGS_ALTER_CONFIGS_RESOURCE))), every(Fixed(1))],
    tags: &[],
};
const OFFSET_DELETE_OFFSET_DELETE_REQUEST_TOPIC: Fields =
    Fields { fields: &[every(Text), every(Array(&Fixed(4)))], tags: &[] };
const OFFSET_DELETE: Fields =
    Fields { fields: &[every(Text), every(Array(&Struct(OFFSET_DELETE_OFFSET_DELETE_REQUEST_TOPIC)))], tags: &[] };
const DESCRIBE_CLUSTER: Fields = Fields { fields: &[every(Fixed(1)), since(1, Fixed(1))], tags: &[] };
const DESCRIBE_PRODUCERS_TOPIC_REQUEST: Fields = Fields { fields: &[every(Text), every(Array(&Fixed(4)))], tags: &[] };
const DESCRIBE_PRODUCERS: Fields =
    Fields { fields: &[every(Array(&Struct(DESCRIBE_PRODUCERS_TOPIC_REQUEST)))], tags: &[] };
const DESCRIBE_TRANSACTIONS: Fields = Fields { fields: &[every(Array(&Text))], tags: &[] };
const LIST_TRANSACTIONS: Fields =
    Fields { fields: &[every(Array(&Text)), every(Array(&Fixed(8))), since(1, Fixed(8))], tags: &[] };

pub(super) const SHAPES: &[Shape] = &[
    shape(ApiKey::Produce, 9, &PRODUCE),
    shape(ApiKey::Fetch, 12, &FETCH),
    shape(ApiKey::ListOffsets, 6, &LIST_OFFSETS),
    shape(ApiKey::Metadata, 9, &METADATA),
    shape(ApiKey::OffsetCommit, 8, &OFFSET_COMMIT),
    shape(ApiKey::OffsetFetch, 6, &OFFSET_FETCH),
    shape(ApiKey::FindCoordinator, 3, &FIND_COORDINATOR),
    shape(ApiKey::JoinGroup, 6, &JOIN_GROUP),
    shape(ApiKey::Heartbeat, 4, &HEARTBEAT),
    shape(ApiKey::LeaveGroup, 4, &LEAVE_GROUP),
    shape(ApiKey::SyncGroup, 4, &SYNC_GROUP),
    shape(ApiKey::DescribeGroups, 5, &DESCRIBE_GROUPS),
    shape(ApiKey::ListGroups, 3, &LIST_GROUPS),
    shape(ApiKey::ApiVersions, 3, &API_VERSIONS),
    shape(ApiKey::CreateTopics, 5, &CREATE_TOPICS),
    shape(ApiKey::DeleteTopics, 4, &DELETE_TOPICS),
    shape(ApiKey::DeleteRecords, 2, &DELETE_RECORDS),
    shape(ApiKey::InitProducerId, 2, &INIT_PRODUCER_ID),
    shape(ApiKey::OffsetForLeaderEpoch, 4, &OFFSET_FOR_LEADER_EPOCH),
    shape(ApiKey::AddPartitionsToTxn, 3, &ADD_PARTITIONS_TO_TXN),
    shape(ApiKey::AddOffsetsToTxn, 3, &ADD_OFFSETS_TO_TXN),
    shape(ApiKey::EndTxn, 3, &END_TXN),
    shape(ApiKey::TxnOffsetCommit, 3, &TXN_OFFSET_COMMIT),
    shape(ApiKey::DescribeConfigs, 4, &DESCRIBE_CONFIGS),
    shape(ApiKey::CreatePartitions, 2, &CREATE_PARTITIONS),
    shape(ApiKey::DeleteGroups, 2, &DELETE_GROUPS),
    shape(ApiKey::IncrementalAlterConfigs, 1, &INCREMENTAL_ALTER_CONFIGS),
    shape(ApiKey::OffsetDelete, NEVER, &OFFSET_DELETE),
    shape(ApiKey::DescribeCluster, 0, &DESCRIBE_CLUSTER),
    shape(ApiKey::DescribeProducers, 0, &DESCRIBE_PRODUCERS),
    shape(ApiKey::DescribeTransactions, 0, &DESCRIBE_TRANSACTIONS),
    shape(ApiKey::ListTransactions, 0, &LIST_TRANSACTIONS),
];
