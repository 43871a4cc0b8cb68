//! One producer client: raw, because the Rust binding's commit sits in a flush of up to 100 ms and its producers take no
//! interceptor.

use crate::client::Client;
use crate::conf::c_string;
use crate::consumer::{GroupMetadata, Queue, millis};
use crate::error::{KafkaError, check, is_refusal, name};
use crate::wire::WireCounters;
use rdkafka::TopicPartitionList;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wasmill_config::Cluster;
use wasmill_record::{ChangelogEnd, Class, Failure, Origin, Refusal, Wire};

/// What a worker's producers are made of, first and later ones alike.
#[derive(Debug, Clone)]
pub struct ProducerSettings {
    pub cluster: Cluster,
    /// `None`: idempotent, without transactions.
    pub transactional_id: Option<String>,
    pub transaction_timeout: Duration,
    /// See [`crate::linger_ms`].
    pub linger_ms: u64,
    /// The largest `max.message.bytes` among the topics; the client's own limit must not be the smaller one.
    pub record_bytes_max: usize,
}

/// Refused records that are remembered between two looks; one failed request fails at most this many.
const REFUSALS_MAX: usize = 10_000;

/// Room for keys, headers and framing beside the largest value a topic takes.
const RECORD_OVERHEAD_BYTES: usize = 1024 * 1024;

/// librdkafka's bounds of `message.max.bytes`.
const MESSAGE_MAX_BYTES: std::ops::RangeInclusive<usize> = 1_000_000..=1_000_000_000;

/// The client, its counters and its delivery reports. Used by one worker, and by the thread that makes its transactional
/// calls.
pub(crate) struct Producer {
    // Dropped in this order: the queue before the client, the counters after it.
    queue: Queue,
    client: Client,
    wire: Box<WireCounters>,
    refusals: Mutex<Vec<Refusal>>,
    failed: Mutex<Option<Code>>,
}

impl Producer {
    /// Creates the client; it connects in the background and is not initialised.
    pub(crate) fn new(settings: &ProducerSettings) -> Result<Producer, KafkaError> {
        let wire = Box::<WireCounters>::default();
        let properties = &settings.cluster.properties;
        let client = Client::new(&settings.cluster, sys::rd_kafka_type_t::RD_KAFKA_PRODUCER, |conf| {
            conf.set("enable.idempotence", "true")?;
            conf.set("linger.ms", &settings.linger_ms.to_string())?;
            // Success needs no report: the drain waits for the count of outstanding messages to reach zero.
            conf.set("delivery.report.only.error", "true")?;
            let timeout_ms = settings.transaction_timeout.as_millis().to_string();
            conf.set("message.timeout.ms", &timeout_ms)?;
            if let Some(id) = &settings.transactional_id {
                conf.set("transactional.id", id)?;
                conf.set("transaction.timeout.ms", &timeout_ms)?;
            }
            for (name, value) in [
                ("queue.buffering.max.messages", "500000".to_owned()),
                ("message.max.bytes", message_max_bytes(settings.record_bytes_max).to_string()),
            ] {
                if !properties.contains_key(name) {
                    conf.set(name, &value)?;
                }
            }
            wire.install(conf)?;
            // As events, so that a flush sleeps until the last message is done instead of polling in steps.
            // SAFETY: the configuration is alive.
            unsafe { sys::rd_kafka_conf_set_events(conf.as_ptr(), sys::RD_KAFKA_EVENT_DR) };
            Ok(())
        })?;
        let queue = Queue::of_client(&client);
        Ok(Producer { queue, client, wire, refusals: Mutex::default(), failed: Mutex::default() })
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_t {
        self.client.as_ptr()
    }

    /// A topic handle; to be destroyed before the producer is dropped.
    pub(crate) fn topic(&self, topic: &str) -> Result<*mut sys::rd_kafka_topic_t, KafkaError> {
        let c_topic = c_string(topic)?;
        // SAFETY: the handle is alive, the name ends in NUL, null stands for the default topic configuration.
        let handle = unsafe { sys::rd_kafka_topic_new(self.as_ptr(), c_topic.as_ptr(), std::ptr::null_mut()) };
        if handle.is_null() {
            return Err(KafkaError::Call { call: "open topic", message: topic.to_owned() });
        }
        Ok(handle)
    }

    /// Takes delivery reports that are there, waiting at most `timeout` for the first.
    pub(crate) fn serve(&self, timeout: Duration) {
        let mut wait = timeout;
        while let Some(event) = self.queue.poll(wait) {
            wait = Duration::ZERO;
            self.client.note_error(&event);
            if event.kind() != sys::RD_KAFKA_EVENT_DR {
                continue;
            }
            event.reports(|code, topic, origin| {
                if code == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
                    return;
                }
                *held(&self.failed) = Some(code);
                let mut refusals = held(&self.refusals);
                if is_refusal(code) && refusals.len() < REFUSALS_MAX {
                    refusals.push(Refusal {
                        origin: Origin::from_bits(origin),
                        error: name(code).to_owned(),
                        topic: topic.to_string_lossy().into_owned(),
                    });
                }
            });
        }
    }

    /// Sends everything that lingers and waits until nothing is outstanding; whether that was reached.
    pub(crate) fn drain(&self, timeout: Duration) -> bool {
        let rounds = timeout.as_millis() / DRAIN_ROUND.as_millis() + 1;
        for _ in 0..rounds {
            // SAFETY: the handle is alive. Returns as soon as the count of messages is zero.
            let code = unsafe { sys::rd_kafka_flush(self.as_ptr(), DRAIN_ROUND.as_millis() as i32) };
            // Failed messages count as outstanding until their report was taken.
            self.serve(Duration::ZERO);
            if code == Code::RD_KAFKA_RESP_ERR_NO_ERROR {
                return true;
            }
        }
        false
    }

    /// Like `drain`, as a result: late is retriable, a failed delivery is not.
    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), Failure> {
        if !self.drain(timeout) {
            return Err(Failure::new(Class::Retriable, "flush: records are still on their way"));
        }
        match held(&self.failed).take() {
            Some(code) => Err(Failure::new(Class::Abortable, format!("flush: {}", name(code)))),
            None => Ok(()),
        }
    }

    /// Gets a producer id and settles what an earlier producer with this transactional id left open.
    pub(crate) fn init(&self, timeout: Duration) -> Result<(), Failure> {
        // SAFETY: the handle is alive; the error object is ours.
        unsafe { check("init transactions", sys::rd_kafka_init_transactions(self.as_ptr(), millis(timeout))) }
    }

    pub(crate) fn send_offsets(
        &self,
        positions: &TopicPartitionList,
        membership: &GroupMetadata,
        timeout: Duration,
    ) -> Result<(), Failure> {
        let (list, metadata) = (positions.ptr(), membership.as_ptr());
        // SAFETY: handle, list and metadata are alive for the call; the error object is ours.
        unsafe {
            let sent = sys::rd_kafka_send_offsets_to_transaction(self.as_ptr(), list, metadata, millis(timeout));
            check("send offsets", sent)
        }
    }

    /// Sends EndTxn. Its inner flush finds nothing after a drain.
    pub(crate) fn commit(&self, timeout: Duration) -> Result<(), Failure> {
        // SAFETY: the handle is alive; the error object is ours.
        unsafe { check("commit transaction", sys::rd_kafka_commit_transaction(self.as_ptr(), millis(timeout))) }
    }

    /// Aborts the open transaction. librdkafka first waits for the reports of what it gives up, which we have to take; so
    /// it is asked in short rounds while any are outstanding, which resume each other.
    pub(crate) fn abort(&self, timeout: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + timeout;
        loop {
            self.serve(Duration::ZERO);
            let left = deadline.saturating_duration_since(Instant::now());
            let outstanding = self.outstanding();
            let round = if outstanding { left.min(DRAIN_ROUND) } else { left };
            // SAFETY: the handle is alive; the error object is ours.
            let result =
                unsafe { check("abort transaction", sys::rd_kafka_abort_transaction(self.as_ptr(), millis(round))) };
            match result {
                Err(failure) if failure.class == Class::Retriable && outstanding && Instant::now() < deadline => {}
                result => return result,
            }
        }
    }

    fn outstanding(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { sys::rd_kafka_outq_len(self.as_ptr()) > 0 }
    }

    pub(crate) fn take_refusals(&self) -> Vec<Refusal> {
        std::mem::take(&mut held(&self.refusals))
    }

    /// Called at begin: what an earlier transaction left behind counts no more.
    pub(crate) fn reset(&self) {
        self.wire.reset();
        *held(&self.failed) = None;
    }

    /// How far changelogs have come since begin.
    pub(crate) fn changelog_ends(&self) -> Vec<ChangelogEnd> {
        self.wire.changelog_ends()
    }

    pub(crate) fn wire(&self) -> Wire {
        self.wire.seen()
    }

    /// Ends the client on a thread of its own: it can take up to half a second, and nothing waits for it.
    pub(crate) fn discard(self: Arc<Self>) {
        // SAFETY: the handle is alive; what is queued or in flight is given up.
        unsafe {
            let flags =
                sys::RD_KAFKA_PURGE_F_QUEUE | sys::RD_KAFKA_PURGE_F_INFLIGHT | sys::RD_KAFKA_PURGE_F_NON_BLOCKING;
            sys::rd_kafka_purge(self.as_ptr(), flags);
        }
        let dropped = std::thread::Builder::new().name("producer-drop".to_owned()).spawn(move || drop(self));
        if let Err(error) = dropped {
            tracing::warn!("no thread to drop a producer on, so it was dropped in place: {error}");
        }
    }
}

/// How often a drain that is not done looks at delivery reports.
const DRAIN_ROUND: Duration = Duration::from_millis(5);

fn message_max_bytes(record_bytes_max: usize) -> usize {
    let wanted = record_bytes_max.saturating_add(RECORD_OVERHEAD_BYTES);
    wanted.clamp(*MESSAGE_MAX_BYTES.start(), *MESSAGE_MAX_BYTES.end())
}

fn held<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
