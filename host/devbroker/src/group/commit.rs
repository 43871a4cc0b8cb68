//! OffsetCommit and TxnOffsetCommit: who may write positions for a group.
//!
//! A member writes under its id and generation. Without a generation (-1) a plain commit is for groups without members;
//! a transactional one is taken even in a group with members when it names none, since the first version of that request
//! could not name any.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::membership::{Group, State};
use super::offsets::Position;
use super::{Answers, Caller, Groups, code};

/// From this version on a commit to no group says so, instead of blaming the generation.
const GROUP_ID_NOT_FOUND: i16 = 9;

/// Whether a topic has a partition.
pub type Exists<'a> = &'a dyn Fn(&str, i32) -> bool;

/// Who commits.
struct Committer<'a> {
    generation: i32,
    member: &'a str,
    instance: Option<&'a str>,
    transactional: bool,
}

impl<W> Groups<W> {
    pub fn offset_commit(
        &mut self,
        waiter: W,
        caller: Caller<'_>,
        request: &OffsetCommitRequest,
        exists: Exists<'_>,
        now: i64,
        out: &mut Answers<W>,
    ) {
        let committer = Committer {
            generation: request.generation_id_or_member_epoch,
            member: &request.member_id,
            instance: request.group_instance_id.as_deref(),
            transactional: false,
        };
        let not_found = match caller.version >= GROUP_ID_NOT_FOUND {
            true => ResponseError::GroupIdNotFound,
            false => ResponseError::IllegalGeneration,
        };
        let admitted = self.admit_commit(&request.group_id, &committer, not_found, now, out);
        let expires_at = (request.retention_time_ms >= 0).then(|| now.saturating_add(request.retention_time_ms));
        let metadata_max = self.options.metadata_max;
        let mut group = self.groups.get_mut(request.group_id.as_str());
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|sent| {
                let position =
                    position(sent.committed_offset, sent.committed_leader_epoch, &sent.committed_metadata, now);
                let position = Position { expires_at, ..position };
                let checked =
                    admitted.and_then(|()| check(&topic.name, sent.partition_index, &position, metadata_max, exists));
                if let (Ok(()), Some(group)) = (checked, group.as_mut()) {
                    group.offsets.commit(&topic.name, sent.partition_index, position);
                }
                OffsetCommitResponsePartition::default()
                    .with_partition_index(sent.partition_index)
                    .with_error_code(code(checked))
            });
            OffsetCommitResponseTopic::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
        });
        out.push((waiter, OffsetCommitResponse::default().with_topics(topics.collect()).into()));
    }

    /// The producer has been found to be the current one of a transaction that has this group in it.
    pub fn txn_offset_commit(
        &mut self,
        waiter: W,
        request: &TxnOffsetCommitRequest,
        exists: Exists<'_>,
        now: i64,
        out: &mut Answers<W>,
    ) {
        let committer = Committer {
            generation: request.generation_id,
            member: &request.member_id,
            instance: request.group_instance_id.as_deref(),
            transactional: true,
        };
        let admitted = self.admit_commit(&request.group_id, &committer, ResponseError::IllegalGeneration, now, out);
        let metadata_max = self.options.metadata_max;
        let mut group = self.groups.get_mut(request.group_id.as_str());
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|sent| {
                let position =
                    position(sent.committed_offset, sent.committed_leader_epoch, &sent.committed_metadata, now);
                let checked =
                    admitted.and_then(|()| check(&topic.name, sent.partition_index, &position, metadata_max, exists));
                if let (Ok(()), Some(group)) = (checked, group.as_mut()) {
                    group.offsets.commit_pending(request.producer_id.0, &topic.name, sent.partition_index, position);
                }
                TxnOffsetCommitResponsePartition::default()
                    .with_partition_index(sent.partition_index)
                    .with_error_code(code(checked))
            });
            TxnOffsetCommitResponseTopic::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
        });
        out.push((waiter, TxnOffsetCommitResponse::default().with_topics(topics.collect()).into()));
    }

    /// The transaction's marker has been written to this group's offsets: its positions are committed, or void.
    pub fn complete_transaction(&mut self, group: &str, producer: i64, commit: bool) {
        if let Some(group) = self.groups.get_mut(group) {
            group.offsets.complete(producer, commit);
        }
    }

    /// Whether a transaction of this producer has positions of the group that are neither committed nor void.
    pub fn has_pending(&self, group: &str, producer: i64) -> bool {
        self.groups.get(group).is_some_and(|group| group.offsets.has_pending_of(producer))
    }

    fn admit_commit(
        &mut self,
        group: &str,
        committer: &Committer<'_>,
        not_found: ResponseError,
        now: i64,
        out: &mut Answers<W>,
    ) -> Result<(), ResponseError> {
        if !group.is_empty() && !self.groups.contains_key(group) && committer.generation >= 0 {
            return Err(not_found);
        }
        // A consumer that manages its partitions itself needs no group but a place for its positions.
        self.ensure(group)?;
        let admitted = self.step(group, now, out, |group, turn| {
            group.admit_commit(committer)?;
            if !committer.transactional && matches!(group.state, State::Stable | State::PreparingRebalance) {
                group.heard_of(committer.member, turn.now);
            }
            Ok(())
        });
        admitted.unwrap_or(Err(not_found))
    }
}

impl<W> Group<W> {
    fn admit_commit(&self, committer: &Committer<'_>) -> Result<(), ResponseError> {
        if committer.generation < 0 && self.state == State::Empty {
            return Ok(());
        }
        if committer.generation >= 0 || !committer.member.is_empty() || committer.instance.is_some() {
            self.check_member(committer.member, committer.instance)?;
            self.check_generation(committer.generation)?;
        } else if !committer.transactional {
            return Err(ResponseError::UnknownMemberId);
        }
        // The member knows the new generation but not yet what it owns in it.
        match self.state == State::CompletingRebalance && !committer.transactional {
            true => Err(ResponseError::RebalanceInProgress),
            false => Ok(()),
        }
    }
}

fn position(offset: i64, leader_epoch: i32, metadata: &Option<StrBytes>, now: i64) -> Position {
    let metadata = metadata.as_deref().unwrap_or_default().to_owned();
    Position { offset, leader_epoch, metadata, committed_at: now, expires_at: None }
}

fn check(
    topic: &str,
    partition: i32,
    position: &Position,
    metadata_max: usize,
    exists: Exists<'_>,
) -> Result<(), ResponseError> {
    if !exists(topic, partition) {
        return Err(ResponseError::UnknownTopicOrPartition);
    }
    if position.metadata.encode_utf16().count() > metadata_max {
        return Err(ResponseError::OffsetMetadataTooLarge);
    }
    Ok(())
}
