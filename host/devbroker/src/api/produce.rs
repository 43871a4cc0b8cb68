//! Produce. Batches are checked before the lock is taken, and appended as they are.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};

use super::text;
use crate::clock::Moment;
use crate::core::{Caller, Core};
use crate::log::batch::Header;
use crate::log::partition::Appended;

/// The header of every batch of a request, in its order.
pub(crate) type Checked = Vec<Result<Header, ResponseError>>;

/// Reads and checks all batches; needs no state.
pub(crate) fn check(request: &ProduceRequest) -> Checked {
    let partitions = request.topic_data.iter().flat_map(|topic| &topic.partition_data);
    partitions
        .map(|partition| match &partition.records {
            Some(records) if !records.is_empty() => Header::check(records),
            _ => Err(ResponseError::InvalidRecord),
        })
        .collect()
}

impl Core {
    pub(crate) fn produce(
        &mut self,
        caller: &Caller,
        request: &ProduceRequest,
        checked: Checked,
        now: Moment,
    ) -> ProduceResponse {
        let mut checked = checked.into_iter();
        let id = request.transactional_id.as_ref().map(|id| id.as_str());
        let topics = request.topic_data.iter().map(|topic| {
            let partitions = topic.partition_data.iter().map(|data| {
                let header = checked.next().unwrap_or(Err(ResponseError::InvalidRecord));
                let bytes = data.records.as_deref().unwrap_or_default();
                let outcome = match request.acks {
                    -1..=1 => header.and_then(|header| {
                        self.append(caller, (topic.name.as_str(), data.index), id, (&header, bytes), now)
                    }),
                    _ => Err(ResponseError::InvalidRequiredAcks),
                };
                let log_start = self.cluster.partition(&topic.name, data.index).map_or(-1, |it| it.start);
                answer(outcome, caller.version).with_index(data.index).with_log_start_offset(log_start)
            });
            TopicProduceResponse::default().with_name(topic.name.clone()).with_partition_responses(partitions.collect())
        });
        ProduceResponse::default().with_responses(topics.collect())
    }

    fn append(
        &mut self,
        caller: &Caller,
        (topic, index): (&str, i32),
        transactional_id: Option<&str>,
        (header, bytes): (&Header, &[u8]),
        now: Moment,
    ) -> Result<Appended, ResponseError> {
        let partition = self.cluster.led(caller.node, topic, index, -1)?;
        let producer = (header.producer_id, header.producer_epoch);
        // Asked of the coordinator once for each transaction and partition, as Kafka does since KIP-890.
        if header.is_transactional() && !partition.producers.has_open(producer.0, producer.1) {
            let id = transactional_id.ok_or(ResponseError::InvalidRequest)?;
            self.transactions.verify_partition(id, producer, (topic, index))?;
        }
        let entry = self.cluster.topics.get_mut(topic).ok_or(ResponseError::UnknownTopicOrPartition)?;
        let settings = entry.settings.clone();
        let partition = entry.partition_mut(index).ok_or(ResponseError::UnknownTopicOrPartition)?;
        let is_refused = partition.refusal.is_some();
        let outcome = partition.append(header, bytes, &settings, now.wall_ms);
        match &outcome {
            Ok(appended) if !appended.duplicate => self.note_full(false),
            Err(ResponseError::KafkaStorageError) if !is_refused => self.note_full(true),
            _ => {}
        }
        outcome
    }
}

fn answer(outcome: Result<Appended, ResponseError>, version: i16) -> PartitionProduceResponse {
    let answer = PartitionProduceResponse::default();
    match outcome {
        Ok(appended) => answer.with_base_offset(appended.base_offset).with_log_append_time_ms(appended.append_time_ms),
        Err(error) => {
            let error = match error {
                // Too young for the clients of these versions.
                ResponseError::InvalidRecord if version < 8 => ResponseError::CorruptMessage,
                other => other,
            };
            let said = (version >= 8 && error == ResponseError::KafkaStorageError)
                .then(|| text("the dev broker holds as many bytes as it may"));
            answer
                .with_error_code(error.code())
                .with_base_offset(-1)
                .with_log_append_time_ms(-1)
                .with_error_message(said)
        }
    }
}
