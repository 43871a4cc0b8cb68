//! DescribeConfigs and IncrementalAlterConfigs. Topics only: a broker's own configuration is its [`Options`](crate::Options).

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult};
use kafka_protocol::messages::incremental_alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{
    DescribeConfigsRequest, DescribeConfigsResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

use super::text;
use crate::core::Core;
use crate::topics;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// `config_source` in answers.
const SET_FOR_TOPIC: i8 = 1;
const DEFAULT: i8 = 5;

type Refused = (ResponseError, String);

impl Core {
    pub(super) fn describe_configs(&self, request: &DescribeConfigsRequest) -> DescribeConfigsResponse {
        let results = request.resources.iter().map(|resource| {
            let answer = DescribeConfigsResult::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone());
            match self.described(resource) {
                Ok(configs) => answer.with_configs(configs),
                Err((error, said)) => answer.with_error_code(error.code()).with_error_message(Some(text(said))),
            }
        });
        DescribeConfigsResponse::default().with_results(results.collect())
    }

    fn described(&self, resource: &DescribeConfigsResource) -> Result<Vec<DescribeConfigsResourceResult>, Refused> {
        if resource.resource_type == BROKER {
            return Ok(Vec::new());
        }
        check_type(resource.resource_type)?;
        let topic = self.cluster.topic(&resource.resource_name).map_err(|error| (error, String::new()))?;
        let is_asked = |name: &str| {
            resource.configuration_keys.as_ref().is_none_or(|keys| keys.iter().any(|key| key.as_str() == name))
        };
        let shown = topics::in_force(&topic.configs).filter(|(name, ..)| is_asked(name));
        let shown = shown.map(|(name, value, is_set)| {
            DescribeConfigsResourceResult::default()
                .with_name(text(name))
                .with_value(Some(text(value)))
                .with_config_source(if is_set { SET_FOR_TOPIC } else { DEFAULT })
        });
        Ok(shown.collect())
    }

    pub(super) fn incremental_alter_configs(
        &mut self,
        request: &IncrementalAlterConfigsRequest,
    ) -> IncrementalAlterConfigsResponse {
        let results = request.resources.iter().map(|resource| {
            let answer = AlterConfigsResourceResponse::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone());
            match self.altered(resource, request.validate_only) {
                Ok(()) => answer,
                Err((error, said)) => answer.with_error_code(error.code()).with_error_message(Some(text(said))),
            }
        });
        IncrementalAlterConfigsResponse::default().with_responses(results.collect())
    }

    fn altered(&mut self, resource: &AlterConfigsResource, validate_only: bool) -> Result<(), Refused> {
        check_type(resource.resource_type)?;
        let unknown = (ResponseError::UnknownTopicOrPartition, String::new());
        let topic = self.cluster.topics.get(resource.resource_name.as_str()).ok_or(unknown)?;
        let mut configs = topic.configs.clone();
        for config in &resource.configs {
            apply(&mut configs, &config.name, config.config_operation, config.value.as_deref())?;
        }
        self.cluster.set_configs(&resource.resource_name, configs, validate_only)
    }
}

/// Set, delete, append to a list, take from a list.
fn apply(
    configs: &mut BTreeMap<String, String>,
    name: &str,
    operation: i8,
    value: Option<&str>,
) -> Result<(), Refused> {
    let value = value.unwrap_or_default();
    let listed = |configs: &BTreeMap<String, String>| -> Vec<String> {
        let (_, present, _) = topics::in_force(configs).find(|(key, ..)| *key == name).unwrap_or_default();
        present.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
    };
    match operation {
        0 => _ = configs.insert(name.to_owned(), value.to_owned()),
        1 => _ = configs.remove(name),
        2 => {
            let mut items = listed(configs);
            items.extend(
                value
                    .split(',')
                    .filter(|item| !items.iter().any(|it| it == item))
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
            );
            configs.insert(name.to_owned(), items.join(","));
        }
        3 => {
            let mut items = listed(configs);
            items.retain(|item| !value.split(',').any(|taken| taken == item));
            configs.insert(name.to_owned(), items.join(","));
        }
        other => return Err((ResponseError::InvalidRequest, format!("unknown operation {other}"))),
    }
    Ok(())
}

fn check_type(resource_type: i8) -> Result<(), Refused> {
    if resource_type == TOPIC {
        return Ok(());
    }
    Err((ResponseError::InvalidRequest, "the dev broker has configurations of topics only".to_owned()))
}
