//! CreateTopics, DeleteTopics, CreatePartitions.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse, TopicName,
};

use super::text;
use crate::core::{Caller, Core};
use crate::topics;

/// From this version on DeleteTopics names topics by id too.
const DELETE_BY_ID_SINCE: i16 = 6;
/// `config_source` in answers.
const SET_FOR_TOPIC: i8 = 1;
const DEFAULT: i8 = 5;

impl Core {
    pub(super) fn create_topics(&mut self, request: &CreateTopicsRequest) -> CreateTopicsResponse {
        let made = request.topics.iter().map(|topic| {
            let answer = CreatableTopicResult::default().with_name(topic.name.clone());
            match self.create_asked(topic, request.validate_only) {
                Ok((id, partitions, configs)) => answer
                    .with_topic_id(id)
                    .with_num_partitions(partitions)
                    .with_replication_factor(1)
                    .with_configs(Some(configs)),
                Err((error, said)) => answer
                    .with_error_code(error.code())
                    .with_error_message(Some(text(said)))
                    .with_num_partitions(-1)
                    .with_replication_factor(-1),
            }
        });
        CreateTopicsResponse::default().with_topics(made.collect())
    }

    fn create_asked(
        &mut self,
        topic: &CreatableTopic,
        validate_only: bool,
    ) -> Result<(uuid::Uuid, i32, Vec<CreatableTopicConfigs>), (ResponseError, String)> {
        let nodes = i16::try_from(self.cluster.nodes().count()).unwrap_or(1);
        // There are no replicas; a factor that the posed brokers could carry is taken without a word.
        if !(topic.replication_factor == -1 || (1..=nodes).contains(&topic.replication_factor))
            && topic.assignments.is_empty()
        {
            let said = format!("replication factor {}: there are {nodes} brokers", topic.replication_factor);
            return Err((ResponseError::InvalidReplicationFactor, said));
        }
        let partitions = match (topic.num_partitions, topic.assignments.len()) {
            (-1, 0) => self.options.default_partitions,
            (-1, assigned) => i32::try_from(assigned).unwrap_or(i32::MAX),
            (asked, _) => asked,
        };
        let set = topic.configs.iter().filter_map(|it| Some((it.name.to_string(), it.value.as_ref()?.to_string())));
        let configs: BTreeMap<String, String> = set.collect();
        let shown = topics::in_force(&configs).map(|(name, value, is_set)| {
            CreatableTopicConfigs::default()
                .with_name(text(name))
                .with_value(Some(text(value)))
                .with_config_source(if is_set { SET_FOR_TOPIC } else { DEFAULT })
        });
        let shown = shown.collect();
        let id = self.cluster.create_topic(&topic.name, partitions, configs, validate_only)?;
        Ok((id, partitions, shown))
    }

    pub(super) fn delete_topics(&mut self, caller: &Caller, request: &DeleteTopicsRequest) -> DeleteTopicsResponse {
        let by_name = request.topic_names.iter().map(|name| DeleteTopicState::default().with_name(Some(name.clone())));
        let wanted: Vec<DeleteTopicState> = match caller.version >= DELETE_BY_ID_SINCE {
            true => request.topics.clone(),
            false => by_name.collect(),
        };
        let deleted = wanted.iter().map(|wanted| {
            let name = match &wanted.name {
                Some(name) => Ok(name.to_string()),
                None => self.cluster.name_of(wanted.topic_id).map(str::to_owned).ok_or(ResponseError::UnknownTopicId),
            };
            let answer = DeletableTopicResult::default().with_name(wanted.name.clone()).with_topic_id(wanted.topic_id);
            match name.and_then(|name| Ok((self.delete_topic(&name)?, name))) {
                Ok((id, name)) => answer.with_topic_id(id).with_name(Some(TopicName(text(name)))),
                Err(error) => answer.with_error_code(error.code()),
            }
        });
        DeleteTopicsResponse::default().with_responses(deleted.collect())
    }

    /// With everything that hangs on it: markers that wait, positions of groups.
    pub(crate) fn delete_topic(&mut self, name: &str) -> Result<uuid::Uuid, ResponseError> {
        let topic = self.cluster.delete_topic(name)?;
        self.transactions.forget_topic(name);
        self.groups.topic_deleted(name);
        Ok(topic.id)
    }

    pub(super) fn create_partitions(&mut self, request: &CreatePartitionsRequest) -> CreatePartitionsResponse {
        let made = request.topics.iter().map(|topic| {
            let answer = CreatePartitionsTopicResult::default().with_name(topic.name.clone());
            match self.cluster.add_partitions(&topic.name, topic.count, request.validate_only) {
                Ok(()) => answer,
                Err((error, said)) => answer.with_error_code(error.code()).with_error_message(Some(text(said))),
            }
        });
        CreatePartitionsResponse::default().with_results(made.collect())
    }
}
