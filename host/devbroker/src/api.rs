//! The requests that are answered, and in which versions; one file for each family.
//!
//! The versions end below KIP-890's second part and KIP-848 on purpose: clients then run transactions and groups by the
//! protocols that are modelled here.

mod configs;
mod describe;
pub(crate) mod fetch;
mod groups;
mod metadata;
mod offsets;
pub(crate) mod produce;
pub(crate) mod refusal;
pub(crate) mod subject;
mod topics;
mod transactions;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse, RequestKind, ResponseKind};
use kafka_protocol::protocol::StrBytes;

use crate::clock::Moment;
use crate::core::{Caller, Core, Reply};

/// A request and the versions of it that are understood.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Api {
    pub(crate) key: ApiKey,
    pub(crate) min: i16,
    pub(crate) max: i16,
}

const fn api(key: ApiKey, min: i16, max: i16) -> Api {
    Api { key, min, max }
}

pub(crate) const APIS: &[Api] = &[
    api(ApiKey::Produce, 3, 11),
    api(ApiKey::Fetch, 4, 16),
    api(ApiKey::ListOffsets, 1, 9),
    api(ApiKey::Metadata, 0, 12),
    api(ApiKey::OffsetCommit, 2, 9),
    api(ApiKey::OffsetFetch, 1, 9),
    api(ApiKey::FindCoordinator, 0, 4),
    api(ApiKey::JoinGroup, 0, 9),
    api(ApiKey::Heartbeat, 0, 4),
    api(ApiKey::LeaveGroup, 0, 5),
    api(ApiKey::SyncGroup, 0, 5),
    api(ApiKey::DescribeGroups, 0, 5),
    api(ApiKey::ListGroups, 0, 4),
    api(ApiKey::ApiVersions, 0, 4),
    api(ApiKey::CreateTopics, 2, 7),
    api(ApiKey::DeleteTopics, 1, 6),
    api(ApiKey::DeleteRecords, 0, 2),
    api(ApiKey::InitProducerId, 0, 4),
    api(ApiKey::OffsetForLeaderEpoch, 2, 4),
    api(ApiKey::AddPartitionsToTxn, 0, 3),
    api(ApiKey::AddOffsetsToTxn, 0, 3),
    api(ApiKey::EndTxn, 0, 3),
    api(ApiKey::TxnOffsetCommit, 0, 3),
    api(ApiKey::DescribeConfigs, 1, 4),
    api(ApiKey::CreatePartitions, 0, 3),
    api(ApiKey::DeleteGroups, 0, 2),
    api(ApiKey::IncrementalAlterConfigs, 0, 1),
    api(ApiKey::OffsetDelete, 0, 0),
    api(ApiKey::DescribeCluster, 0, 1),
    api(ApiKey::DescribeProducers, 0, 0),
    api(ApiKey::DescribeTransactions, 0, 0),
    api(ApiKey::ListTransactions, 0, 1),
];

/// The API with this key, if it is answered at all.
pub(crate) fn known(key: i16) -> Option<Api> {
    APIS.iter().copied().find(|api| api.key as i16 == key)
}

pub(crate) fn api_versions(error: i16) -> ApiVersionsResponse {
    let versions = APIS.iter().map(|api| {
        ApiVersion::default().with_api_key(api.key as i16).with_min_version(api.min).with_max_version(api.max)
    });
    ApiVersionsResponse::default().with_error_code(error).with_api_keys(versions.collect())
}

impl Core {
    /// Answers one request. Produce and Fetch do not come this way: they have work to do without the lock.
    pub(crate) fn handle(&mut self, caller: &Caller, request: RequestKind, now: Moment) -> Reply {
        let answer: ResponseKind = match request {
            RequestKind::ApiVersions(_) => api_versions(0).into(),
            RequestKind::Metadata(it) => self.metadata(caller, &it).into(),
            RequestKind::DescribeCluster(_) => self.describe_cluster(caller).into(),
            RequestKind::FindCoordinator(it) => self.find_coordinator(caller, &it).into(),
            RequestKind::ListOffsets(it) => self.list_offsets(caller, &it).into(),
            RequestKind::OffsetForLeaderEpoch(it) => self.offset_for_leader_epoch(caller, &it).into(),
            RequestKind::DeleteRecords(it) => self.delete_records(caller, &it).into(),
            RequestKind::CreateTopics(it) => self.create_topics(&it).into(),
            RequestKind::DeleteTopics(it) => self.delete_topics(caller, &it).into(),
            RequestKind::CreatePartitions(it) => self.create_partitions(&it).into(),
            RequestKind::DescribeConfigs(it) => self.describe_configs(&it).into(),
            RequestKind::IncrementalAlterConfigs(it) => self.incremental_alter_configs(&it).into(),
            RequestKind::InitProducerId(it) => self.init_producer_id(caller, &it, now).into(),
            RequestKind::AddPartitionsToTxn(it) => self.add_partitions_to_txn(caller, &it, now).into(),
            RequestKind::AddOffsetsToTxn(it) => self.add_offsets_to_txn(caller, &it, now).into(),
            RequestKind::EndTxn(it) => self.end_txn(caller, &it, now).into(),
            RequestKind::DescribeProducers(it) => self.describe_producers(caller, &it).into(),
            RequestKind::DescribeTransactions(it) => self.describe_transactions(caller, &it).into(),
            RequestKind::ListTransactions(it) => self.list_transactions(caller, &it, now).into(),
            group => return self.group_request(caller, group, now),
        };
        Reply::Now(answer)
    }
}

/// The number an outcome has on the wire, 0 for none.
pub(crate) fn code<T>(outcome: &Result<T, ResponseError>) -> i16 {
    outcome.as_ref().err().map_or(0, ResponseError::code)
}

pub(crate) fn text(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}
