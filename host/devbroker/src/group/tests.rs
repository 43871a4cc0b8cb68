//! A coordinator with a clock that is set by hand, and requests in a line each.

mod admin;
mod expiry;
mod histories;
mod joins;
mod offsets;
mod sessions;
mod static_members;
mod syncs;
mod transactions;

use bytes::{BufMut as _, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    ConsumerProtocolSubscription, GroupId, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse,
    OffsetCommitRequest, OffsetFetchRequest, ProducerId, ResponseKind, SyncGroupRequest, SyncGroupResponse, TopicName,
    TxnOffsetCommitRequest,
};
use kafka_protocol::protocol::Encodable as _;

use super::{Answers, Caller, Groups, Options, text};

pub(super) const GROUP: &str = "g";
pub(super) const NONE: i16 = 0;

/// A waiter is the number of its request.
pub(super) struct Bench {
    pub(super) groups: Groups<u32>,
    pub(super) now: i64,
    pub(super) out: Answers<u32>,
    pub(super) asked: u32,
}

pub(super) fn at_once() -> Options {
    Options { initial_rebalance_delay_ms: 0, ..Options::default() }
}

pub(super) fn caller(version: i16) -> Caller<'static> {
    Caller { version, client_id: "client", client_host: "/127.0.0.1" }
}

/// What a consumer says about itself, for the topics it subscribes to.
pub(super) fn subscription(topics: &[&str]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(0);
    let subscribed =
        ConsumerProtocolSubscription::default().with_topics(topics.iter().map(|topic| text(topic)).collect());
    subscribed.encode(&mut bytes, 0).unwrap();
    bytes.freeze()
}

pub(super) fn join(member: &str, protocols: &[(&str, &[&str])]) -> JoinGroupRequest {
    let protocols = protocols.iter().map(|(name, topics)| {
        JoinGroupRequestProtocol::default().with_name(text(name)).with_metadata(subscription(topics))
    });
    JoinGroupRequest::default()
        .with_group_id(GroupId(text(GROUP)))
        .with_member_id(text(member))
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(30_000)
        .with_protocol_type("consumer".into())
        .with_protocols(protocols.collect())
}

pub(super) fn range(member: &str) -> JoinGroupRequest {
    join(member, &[("range", &["t"])])
}

pub(super) fn instance(member: &str, instance: &str) -> JoinGroupRequest {
    range(member).with_group_instance_id(Some(text(instance)))
}

impl Bench {
    pub(super) fn new(options: Options) -> Self {
        Self { groups: Groups::new(options, 7), now: 1_000_000, out: Vec::new(), asked: 0 }
    }

    pub(super) fn next(&mut self) -> u32 {
        self.asked += 1;
        self.asked
    }

    /// The answer to a request, if there is one yet.
    pub(super) fn answer<A>(&mut self, asked: u32, read: impl Fn(ResponseKind) -> Option<A>) -> Option<A> {
        let at = self.out.iter().position(|(waiter, _)| *waiter == asked)?;
        let (_, answer) = self.out.remove(at);
        Some(read(answer).expect("an answer of the request's kind"))
    }

    pub(super) fn tick(&mut self, ms: i64) {
        self.now += ms;
        self.groups.tick(self.now, &mut self.out);
    }

    pub(super) fn send_join(&mut self, version: i16, request: JoinGroupRequest) -> u32 {
        let asked = self.next();
        self.groups.join_group(asked, caller(version), request, self.now, &mut self.out);
        asked
    }

    pub(super) fn joined(&mut self, asked: u32) -> Option<JoinGroupResponse> {
        self.answer(asked, |answer| if let ResponseKind::JoinGroup(answer) = answer { Some(answer) } else { None })
    }

    pub(super) fn join(&mut self, version: i16, request: JoinGroupRequest) -> JoinGroupResponse {
        let asked = self.send_join(version, request);
        self.joined(asked).expect("an answer at once")
    }

    /// Asks for an id, the way every client since version 4 does.
    pub(super) fn id(&mut self) -> String {
        let answer = self.join(9, range(""));
        assert_eq!(answer.error_code, ResponseError::MemberIdRequired.code());
        answer.member_id.to_string()
    }

    pub(super) fn send_sync(&mut self, member: &str, generation: i32, assigned: &[(&str, &str)]) -> u32 {
        let asked = self.next();
        let assignments = assigned.iter().map(|(member, assignment)| {
            SyncGroupRequestAssignment::default()
                .with_member_id(text(member))
                .with_assignment(Bytes::copy_from_slice(assignment.as_bytes()))
        });
        let request = SyncGroupRequest::default()
            .with_group_id(GroupId(text(GROUP)))
            .with_member_id(text(member))
            .with_generation_id(generation)
            .with_assignments(assignments.collect());
        self.groups.sync_group(asked, &request, self.now, &mut self.out);
        asked
    }

    pub(super) fn synced(&mut self, asked: u32) -> Option<SyncGroupResponse> {
        self.answer(asked, |answer| if let ResponseKind::SyncGroup(answer) = answer { Some(answer) } else { None })
    }

    /// A stable group of so many members, the leader first.
    pub(super) fn stable(&mut self, members: usize) -> (i32, Vec<String>) {
        let requests = (0..members).map(|_| range("")).collect();
        self.stable_of(requests)
    }

    pub(super) fn stable_of(&mut self, requests: Vec<JoinGroupRequest>) -> (i32, Vec<String>) {
        let first = self.send_join(3, requests[0].clone());
        let first = self.joined(first).expect("the first member leads at once");
        let leader = first.member_id.to_string();
        let mut generation = first.generation_id;
        let mut members = vec![leader.clone()];
        if requests.len() > 1 {
            let others: Vec<_> = requests[1..].iter().map(|request| self.send_join(3, request.clone())).collect();
            let again = requests[0].clone().with_member_id(text(&leader));
            generation = self.join(3, again).generation_id;
            members.extend(others.into_iter().map(|asked| self.joined(asked).unwrap().member_id.to_string()));
        }
        let assigned: Vec<_> = members.iter().map(|member| (member.as_str(), member.as_str())).collect();
        for (nth, member) in members.iter().enumerate() {
            let asked = self.send_sync(member, generation, if nth == 0 { &assigned } else { &[] });
            assert_eq!(self.synced(asked).unwrap().error_code, NONE);
        }
        (generation, members)
    }

    pub(super) fn heartbeat(&mut self, member: &str, generation: i32) -> i16 {
        self.heartbeat_of(member, generation, None)
    }

    pub(super) fn heartbeat_of(&mut self, member: &str, generation: i32, instance: Option<&str>) -> i16 {
        let asked = self.next();
        let request = HeartbeatRequest::default()
            .with_group_id(GroupId(text(GROUP)))
            .with_member_id(text(member))
            .with_generation_id(generation)
            .with_group_instance_id(instance.map(text));
        self.groups.heartbeat(asked, &request, self.now, &mut self.out);
        let read = |answer| match answer {
            ResponseKind::Heartbeat(HeartbeatResponse { error_code, .. }) => Some(error_code),
            _ => None,
        };
        self.answer(asked, read).unwrap()
    }

    /// Commits one position of partition 0 and gives the partition's error.
    pub(super) fn commit(&mut self, version: i16, member: &str, generation: i32, topic: &str, offset: i64) -> i16 {
        let request = commit_request(member, generation, topic, offset, "token");
        self.send_commit(version, &request)
    }

    pub(super) fn send_commit(&mut self, version: i16, request: &OffsetCommitRequest) -> i16 {
        let asked = self.next();
        self.groups.offset_commit(asked, caller(version), request, &exists, self.now, &mut self.out);
        let read = |answer| match answer {
            ResponseKind::OffsetCommit(answer) => Some(answer.topics[0].partitions[0].error_code),
            _ => None,
        };
        self.answer(asked, read).unwrap()
    }

    pub(super) fn txn_commit(&mut self, producer: i64, member: &str, generation: i32, topic: &str, offset: i64) -> i16 {
        let asked = self.next();
        let partition = TxnOffsetCommitRequestPartition::default()
            .with_committed_offset(offset)
            .with_committed_metadata(Some("pending".into()));
        let topic = TxnOffsetCommitRequestTopic::default().with_name(TopicName(text(topic)));
        let request = TxnOffsetCommitRequest::default()
            .with_group_id(GroupId(text(GROUP)))
            .with_producer_id(ProducerId(producer))
            .with_member_id(text(member))
            .with_generation_id(generation)
            .with_topics(vec![topic.with_partitions(vec![partition])]);
        self.groups.txn_offset_commit(asked, &request, &exists, self.now, &mut self.out);
        let read = |answer| match answer {
            ResponseKind::TxnOffsetCommit(answer) => Some(answer.topics[0].partitions[0].error_code),
            _ => None,
        };
        self.answer(asked, read).unwrap()
    }

    /// (offset, error) of partition 0.
    pub(super) fn fetch(&mut self, topic: &str, stable: bool) -> (i64, i16) {
        let topic =
            OffsetFetchRequestTopic::default().with_name(TopicName(text(topic))).with_partition_indexes(vec![0]);
        let request = OffsetFetchRequest::default()
            .with_group_id(GroupId(text(GROUP)))
            .with_topics(Some(vec![topic]))
            .with_require_stable(stable);
        let asked = self.next();
        self.groups.offset_fetch(asked, caller(7), &request, &mut self.out);
        let read = |answer| match answer {
            ResponseKind::OffsetFetch(answer) => {
                let partition = &answer.topics[0].partitions[0];
                Some((partition.committed_offset, partition.error_code))
            }
            _ => None,
        };
        self.answer(asked, read).unwrap()
    }
}

pub(super) fn commit_request(
    member: &str,
    generation: i32,
    topic: &str,
    offset: i64,
    metadata: &str,
) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition::default()
        .with_committed_offset(offset)
        .with_committed_metadata(Some(text(metadata)));
    let topic = OffsetCommitRequestTopic::default().with_name(TopicName(text(topic))).with_partitions(vec![partition]);
    OffsetCommitRequest::default()
        .with_group_id(GroupId(text(GROUP)))
        .with_member_id(text(member))
        .with_generation_id_or_member_epoch(generation)
        .with_topics(vec![topic])
}

/// Every topic but one has partitions 0 to 9.
pub(super) fn exists(topic: &str, partition: i32) -> bool {
    topic != "missing" && (0..10).contains(&partition)
}
