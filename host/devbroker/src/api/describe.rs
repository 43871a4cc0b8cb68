//! For people who look for a transaction that hangs: DescribeProducers, DescribeTransactions, ListTransactions.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_producers_response::{PartitionResponse, ProducerState, TopicResponse};
use kafka_protocol::messages::describe_transactions_response::{TopicData, TransactionState};
use kafka_protocol::messages::list_transactions_response::TransactionState as Listed;
use kafka_protocol::messages::{
    DescribeProducersRequest, DescribeProducersResponse, DescribeTransactionsRequest, DescribeTransactionsResponse,
    ListTransactionsRequest, ListTransactionsResponse, ProducerId, TopicName, TransactionalId,
};

use super::{code, text};
use crate::clock::Moment;
use crate::cluster::Coordinated;
use crate::core::{Caller, Core};
use crate::log::partition::Partition;
use crate::transactions::View;

impl Core {
    pub(super) fn describe_producers(
        &self,
        caller: &Caller,
        request: &DescribeProducersRequest,
    ) -> DescribeProducersResponse {
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partition_indexes.iter().map(|index| {
                let led = self.cluster.led(caller.node, &topic.name, *index, -1);
                PartitionResponse::default()
                    .with_partition_index(*index)
                    .with_error_code(code(&led))
                    .with_active_producers(led.map(producers).unwrap_or_default())
            });
            TopicResponse::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
        });
        DescribeProducersResponse::default().with_topics(topics.collect())
    }

    pub(super) fn describe_transactions(
        &self,
        caller: &Caller,
        request: &DescribeTransactionsRequest,
    ) -> DescribeTransactionsResponse {
        let states = request.transactional_ids.iter().map(|id| {
            let answer = TransactionState::default().with_transactional_id(id.clone());
            let view = self
                .coordinates(caller, id)
                .and_then(|()| self.transactions.view(id).ok_or(ResponseError::TransactionalIdNotFound));
            match view {
                Ok(view) => described(answer, view),
                Err(error) => answer.with_error_code(error.code()),
            }
        });
        DescribeTransactionsResponse::default().with_transaction_states(states.collect())
    }

    /// Those that this node coordinates.
    pub(super) fn list_transactions(
        &self,
        caller: &Caller,
        request: &ListTransactionsRequest,
        now: Moment,
    ) -> ListTransactionsResponse {
        let is_wanted = |view: &View| {
            let coordinator = self.cluster.coordinator(&Coordinated::Transaction(view.id.clone()));
            let states = &request.state_filters;
            let producers = &request.producer_id_filters;
            let age_ms = if view.began_ms < 0 { -1 } else { now.wall_ms.saturating_sub(view.began_ms) };
            coordinator == caller.node
                && (states.is_empty() || states.iter().any(|state| state.as_str() == view.state.name()))
                && (producers.is_empty() || producers.contains(&ProducerId(view.producer_id)))
                && (request.duration_filter < 0 || age_ms > request.duration_filter)
        };
        let listed = self.transactions.views().filter(is_wanted).map(|view| {
            Listed::default()
                .with_transactional_id(TransactionalId(text(view.id)))
                .with_producer_id(ProducerId(view.producer_id))
                .with_transaction_state(text(view.state.name()))
        });
        ListTransactionsResponse::default().with_transaction_states(listed.collect())
    }
}

fn producers(partition: &Partition) -> Vec<ProducerState> {
    let states = partition.producers.all().map(|(id, producer)| {
        ProducerState::default()
            .with_producer_id(ProducerId(id))
            .with_producer_epoch(i32::from(producer.epoch))
            .with_last_sequence(producer.last_sequence())
            .with_last_timestamp(producer.last_timestamp)
            .with_coordinator_epoch(0)
            .with_current_txn_start_offset(producer.open_from.unwrap_or(-1))
    });
    states.collect()
}

fn described(answer: TransactionState, view: View) -> TransactionState {
    let mut topics: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for (topic, index) in view.partitions {
        topics.entry(topic).or_default().push(index);
    }
    let topics = topics
        .into_iter()
        .map(|(topic, partitions)| TopicData::default().with_topic(TopicName(text(topic))).with_partitions(partitions));
    answer
        .with_transaction_state(text(view.state.name()))
        .with_transaction_timeout_ms(view.timeout_ms)
        .with_transaction_start_time_ms(view.began_ms)
        .with_producer_id(ProducerId(view.producer_id))
        .with_producer_epoch(view.epoch)
        .with_topics(topics.collect())
}
