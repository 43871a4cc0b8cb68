//! What a transactional producer asks its coordinator.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    EndTxnRequest, EndTxnResponse, InitProducerIdRequest, InitProducerIdResponse, ProducerId, TxnOffsetCommitRequest,
};

use super::code;
use crate::clock::Moment;
use crate::cluster::Coordinated;
use crate::core::{Caller, Core};

impl Core {
    pub(super) fn init_producer_id(
        &mut self,
        caller: &Caller,
        request: &InitProducerIdRequest,
        now: Moment,
    ) -> InitProducerIdResponse {
        let outcome = match &request.transactional_id {
            None => Ok((self.transactions.new_producer_id(), 0)),
            Some(id) => self.coordinates(caller, id).and_then(|()| {
                let expected = (request.producer_id.0, request.producer_epoch);
                self.transactions.init(id, request.transaction_timeout_ms, expected, now)
            }),
        };
        let answer = InitProducerIdResponse::default().with_error_code(code(&fenced_since(4, caller, outcome)));
        let (id, epoch) = outcome.unwrap_or((-1, -1));
        answer.with_producer_id(ProducerId(id)).with_producer_epoch(epoch)
    }

    pub(super) fn add_partitions_to_txn(
        &mut self,
        caller: &Caller,
        request: &AddPartitionsToTxnRequest,
        now: Moment,
    ) -> AddPartitionsToTxnResponse {
        let topics = &request.v3_and_below_topics;
        let all = topics.iter().flat_map(|topic| topic.partitions.iter().map(move |index| (&topic.name, *index)));
        let exists = |name: &str, index| self.cluster.partition(name, index).is_ok();
        let all_exist = all.clone().all(|(name, index)| exists(name, index));
        let id = &request.v3_and_below_transactional_id;
        let outcome = match all_exist {
            true => self.coordinates(caller, id).and_then(|()| {
                let producer = (request.v3_and_below_producer_id.0, request.v3_and_below_producer_epoch);
                let partitions = all.map(|(name, index)| (name.to_string(), index));
                self.transactions.add_partitions(id, producer, partitions, now)
            }),
            false => Err(ResponseError::OperationNotAttempted),
        };
        let outcome = fenced_since(2, caller, outcome);
        let results = topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|index| {
                let unknown = self.cluster.partition(&topic.name, *index).map(|_| ());
                AddPartitionsToTxnPartitionResult::default()
                    .with_partition_index(*index)
                    .with_partition_error_code(code(&unknown.and(outcome)))
            });
            AddPartitionsToTxnTopicResult::default()
                .with_name(topic.name.clone())
                .with_results_by_partition(partitions.collect())
        });
        AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(results.collect())
    }

    pub(super) fn add_offsets_to_txn(
        &mut self,
        caller: &Caller,
        request: &AddOffsetsToTxnRequest,
        now: Moment,
    ) -> AddOffsetsToTxnResponse {
        let id = &request.transactional_id;
        let outcome = self.coordinates(caller, id).and_then(|()| {
            let producer = (request.producer_id.0, request.producer_epoch);
            self.transactions.add_group(id, producer, &request.group_id, now)
        });
        AddOffsetsToTxnResponse::default().with_error_code(code(&fenced_since(2, caller, outcome)))
    }

    pub(super) fn end_txn(&mut self, caller: &Caller, request: &EndTxnRequest, now: Moment) -> EndTxnResponse {
        let id = &request.transactional_id;
        let outcome = self.coordinates(caller, id).and_then(|()| {
            let producer = (request.producer_id.0, request.producer_epoch);
            self.transactions.end(id, producer, request.committed, now)
        });
        EndTxnResponse::default().with_error_code(code(&fenced_since(2, caller, outcome)))
    }

    /// What a group's coordinator asks before it takes positions into a transaction.
    pub(super) fn may_commit_offsets(&mut self, request: &TxnOffsetCommitRequest) -> Result<(), ResponseError> {
        let producer = (request.producer_id.0, request.producer_epoch);
        self.transactions.verify_group(&request.transactional_id, producer, &request.group_id)
    }

    pub(super) fn coordinates(&self, caller: &Caller, transactional_id: &str) -> Result<(), ResponseError> {
        let coordinator = self.cluster.coordinator(&Coordinated::Transaction(transactional_id.to_owned()));
        if coordinator == caller.node { Ok(()) } else { Err(ResponseError::NotCoordinator) }
    }
}

/// Clients of older versions know only the older name for being fenced.
fn fenced_since<T: Copy>(since: i16, caller: &Caller, outcome: Result<T, ResponseError>) -> Result<T, ResponseError> {
    outcome.map_err(|error| match error {
        ResponseError::ProducerFenced if caller.version < since => ResponseError::InvalidProducerEpoch,
        other => other,
    })
}
