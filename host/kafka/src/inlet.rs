//! One worker's queue as a `Source`: messages in bulk from librdkafka, handed out as batches of one partition. With several
//! inputs those of one partition take turns by their timestamps (`order`).

mod order;

use crate::KafkaBatch;
use crate::batch::Message;
use crate::consumer::Consumer;
use crate::error::name;
use order::{Place, by_timestamp};
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::collections::VecDeque;
use std::ffi::CStr;
use std::ptr::null_mut;
use std::sync::Arc;
use std::time::Duration;
use wasmill_record::{
    BatchLimits, Class, CommitOffset, Failure, Group, InputPartition, PartitionError, PartitionErrorKind, Polled,
    Source,
};

/// Messages taken from librdkafka at once: more only moves the wait from its queue to ours.
const TAKE_MAX: usize = 512;

/// The inlet of worker `worker`; lives on that worker's thread.
pub struct Inlet {
    consumer: Arc<Consumer>,
    worker: usize,
    /// Where librdkafka writes; holds nothing between calls.
    landing: Box<[*mut sys::rd_kafka_message_t; TAKE_MAX]>,
    /// Taken, not handed out; at most `TAKE_MAX`.
    taken: VecDeque<Message>,
}

// SAFETY: `landing` holds dangling pointers between calls, which nobody reads.
unsafe impl Send for Inlet {}

impl Inlet {
    pub fn new(consumer: Arc<Consumer>, worker: usize) -> Inlet {
        Inlet { consumer, worker, landing: Box::new([null_mut(); TAKE_MAX]), taken: VecDeque::with_capacity(TAKE_MAX) }
    }

    /// Takes what is there; waits for the first one only.
    fn take(&mut self, wait: Duration) {
        let Some(queue) = self.consumer.queue(self.worker) else { return };
        let mut count = queue.consume(&mut self.landing[..], Duration::ZERO);
        if count == 0 && !wait.is_zero() {
            count = queue.consume(&mut self.landing[..1], wait);
            if count == 1 {
                count += queue.consume(&mut self.landing[1..], Duration::ZERO);
            }
        }
        // SAFETY: librdkafka just gave us these pointers to own.
        self.taken.extend(self.landing.iter().take(count).map(|message| unsafe { Message::new(*message) }));
        if self.consumer.topics().topics().len() > 1 && count > 1 {
            self.taken = by_timestamp(std::mem::take(&mut self.taken), |message| self.place(message));
        }
    }

    fn place(&self, message: &Message) -> Place {
        let of = self.partition_of(message);
        let is_record = message.get().err == Code::RD_KAFKA_RESP_ERR_NO_ERROR;
        Place {
            input: of.map_or(u16::MAX, |of| of.input),
            partition: message.get().partition,
            timestamp: message.timestamp().filter(|_| is_record),
        }
    }

    fn partition_of(&self, message: &Message) -> Option<InputPartition> {
        let message = message.get();
        if message.rkt.is_null() {
            return None;
        }
        // SAFETY: the topic object lives as long as the message; its name ends in NUL.
        let topic = unsafe { CStr::from_ptr(sys::rd_kafka_topic_name(message.rkt)) };
        self.consumer.topics().partition(topic.to_str().ok()?, message.partition)
    }

    fn drop_taken(&mut self, partitions: &[InputPartition]) {
        if self.taken.is_empty() {
            return;
        }
        let mut kept = VecDeque::with_capacity(TAKE_MAX);
        for message in std::mem::take(&mut self.taken) {
            if !self.partition_of(&message).is_some_and(|partition| partitions.contains(&partition)) {
                kept.push_back(message);
            }
        }
        self.taken = kept;
    }
}

impl Source for Inlet {
    type Batch = KafkaBatch;

    fn poll(&mut self, batch: &mut KafkaBatch, limits: BatchLimits, wait: Duration) -> Polled {
        use wasmill_record::Batch;
        batch.clear();
        if self.taken.is_empty() {
            self.take(wait);
        }
        let Some(first) = self.taken.pop_front() else { return Polled::Nothing };
        let partition = self.partition_of(&first);
        if first.get().err != Code::RD_KAFKA_RESP_ERR_NO_ERROR {
            return partition_error(partition, &first);
        }
        let Some(partition) = partition else { return Polled::Nothing };
        let (topic, number) = (first.get().rkt, first.get().partition);
        let mut bytes = size(&first);
        batch.start(partition);
        batch.push(first);
        while batch.len() < limits.records_max
            && let Some(next) = self.taken.front()
            && next.get().rkt == topic
            && next.get().partition == number
            && next.get().err == Code::RD_KAFKA_RESP_ERR_NO_ERROR
        {
            bytes += size(next);
            if bytes > limits.bytes_max {
                break;
            }
            if let Some(next) = self.taken.pop_front() {
                batch.push(next);
            }
        }
        Polled::Batch
    }

    fn seek(&mut self, to: &[(InputPartition, CommitOffset)]) -> Vec<InputPartition> {
        let partitions: Vec<_> = to.iter().map(|(partition, _)| *partition).collect();
        self.drop_taken(&partitions);
        self.consumer.seek(to)
    }

    fn start(&mut self, partition: InputPartition, at: CommitOffset) -> Result<(), Failure> {
        if !self.seek(&[(partition, at)]).is_empty() {
            return Err(Failure::new(Class::Retriable, format!("seek of partition {partition} to {at}")));
        }
        // Again: a fetch stop that was still queued at the first forward has cleared it; after a seek none is.
        self.consumer.forward(partition)?;
        self.consumer.resume(partition)?;
        self.consumer.nudge_leader(partition);
        Ok(())
    }

    fn pause(&mut self, partition: InputPartition) {
        if let Err(failure) = self.consumer.pause(&[partition]) {
            tracing::warn!(%partition, "{failure}");
        }
        self.drop_taken(&[partition]);
    }

    fn has_unread(&mut self, partition: InputPartition) -> Option<bool> {
        self.consumer.has_unread(partition)
    }

    fn forget(&mut self, partition: InputPartition) {
        self.drop_taken(&[partition]);
    }
}

fn size(message: &Message) -> usize {
    message.get().len.saturating_add(message.get().key_len)
}

fn partition_error(partition: Option<InputPartition>, message: &Message) -> Polled {
    use Code::*;
    let code = message.get().err;
    // SAFETY: the message is alive; the text lives as long as it does.
    let words = unsafe { CStr::from_ptr(sys::rd_kafka_message_errstr(message.as_ptr())) }.to_string_lossy();
    let kind = match code {
        RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET | RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE => PartitionErrorKind::OutOfRange,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
        | RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC
        | RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION
        | RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID => PartitionErrorKind::TopicGone,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED => PartitionErrorKind::Unauthorized,
        _ => PartitionErrorKind::Transient,
    };
    let message = format!("{}: {words}", name(code));
    match partition {
        Some(partition) => Polled::Error(PartitionError { partition, kind, message }),
        None => {
            tracing::warn!("consumer: {message}");
            Polled::Nothing
        }
    }
}
