//! One worker of the raw loop: takes from its queue, copies to the output, commits at the interval.

use std::convert::Infallible;
use std::ptr::null_mut;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use rdkafka::{Offset, TopicPartitionList};
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use rdkafka_sys::rd_kafka_vtype_t as Kind;

use super::Job;
use super::client::{Client, Consumer, Queue, TIMEOUT, check, check_error, millis};
use crate::contestant::Delivery;
use crate::setting::PARTITIONS;

/// Messages taken at once.
const TAKE_MAX: usize = 512;
const IDLE_WAIT: Duration = Duration::from_millis(100);
const DRAIN_ROUND_MS: i32 = 5;
const DRAIN_ROUNDS_MAX: usize = 6000;

struct Worker<'a> {
    job: &'a Job,
    consumer: &'a Consumer,
    producer: Client,
    topic: *mut sys::rd_kafka_topic_t,
    /// The next offset to read of each partition that was touched since the last commit.
    next: Vec<Option<i64>>,
    /// When the open transaction is committed.
    due: Option<Instant>,
}

pub(super) fn run(job: &Job, number: usize, consumer: &Consumer, queue: Queue) -> Result<Infallible> {
    let producer = Client::producer(job, number)?;
    if job.delivery == Delivery::ExactlyOnce {
        // SAFETY: the handle lives; the error object is ours.
        unsafe { check_error("init", sys::rd_kafka_init_transactions(producer.as_ptr(), millis(TIMEOUT)))? };
    }
    let next = vec![None; usize::try_from(PARTITIONS)?];
    let mut worker = Worker { job, consumer, producer, topic: producer.topic(&job.output)?, next, due: None };
    let mut landing = [null_mut(); TAKE_MAX];
    loop {
        let wait = worker.due.map_or(IDLE_WAIT, |due| due.saturating_duration_since(Instant::now()));
        let mut count = queue.consume(&mut landing, Duration::ZERO)?;
        if count == 0 && !wait.is_zero() {
            count = queue.consume(&mut landing[..1], wait)?;
        }
        if count > 0 {
            worker.begin()?;
        }
        for message in landing.iter().take(count) {
            // SAFETY: librdkafka just gave us this message to own.
            unsafe {
                worker.copy(*message)?;
                sys::rd_kafka_message_destroy(*message);
            }
        }
        if worker.due.is_some_and(|due| Instant::now() >= due) {
            worker.commit()?;
        }
    }
}

impl Worker<'_> {
    fn begin(&mut self) -> Result<()> {
        if self.due.is_some() {
            return Ok(());
        }
        self.due = Some(Instant::now() + self.job.interval());
        if self.job.delivery == Delivery::AtLeastOnce {
            return Ok(());
        }
        // SAFETY: the handle lives; the error object is ours.
        unsafe { check_error("begin", sys::rd_kafka_begin_transaction(self.producer.as_ptr())) }
    }

    /// # Safety
    /// `message` is alive and ours.
    unsafe fn copy(&mut self, message: *mut sys::rd_kafka_message_t) -> Result<()> {
        // SAFETY: the caller's promise; everything in `words` lives for the call, which copies key and value and owns the
        // headers on success.
        unsafe {
            let read = &*message;
            check("consume", read.err)?;
            let mut headers = null_mut();
            let code = sys::rd_kafka_message_detach_headers(message, &mut headers);
            let words = [
                word(Kind::RD_KAFKA_VTYPE_RKT, |u| u.rkt = self.topic),
                word(Kind::RD_KAFKA_VTYPE_PARTITION, |u| u.i32_ = read.partition),
                word(Kind::RD_KAFKA_VTYPE_MSGFLAGS, |u| u.i = sys::RD_KAFKA_MSG_F_COPY),
                word(Kind::RD_KAFKA_VTYPE_KEY, |u| (u.mem.ptr, u.mem.size) = (read.key, read.key_len)),
                word(Kind::RD_KAFKA_VTYPE_VALUE, |u| (u.mem.ptr, u.mem.size) = (read.payload, read.len)),
                word(Kind::RD_KAFKA_VTYPE_TIMESTAMP, |u| {
                    u.i64_ = sys::rd_kafka_message_timestamp(message, null_mut());
                }),
                word(Kind::RD_KAFKA_VTYPE_HEADERS, |u| u.headers = headers),
            ];
            let count = if code == Code::RD_KAFKA_RESP_ERR_NO_ERROR { words.len() } else { words.len() - 1 };
            self.produce(&words[..count])?;
            let Some(next) = self.next.get_mut(usize::try_from(read.partition)?) else { bail!("too many partitions") };
            *next = Some(read.offset + 1);
            Ok(())
        }
    }

    /// # Safety
    /// Every pointer in `words` is alive.
    unsafe fn produce(&self, words: &[sys::rd_kafka_vu_t]) -> Result<()> {
        loop {
            // SAFETY: the caller's promise; the error object is ours.
            unsafe {
                let error = sys::rd_kafka_produceva(self.producer.as_ptr(), words.as_ptr(), words.len());
                if error.is_null() || sys::rd_kafka_error_code(error) != Code::RD_KAFKA_RESP_ERR__QUEUE_FULL {
                    return check_error("produce", error);
                }
                sys::rd_kafka_error_destroy(error);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn commit(&mut self) -> Result<()> {
        self.drain()?;
        let mut positions = TopicPartitionList::new();
        for (partition, next) in self.next.iter_mut().enumerate() {
            if let Some(next) = next.take() {
                positions.add_partition_offset(&self.job.input, i32::try_from(partition)?, Offset::Offset(next))?;
            }
        }
        let (consumer, producer, timeout) = (self.consumer.client.as_ptr(), self.producer.as_ptr(), millis(TIMEOUT));
        // SAFETY: handles, list and metadata live for the calls; error objects and metadata are ours.
        unsafe {
            match self.job.delivery {
                Delivery::AtLeastOnce => check("commit", sys::rd_kafka_commit(consumer, positions.ptr(), 0))?,
                Delivery::ExactlyOnce => {
                    let group = sys::rd_kafka_consumer_group_metadata(consumer);
                    let sent = sys::rd_kafka_send_offsets_to_transaction(producer, positions.ptr(), group, timeout);
                    sys::rd_kafka_consumer_group_metadata_destroy(group);
                    check_error("send offsets", sent)?;
                    check_error("commit", sys::rd_kafka_commit_transaction(producer, timeout))?;
                }
            }
        }
        self.due = None;
        Ok(())
    }

    fn drain(&self) -> Result<()> {
        for _ in 0..DRAIN_ROUNDS_MAX {
            // SAFETY: the handle lives.
            let code = unsafe { sys::rd_kafka_flush(self.producer.as_ptr(), DRAIN_ROUND_MS) };
            if code == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
                return Ok(());
            }
        }
        ensure!(false, "records did not get through");
        Ok(())
    }
}

fn word(kind: Kind, set: impl FnOnce(&mut sys::rd_kafka_vu_s__bindgen_ty_1)) -> sys::rd_kafka_vu_t {
    let mut word = sys::rd_kafka_vu_t { vtype: kind, u: sys::rd_kafka_vu_s__bindgen_ty_1 { _pad: [0; 64] } };
    set(&mut word.u);
    word
}
