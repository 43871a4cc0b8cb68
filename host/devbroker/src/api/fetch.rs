//! Fetch. Sessions are answered without one (session id 0), which clients take as "not cached". What is read is
//! gathered under the lock and joined outside of it; waiting for more is the connection's work.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse, ProducerId, TopicName};
use tokio::sync::Notify;
use uuid::Uuid;

use super::code;
use crate::core::{Caller, Core};
use crate::log::read::{Isolation, Slice};

/// From this version on topics are named by their ids.
const TOPIC_IDS_SINCE: i16 = 13;
/// Of one answer, whatever the client asks for: an answer is built in memory.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// What was found for a request, in its order.
pub(crate) struct Found {
    topics: Vec<FoundTopic>,
    pub(crate) bytes: usize,
    /// Something the client should know at once.
    pub(crate) is_urgent: bool,
}

struct FoundTopic {
    name: TopicName,
    id: Uuid,
    partitions: Vec<(PartitionData, Vec<Bytes>)>,
}

impl Core {
    pub(crate) fn fetch(&self, caller: &Caller, request: &FetchRequest) -> Found {
        let mut found = Found { topics: Vec::new(), bytes: 0, is_urgent: false };
        let mut left = usize::try_from(request.max_bytes).unwrap_or_default().min(ANSWER_BYTES_MAX);
        let isolation = Isolation::from_level(request.isolation_level);
        for topic in &request.topics {
            let name = self.fetched_name(caller, &topic.topic, topic.topic_id);
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for wanted in &topic.partitions {
                let at_least_one = found.bytes == 0;
                let read = name.and_then(|name| self.fetch_one(caller, name, wanted, isolation, left, at_least_one));
                let data = PartitionData::default()
                    .with_partition_index(wanted.partition)
                    .with_preferred_read_replica(BrokerId(-1))
                    .with_error_code(code(&read));
                found.is_urgent |= read.is_err();
                let (data, batches) = match read {
                    Ok((marks, slice)) => {
                        left = left.saturating_sub(slice.bytes);
                        found.bytes += slice.bytes;
                        (with(data, marks, &slice, isolation), slice.batches)
                    }
                    Err(_) => (data.with_high_watermark(-1).with_last_stable_offset(-1), Vec::new()),
                };
                partitions.push((data, batches));
            }
            found.topics.push(FoundTopic { name: topic.topic.clone(), id: topic.topic_id, partitions });
        }
        found
    }

    fn fetched_name<'a>(&'a self, caller: &Caller, name: &'a TopicName, id: Uuid) -> Result<&'a str, ResponseError> {
        if caller.version < TOPIC_IDS_SINCE {
            return Ok(name.as_str());
        }
        self.cluster.name_of(id).ok_or(ResponseError::UnknownTopicId)
    }

    fn fetch_one(
        &self,
        caller: &Caller,
        name: &str,
        wanted: &FetchPartition,
        isolation: Isolation,
        left: usize,
        at_least_one: bool,
    ) -> Result<(Marks, Slice), ResponseError> {
        let partition = self.cluster.led(caller.node, name, wanted.partition, wanted.current_leader_epoch)?;
        let bytes_max = usize::try_from(wanted.partition_max_bytes).unwrap_or_default().min(left);
        let slice = partition.read(wanted.fetch_offset, isolation, bytes_max, at_least_one)?;
        Ok((Marks { end: partition.end, stable: partition.last_stable(), start: partition.start }, slice))
    }

    /// Wakes `waiter` when something changes in any of the partitions asked for.
    pub(crate) fn wait_for_more(&mut self, caller: &Caller, request: &FetchRequest, id: u64, waiter: &Arc<Notify>) {
        self.each_fetched(caller, request, |partition| partition.wait(id, waiter));
    }

    pub(crate) fn stop_waiting(&mut self, caller: &Caller, request: &FetchRequest, id: u64) {
        self.each_fetched(caller, request, |partition| partition.leave(id));
    }

    fn each_fetched(
        &mut self,
        caller: &Caller,
        request: &FetchRequest,
        mut with: impl FnMut(&mut crate::log::partition::Partition),
    ) {
        for topic in &request.topics {
            let Ok(name) = self.fetched_name(caller, &topic.topic, topic.topic_id).map(str::to_owned) else { continue };
            for wanted in &topic.partitions {
                if let Some(partition) = self.cluster.partition_mut(&name, wanted.partition) {
                    with(partition);
                }
            }
        }
    }
}

/// A partition's marks at the time of reading.
struct Marks {
    end: i64,
    stable: i64,
    start: i64,
}

fn with(data: PartitionData, marks: Marks, slice: &Slice, isolation: Isolation) -> PartitionData {
    let aborted = (isolation == Isolation::Committed).then(|| {
        let aborted = slice.aborted.iter().map(|it| {
            AbortedTransaction::default().with_producer_id(ProducerId(it.producer_id)).with_first_offset(it.first)
        });
        aborted.collect()
    });
    data.with_high_watermark(marks.end)
        .with_last_stable_offset(marks.stable)
        .with_log_start_offset(marks.start)
        .with_aborted_transactions(aborted)
}

impl Found {
    /// Joins the batches of each partition. No lock is held.
    pub(crate) fn into_answer(self) -> FetchResponse {
        let topics = self.topics.into_iter().map(|topic| {
            let partitions =
                topic.partitions.into_iter().map(|(data, batches)| data.with_records(Some(joined(batches))));
            FetchableTopicResponse::default()
                .with_topic(topic.name)
                .with_topic_id(topic.id)
                .with_partitions(partitions.collect())
        });
        FetchResponse::default().with_responses(topics.collect())
    }
}

fn joined(mut batches: Vec<Bytes>) -> Bytes {
    if batches.len() < 2 {
        return batches.pop().unwrap_or_default();
    }
    let mut joined = BytesMut::with_capacity(batches.iter().map(Bytes::len).sum());
    batches.iter().for_each(|batch| joined.extend_from_slice(batch));
    joined.freeze()
}

/// A request that asks a session for what it has cached: there is none.
pub(crate) fn refused_session(request: &FetchRequest) -> Option<FetchResponse> {
    let unknown = request.session_id != 0 && request.session_epoch > 0;
    unknown.then(|| FetchResponse::default().with_error_code(ResponseError::FetchSessionIdNotFound.code()))
}
