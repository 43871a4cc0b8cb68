//! What lies where in a partition: ListOffsets, OffsetForLeaderEpoch, DeleteRecords.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
use kafka_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
};

use super::code;
use crate::core::{Caller, Core};
use crate::log::partition::Partition;
use crate::log::read::Isolation;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
/// Of a tiered log; here it is the log's own.
const EARLIEST_LOCAL: i64 = -4;
const NOTHING: i64 = -1;
/// Before this version an answer of ListOffsets has no place for it.
const LEADER_EPOCH_SINCE: i16 = 4;

impl Core {
    pub(super) fn list_offsets(&self, caller: &Caller, request: &ListOffsetsRequest) -> ListOffsetsResponse {
        let isolation = Isolation::from_level(request.isolation_level);
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|wanted| {
                let answer = ListOffsetsPartitionResponse::default().with_partition_index(wanted.partition_index);
                let led =
                    self.cluster.led(caller.node, &topic.name, wanted.partition_index, wanted.current_leader_epoch);
                match led {
                    Ok(partition) => {
                        let (timestamp, offset) = lookup(partition, wanted.timestamp, isolation);
                        let answer = answer.with_timestamp(timestamp).with_offset(offset);
                        let has_epoch = caller.version >= LEADER_EPOCH_SINCE;
                        if has_epoch { answer.with_leader_epoch(partition.leader_epoch()) } else { answer }
                    }
                    Err(error) => answer.with_error_code(error.code()).with_timestamp(NOTHING).with_offset(NOTHING),
                }
            });
            ListOffsetsTopicResponse::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
        });
        ListOffsetsResponse::default().with_topics(topics.collect())
    }

    pub(super) fn offset_for_leader_epoch(
        &self,
        caller: &Caller,
        request: &OffsetForLeaderEpochRequest,
    ) -> OffsetForLeaderEpochResponse {
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|wanted| {
                let led = self.cluster.led(caller.node, &topic.topic, wanted.partition, wanted.current_leader_epoch);
                let answer = EpochEndOffset::default().with_partition(wanted.partition).with_error_code(code(&led));
                let ends = led.ok().and_then(|partition| partition.end_of_epoch(wanted.leader_epoch));
                let (epoch, offset) = ends.unwrap_or((-1, NOTHING));
                answer.with_leader_epoch(epoch).with_end_offset(offset)
            });
            OffsetForLeaderTopicResult::default().with_topic(topic.topic.clone()).with_partitions(partitions.collect())
        });
        OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
    }

    pub(super) fn delete_records(&mut self, caller: &Caller, request: &DeleteRecordsRequest) -> DeleteRecordsResponse {
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|wanted| {
                let deleted = self.delete_before(caller, &topic.name, wanted.partition_index, wanted.offset);
                DeleteRecordsPartitionResult::default()
                    .with_partition_index(wanted.partition_index)
                    .with_error_code(code(&deleted))
                    .with_low_watermark(deleted.unwrap_or(NOTHING))
            });
            DeleteRecordsTopicResult::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
        });
        DeleteRecordsResponse::default().with_topics(topics.collect())
    }

    /// -1 stands for the end of the log.
    fn delete_before(&mut self, caller: &Caller, topic: &str, index: i32, offset: i64) -> Result<i64, ResponseError> {
        self.cluster.led(caller.node, topic, index, -1)?;
        if self.cluster.topic(topic)?.settings.compact && !self.cluster.topic(topic)?.settings.delete {
            return Err(ResponseError::PolicyViolation);
        }
        let partition = self.cluster.partition_mut(topic, index).ok_or(ResponseError::UnknownTopicOrPartition)?;
        partition.delete_before(if offset == -1 { partition.end } else { offset })?;
        Ok(partition.start)
    }
}

fn lookup(partition: &Partition, timestamp: i64, isolation: Isolation) -> (i64, i64) {
    match timestamp {
        LATEST => (NOTHING, partition.end_for(isolation)),
        EARLIEST | EARLIEST_LOCAL => (NOTHING, partition.start),
        MAX_TIMESTAMP => partition.at_max_time().unwrap_or((NOTHING, NOTHING)),
        time if time >= 0 => partition.at_time(time, isolation).unwrap_or((NOTHING, NOTHING)),
        _ => (NOTHING, NOTHING),
    }
}
