//! The calls of the take and give procedures, and the seeks and wake-ups of workers.

use super::*;
use crate::conf::c_string;
use crate::consumer::queue::millis;
use std::time::Duration;

/// Any number that is not a logical offset: nothing is ever fetched there, and no ListOffsets is asked for it.
const PLACEHOLDER: i64 = 0;

/// How long a worker's seek may take; it only crosses librdkafka's own threads.
const SEEK_TIMEOUT: Duration = Duration::from_secs(5);

/// Resuming does not wake the leader's connection, which may sleep for a second; any request to it does. The answer is
/// not waited for longer than this.
const WAKE_TIMEOUT: Duration = Duration::from_millis(50);

impl Group for Consumer {
    fn forward(&self, partition: InputPartition) -> Result<(), Failure> {
        let unknown =
            || Failure::new(Class::Unknown, format!("forward: input partition {partition} is not configured"));
        let topic = self.topics.topic(partition).ok_or_else(unknown)?;
        let topic = c_string(topic).map_err(|error| Failure::new(Class::Unknown, error.to_string()))?;
        let from = Queue::of_partition(&self.client, &topic, partition.partition).ok_or_else(unknown)?;
        let to = self.workers.get(partition.worker(self.workers.len())).ok_or_else(unknown)?;
        from.forward(to);
        Ok(())
    }

    fn pause(&self, partitions: &[InputPartition]) -> Result<(), Failure> {
        let list = self.topics.list(partitions);
        // SAFETY: handle and list are alive.
        check_code("pause", unsafe { sys::rd_kafka_pause_partitions(self.client.as_ptr(), list.ptr()) })?;
        no_error("pause", &list)
    }

    fn assign(&self, partitions: &[InputPartition]) -> Result<(), Failure> {
        let positions: Vec<_> = partitions.iter().map(|p| (*p, CommitOffset::at(PLACEHOLDER))).collect();
        let list = self.topics.list_at(positions.iter(), None);
        // SAFETY: handle and list are alive; the list is copied, the error object is ours.
        unsafe { check("incremental assign", sys::rd_kafka_incremental_assign(self.client.as_ptr(), list.ptr())) }
    }

    fn unassign(&self, partitions: &[InputPartition]) -> Result<(), Failure> {
        let list = self.topics.list(partitions);
        // SAFETY: as above.
        unsafe { check("incremental unassign", sys::rd_kafka_incremental_unassign(self.client.as_ptr(), list.ptr())) }
    }

    fn stable_offsets(
        &self,
        partitions: &[InputPartition],
        timeout: Duration,
    ) -> Result<Vec<Option<Committed>>, Failure> {
        self.committed(partitions, timeout)
    }

    fn watermarks(
        &self,
        partition: InputPartition,
        timeout: Duration,
    ) -> Result<(CommitOffset, CommitOffset), Failure> {
        let topic = self.topics.topic(partition).unwrap_or_default();
        let topic = c_string(topic).map_err(|error| Failure::new(Class::Unknown, error.to_string()))?;
        let (mut low, mut high) = (0, 0);
        // SAFETY: handle and name are alive, both numbers are ours.
        let code = unsafe {
            sys::rd_kafka_query_watermark_offsets(
                self.client.as_ptr(),
                topic.as_ptr(),
                partition.partition,
                &mut low,
                &mut high,
                millis(timeout),
            )
        };
        check_code("query watermarks", code)?;
        Ok((CommitOffset::at(low), CommitOffset::at(high)))
    }

    fn wake(&self, worker: usize) {
        if let Some(queue) = self.workers.get(worker) {
            queue.wake();
        }
    }
}

impl Consumer {
    /// Stable committed offset and token of each partition, in the order asked. Fails retriably while one of them is part
    /// of an open transaction (the client asks with require_stable because it is read_committed).
    pub(crate) fn committed(
        &self,
        partitions: &[InputPartition],
        timeout: Duration,
    ) -> Result<Vec<Option<Committed>>, Failure> {
        let list = self.topics.list(partitions);
        // SAFETY: handle and list are alive; the list is filled in place.
        let code = unsafe { sys::rd_kafka_committed(self.client.as_ptr(), list.ptr(), millis(timeout)) };
        check_code("fetch committed offsets", code)?;
        no_error("fetch committed offsets", &list)?;
        let find = |partition: &InputPartition| {
            let topic = self.topics.topic(*partition)?;
            let element = list.find_partition(topic, partition.partition)?;
            let at = element.offset().to_raw().filter(|raw| *raw >= 0).map(CommitOffset::at);
            let token = Some(element.metadata().to_owned()).filter(|token| !token.is_empty());
            Some(at.map(|at| Committed { at, token }))
        };
        partitions
            .iter()
            .map(|partition| {
                find(partition)
                    .ok_or_else(|| Failure::new(Class::Retriable, format!("no answer for partition {partition}")))
            })
            .collect()
    }

    /// Seeks; which ones failed. Only on the thread that polls the partitions' queue.
    pub(crate) fn seek(&self, to: &[(InputPartition, CommitOffset)]) -> Vec<InputPartition> {
        let list = self.topics.list_at(to.iter(), None);
        // SAFETY: handle and list are alive; the error object is ours.
        let all = unsafe {
            check("seek", sys::rd_kafka_seek_partitions(self.client.as_ptr(), list.ptr(), millis(SEEK_TIMEOUT)))
        };
        let failed = |partition: InputPartition| {
            let topic = self.topics.topic(partition)?;
            let error = list.find_partition(topic, partition.partition)?.error();
            if let Err(error) = &error {
                tracing::debug!(%partition, "seek: {error}");
            }
            Some(error.is_err())
        };
        to.iter().map(|(p, _)| *p).filter(|p| all.is_err() || failed(*p).unwrap_or(true)).collect()
    }

    pub(crate) fn resume(&self, partition: InputPartition) -> Result<(), Failure> {
        let list = self.topics.list(&[partition]);
        // SAFETY: handle and list are alive.
        check_code("resume", unsafe { sys::rd_kafka_resume_partitions(self.client.as_ptr(), list.ptr()) })?;
        no_error("resume", &list)
    }

    /// Whether the leader's last stable offset lies beyond what was delivered, control records included.
    pub(crate) fn has_unread(&self, partition: InputPartition) -> Option<bool> {
        let list = self.topics.list(&[partition]);
        // SAFETY: handle and list are alive; the list is filled in place.
        let code = unsafe { sys::rd_kafka_position(self.client.as_ptr(), list.ptr()) };
        check_code("position", code).ok()?;
        let position = list.elements().first()?.offset().to_raw().filter(|position| *position >= 0)?;
        let (_, end) = self.watermarks(partition, WAKE_TIMEOUT).ok()?;
        Some(end.next() > position)
    }

    /// Makes the leader's connection look at its partitions again.
    pub(crate) fn nudge_leader(&self, partition: InputPartition) {
        // Its answer, if any, is of no interest.
        let _ = self.watermarks(partition, WAKE_TIMEOUT);
    }
}

fn no_error(call: &str, list: &TopicPartitionList) -> Result<(), Failure> {
    match first_error(list) {
        None => Ok(()),
        Some((topic, partition, code)) => {
            Err(Failure::new(Class::Retriable, format!("{call}: {topic} [{partition}]: {code}")))
        }
    }
}
