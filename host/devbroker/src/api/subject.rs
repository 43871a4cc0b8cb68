//! What a request is about: the names in it that decide who answers it, and which fault applies to it.

use kafka_protocol::messages::RequestKind;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Subject<'a> {
    pub(crate) topics: Vec<&'a str>,
    pub(crate) groups: Vec<&'a str>,
    pub(crate) transactional_id: Option<&'a str>,
}

impl<'a> Subject<'a> {
    pub(crate) fn of(request: &'a RequestKind) -> Self {
        let mut subject = Self::default();
        match request {
            RequestKind::Produce(it) => {
                subject.topics.extend(it.topic_data.iter().map(|topic| topic.name.as_str()));
                subject.transactional_id = it.transactional_id.as_ref().map(|id| id.as_str());
            }
            // From version 13 on topics go by their ids, and no rule by topic applies.
            RequestKind::Fetch(it) => subject.topics.extend(it.topics.iter().map(|topic| topic.topic.as_str())),
            RequestKind::ListOffsets(it) => subject.topics.extend(it.topics.iter().map(|topic| topic.name.as_str())),
            RequestKind::Metadata(it) => {
                let named = it.topics.iter().flatten().filter_map(|topic| topic.name.as_ref());
                subject.topics.extend(named.map(|name| name.as_str()));
            }
            RequestKind::CreateTopics(it) => subject.topics.extend(it.topics.iter().map(|topic| topic.name.as_str())),
            RequestKind::InitProducerId(it) => {
                subject.transactional_id = it.transactional_id.as_ref().map(|id| id.as_str());
            }
            RequestKind::AddPartitionsToTxn(it) => {
                subject.topics.extend(it.v3_and_below_topics.iter().map(|topic| topic.name.as_str()));
                subject.transactional_id = Some(&it.v3_and_below_transactional_id);
            }
            RequestKind::AddOffsetsToTxn(it) => {
                // Its group is a part of the transaction; who coordinates the group does not matter yet.
                subject.transactional_id = Some(&it.transactional_id);
            }
            RequestKind::EndTxn(it) => subject.transactional_id = Some(&it.transactional_id),
            RequestKind::TxnOffsetCommit(it) => {
                subject.groups.push(&it.group_id);
                subject.transactional_id = Some(&it.transactional_id);
            }
            RequestKind::FindCoordinator(it) => {
                subject.groups.extend((it.key_type == 0).then_some(it.key.as_str()).filter(|key| !key.is_empty()));
                subject.transactional_id = (it.key_type == 1).then_some(it.key.as_str());
            }
            RequestKind::JoinGroup(it) => subject.groups.push(&it.group_id),
            RequestKind::SyncGroup(it) => subject.groups.push(&it.group_id),
            RequestKind::Heartbeat(it) => subject.groups.push(&it.group_id),
            RequestKind::LeaveGroup(it) => subject.groups.push(&it.group_id),
            RequestKind::OffsetCommit(it) => subject.groups.push(&it.group_id),
            RequestKind::OffsetDelete(it) => subject.groups.push(&it.group_id),
            RequestKind::OffsetFetch(it) => {
                let many = it.groups.iter().map(|group| group.group_id.as_str());
                subject.groups.extend(many.chain(Some(it.group_id.as_str()).filter(|id| !id.is_empty())));
            }
            RequestKind::DescribeGroups(it) => subject.groups.extend(it.groups.iter().map(|group| group.as_str())),
            RequestKind::DeleteGroups(it) => subject.groups.extend(it.groups_names.iter().map(|group| group.as_str())),
            _ => {}
        }
        subject
    }
}
