//! Who is there and who leads what: Metadata, DescribeCluster, FindCoordinator.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, DescribeClusterResponse, FindCoordinatorRequest, FindCoordinatorResponse, MetadataRequest,
    MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::text;
use crate::cluster::Coordinated;
use crate::core::{Caller, Core};
use crate::offsets_topic;
use crate::topics::Topic;

const CONTROLLER: BrokerId = BrokerId(1);
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
/// From this version on FindCoordinator asks for many at once.
const MANY_SINCE: i16 = 4;
/// Before it the client could not say whether topics are to be made, and none was ever made silently after it.
const MAY_CREATE_SINCE: i16 = 4;

impl Core {
    /// The nodes, each with its host and port as this caller is to reach it.
    fn nodes(&self, caller: &Caller) -> impl Iterator<Item = (BrokerId, StrBytes, i32)> {
        let addresses = self.addresses.get(caller.listeners).or(self.addresses.first());
        let addresses = addresses.map(Vec::as_slice).unwrap_or_default();
        self.cluster.nodes().zip(addresses).map(|(id, (host, port))| (BrokerId(id), host.clone(), *port))
    }

    pub(super) fn metadata(&mut self, caller: &Caller, request: &MetadataRequest) -> MetadataResponse {
        let brokers = self
            .nodes(caller)
            .map(|(id, host, port)| MetadataResponseBroker::default().with_node_id(id).with_host(host).with_port(port));
        let answer = MetadataResponse::default()
            .with_brokers(brokers.collect())
            .with_cluster_id(Some(text(self.cluster.id.as_str())))
            .with_controller_id(CONTROLLER);
        // Version 0 has no null: an empty list asked for everything.
        let wanted = request.topics.as_ref().filter(|topics| caller.version > 0 || !topics.is_empty());
        let topics = match wanted {
            None => self.cluster.topics.iter().map(|(name, topic)| described(name, topic)).collect(),
            Some(wanted) => {
                let may_create = caller.version < MAY_CREATE_SINCE || request.allow_auto_topic_creation;
                let each = wanted.iter().map(|it| self.metadata_of(it.name.as_ref(), it.topic_id, may_create));
                each.collect()
            }
        };
        answer.with_topics(topics)
    }

    fn metadata_of(&mut self, name: Option<&TopicName>, id: Uuid, may_create: bool) -> MetadataResponseTopic {
        let refused = |error: ResponseError| MetadataResponseTopic::default().with_error_code(error.code());
        let Some(name) = name.map(|name| name.as_str()) else {
            let known = self.cluster.name_of(id).and_then(|name| Some((name, self.cluster.topic(name).ok()?)));
            return match known {
                Some((name, topic)) => described(name, topic),
                None => refused(ResponseError::UnknownTopicId).with_topic_id(id).with_name(None),
            };
        };
        if may_create && self.options.auto_create_topics && self.cluster.topic(name).is_err() {
            let partitions = self.options.default_partitions;
            if let Err((error, _)) = self.cluster.create_topic(name, partitions, Default::default(), false) {
                return refused(error).with_name(Some(topic_name(name)));
            }
        }
        match self.cluster.topic(name) {
            Ok(topic) => described(name, topic),
            Err(error) => {
                let error = crate::topics::check_name(name).err().unwrap_or(error);
                refused(error).with_name(Some(topic_name(name)))
            }
        }
    }

    pub(super) fn describe_cluster(&self, caller: &Caller) -> DescribeClusterResponse {
        let brokers = self.nodes(caller).map(|(id, host, port)| {
            DescribeClusterBroker::default().with_broker_id(id).with_host(host).with_port(port)
        });
        DescribeClusterResponse::default()
            .with_cluster_id(text(self.cluster.id.as_str()))
            .with_controller_id(CONTROLLER)
            .with_endpoint_type(1)
            .with_brokers(brokers.collect())
    }

    pub(super) fn find_coordinator(
        &self,
        caller: &Caller,
        request: &FindCoordinatorRequest,
    ) -> FindCoordinatorResponse {
        if caller.version >= MANY_SINCE {
            let found = request.coordinator_keys.iter().map(|key| self.coordinator_of(caller, request.key_type, key));
            return FindCoordinatorResponse::default().with_coordinators(found.collect());
        }
        let found = self.coordinator_of(caller, request.key_type, &request.key);
        FindCoordinatorResponse::default()
            .with_error_code(found.error_code)
            .with_node_id(found.node_id)
            .with_host(found.host)
            .with_port(found.port)
    }

    fn coordinator_of(&self, caller: &Caller, key_type: i8, key: &StrBytes) -> Coordinator {
        let answer = Coordinator::default().with_key(key.clone()).with_node_id(BrokerId(-1)).with_port(-1);
        let what = match key_type {
            GROUP => Coordinated::Group(key.to_string()),
            TRANSACTION if !key.is_empty() => Coordinated::Transaction(key.to_string()),
            _ => return answer.with_error_code(ResponseError::InvalidRequest.code()),
        };
        let node = BrokerId(self.cluster.coordinator(&what));
        match self.nodes(caller).find(|(id, ..)| *id == node) {
            Some((id, host, port)) => answer.with_node_id(id).with_host(host).with_port(port),
            None => answer.with_error_code(ResponseError::CoordinatorNotAvailable.code()),
        }
    }
}

fn described(name: &str, topic: &Topic) -> MetadataResponseTopic {
    let partitions = (0..).zip(&topic.partitions).map(|(index, partition)| {
        let leader = BrokerId(partition.leader);
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(leader)
            .with_leader_epoch(partition.leader_epoch())
            .with_replica_nodes(vec![leader])
            .with_isr_nodes(vec![leader])
    });
    MetadataResponseTopic::default()
        .with_name(Some(topic_name(name)))
        .with_topic_id(topic.id)
        .with_is_internal(name == offsets_topic::NAME)
        .with_partitions(partitions.collect())
}

fn topic_name(name: &str) -> TopicName {
    TopicName(text(name))
}
