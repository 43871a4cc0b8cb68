//! What operators ask of groups: describe, list, delete one, delete positions of one.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, GroupId,
    ListGroupsRequest, ListGroupsResponse, OffsetDeleteRequest, OffsetDeleteResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::commit::Exists;
use super::membership::{Group, State};
use super::{Answers, Caller, Groups, code, text};

/// From this version on a group that is not there is an error; before it is "Dead".
const GROUP_ID_NOT_FOUND: i16 = 6;

impl<W> Groups<W> {
    pub fn describe_groups(
        &self,
        waiter: W,
        caller: Caller<'_>,
        request: &DescribeGroupsRequest,
        out: &mut Answers<W>,
    ) {
        let described = request.groups.iter().map(|id| {
            let answer = DescribedGroup::default().with_group_id(id.clone());
            match self.groups.get(id.as_str()) {
                Some(group) => group.describe(answer),
                None if caller.version < GROUP_ID_NOT_FOUND => answer.with_group_state("Dead".into()),
                None => answer
                    .with_group_state("Dead".into())
                    .with_error_code(ResponseError::GroupIdNotFound.code())
                    .with_error_message(Some(text(&format!("Group {} not found.", id.as_str())))),
            }
        });
        out.push((waiter, DescribeGroupsResponse::default().with_groups(described.collect()).into()));
    }

    pub fn list_groups(&self, waiter: W, request: &ListGroupsRequest, out: &mut Answers<W>) {
        let wants = |filter: &[StrBytes], name: &str| {
            filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
        };
        let groups = self.groups.values().filter(|group| {
            wants(&request.states_filter, group.state.name()) && wants(&request.types_filter, "classic")
        });
        let listed = groups.map(|group| {
            ListedGroup::default()
                .with_group_id(GroupId(text(&group.id)))
                .with_protocol_type(text(group.protocol_type.as_deref().unwrap_or_default()))
                .with_group_state(group.state.name().into())
                .with_group_type("classic".into())
        });
        out.push((waiter, ListGroupsResponse::default().with_groups(listed.collect()).into()));
    }

    pub fn delete_groups(&mut self, waiter: W, request: &DeleteGroupsRequest, out: &mut Answers<W>) {
        let mut results = Vec::new();
        for id in &request.groups_names {
            let deleted = self.delete_group(id);
            results.push(DeletableGroupResult::default().with_group_id(id.clone()).with_error_code(code(deleted)));
        }
        out.push((waiter, DeleteGroupsResponse::default().with_results(results).into()));
    }

    fn delete_group(&mut self, id: &str) -> Result<(), ResponseError> {
        match self.groups.get(id).map(|group| group.state) {
            _ if id.is_empty() => Err(ResponseError::InvalidGroupId),
            None => Err(ResponseError::GroupIdNotFound),
            Some(State::Empty) => {
                self.remove(id);
                Ok(())
            }
            Some(_) => Err(ResponseError::NonEmptyGroup),
        }
    }

    pub fn offset_delete(
        &mut self,
        waiter: W,
        request: &OffsetDeleteRequest,
        exists: Exists<'_>,
        out: &mut Answers<W>,
    ) {
        let answer = match self.groups.get_mut(request.group_id.as_str()) {
            _ if request.group_id.is_empty() => Err(ResponseError::InvalidGroupId),
            None => Err(ResponseError::GroupIdNotFound),
            // What members of another protocol read is not known.
            Some(group) if group.state != State::Empty && !group.uses_consumer_protocol() => {
                Err(ResponseError::NonEmptyGroup)
            }
            Some(group) => Ok(group.delete_offsets(request, exists)),
        };
        let response = OffsetDeleteResponse::default();
        let response = match answer {
            Ok(topics) => response.with_topics(topics),
            Err(error) => response.with_error_code(error.code()),
        };
        out.push((waiter, response.into()));
    }
}

impl<W> Group<W> {
    fn describe(&self, answer: DescribedGroup) -> DescribedGroup {
        let protocol = self.protocol.as_deref().filter(|_| self.state == State::Stable);
        let members = self.members.values().map(|member| {
            DescribedGroupMember::default()
                .with_member_id(text(&member.id))
                .with_group_instance_id(member.instance.as_deref().map(text))
                .with_client_id(text(&member.client_id))
                .with_client_host(text(&member.client_host))
                .with_member_metadata(protocol.map(|protocol| member.metadata(protocol)).unwrap_or_default())
                .with_member_assignment(protocol.map(|_| member.assignment.clone()).unwrap_or_default())
        });
        answer
            .with_group_state(self.state.name().into())
            .with_protocol_type(text(self.protocol_type.as_deref().unwrap_or_default()))
            .with_protocol_data(text(protocol.unwrap_or_default()))
            .with_members(members.collect())
    }

    fn delete_offsets(&mut self, request: &OffsetDeleteRequest, exists: Exists<'_>) -> Vec<OffsetDeleteResponseTopic> {
        let topics = request.topics.iter().map(|topic| {
            let subscribed = self.is_subscribed(&topic.name);
            let partitions = topic.partitions.iter().map(|partition| {
                let index = partition.partition_index;
                let deleted = match exists(&topic.name, index) {
                    false => Err(ResponseError::UnknownTopicOrPartition),
                    true if subscribed => Err(ResponseError::GroupSubscribedToTopic),
                    true => Ok(()),
                };
                if deleted.is_ok() {
                    self.offsets.delete(&topic.name, index);
                }
                OffsetDeleteResponsePartition::default().with_partition_index(index).with_error_code(code(deleted))
            });
            OffsetDeleteResponseTopic::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
        });
        topics.collect()
    }
}
