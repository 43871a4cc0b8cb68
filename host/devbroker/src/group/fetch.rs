//! OffsetFetch: committed positions, and for readers who ask for stable ones the news that a transaction is open.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{OffsetFetchRequest, OffsetFetchResponse, TopicName};

use super::membership::Group;
use super::offsets::Position;
use super::{Answers, Caller, Groups, text};

/// From this version on one request asks for several groups.
const BATCHED: i16 = 8;

type Wanted = Option<Vec<(TopicName, Vec<i32>)>>;

impl<W> Groups<W> {
    pub fn offset_fetch(&self, waiter: W, caller: Caller<'_>, request: &OffsetFetchRequest, out: &mut Answers<W>) {
        let answer = match caller.version >= BATCHED {
            true => self.fetch_groups(request),
            false => self.fetch_group(request),
        };
        out.push((waiter, answer.into()));
    }

    fn fetch_group(&self, request: &OffsetFetchRequest) -> OffsetFetchResponse {
        if request.group_id.is_empty() {
            return OffsetFetchResponse::default().with_error_code(ResponseError::InvalidGroupId.code());
        }
        let wanted = request
            .topics
            .as_ref()
            .map(|topics| topics.iter().map(|topic| (topic.name.clone(), topic.partition_indexes.clone())).collect());
        let found = fetch(self.groups.get(request.group_id.as_str()), wanted, request.require_stable);
        let topics = found.into_iter().map(|(topic, partitions)| {
            let partitions = partitions.into_iter().map(|found| {
                OffsetFetchResponsePartition::default()
                    .with_partition_index(found.partition_index)
                    .with_committed_offset(found.committed_offset)
                    .with_committed_leader_epoch(found.committed_leader_epoch)
                    .with_metadata(found.metadata)
                    .with_error_code(found.error_code)
            });
            OffsetFetchResponseTopic::default().with_name(topic).with_partitions(partitions.collect())
        });
        OffsetFetchResponse::default().with_topics(topics.collect())
    }

    fn fetch_groups(&self, request: &OffsetFetchRequest) -> OffsetFetchResponse {
        let groups = request.groups.iter().map(|group| {
            let answer = OffsetFetchResponseGroup::default().with_group_id(group.group_id.clone());
            if group.group_id.is_empty() {
                return answer.with_error_code(ResponseError::InvalidGroupId.code());
            }
            let wanted = group.topics.as_ref().map(|topics| {
                topics.iter().map(|topic| (topic.name.clone(), topic.partition_indexes.clone())).collect()
            });
            let found = fetch(self.groups.get(group.group_id.as_str()), wanted, request.require_stable);
            let topics = found.into_iter().map(|(topic, partitions)| {
                OffsetFetchResponseTopics::default().with_name(topic).with_partitions(partitions)
            });
            answer.with_topics(topics.collect())
        });
        OffsetFetchResponse::default().with_groups(groups.collect())
    }
}

/// All topics: those with a committed position, as in Kafka; one that is only pending is not named.
fn fetch<W>(
    group: Option<&Group<W>>,
    wanted: Wanted,
    stable: bool,
) -> Vec<(TopicName, Vec<OffsetFetchResponsePartitions>)> {
    let wanted = wanted.unwrap_or_else(|| {
        let topics = group.into_iter().flat_map(|group| group.offsets.topics());
        topics.map(|(topic, held)| (TopicName(text(topic)), held.map(|(partition, _)| partition).collect())).collect()
    });
    let answer = |topic: &TopicName, partition: i32| {
        let pending = group.is_some_and(|group| group.offsets.is_pending(topic, partition));
        let answer = match group.and_then(|group| group.offsets.get(topic, partition)) {
            _ if stable && pending => none().with_error_code(ResponseError::UnstableOffsetCommit.code()),
            Some(position) => found(position),
            None => none(),
        };
        answer.with_partition_index(partition)
    };
    let topics = wanted.into_iter().map(|(topic, partitions)| {
        let answers = partitions.into_iter().map(|partition| answer(&topic, partition)).collect();
        (topic, answers)
    });
    topics.collect()
}

fn none() -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions::default().with_committed_offset(-1)
}

fn found(position: &Position) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions::default()
        .with_committed_offset(position.offset)
        .with_committed_leader_epoch(position.leader_epoch)
        .with_metadata(Some(text(&position.metadata)))
}
