//! The raw loop's calls into librdkafka that are not made per record.

use std::ffi::{CStr, CString};
use std::ptr::null_mut;
use std::time::Duration;

use anyhow::{Result, anyhow, bail, ensure};
use rdkafka::TopicPartitionList;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use rdkafka_sys::rd_kafka_type_t as Kind;

use super::Job;
use crate::contestant::Delivery;

const WORDS_BYTES: usize = 512;

/// Room for all partitions of a topic that a contestant reads.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// A handle that lives as long as the process.
#[derive(Clone, Copy)]
pub(super) struct Client(*mut sys::rd_kafka_t);

// SAFETY: librdkafka handles may be used from any thread at once.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

/// A queue that lives as long as the process.
#[derive(Clone, Copy)]
pub(super) struct Queue(*mut sys::rd_kafka_queue_t);

// SAFETY: queues are locked inside librdkafka.
unsafe impl Send for Queue {}
// SAFETY: as above.
unsafe impl Sync for Queue {}

pub(super) struct Consumer {
    pub(super) client: Client,
    main: Queue,
}

impl Client {
    fn new(kind: Kind, properties: &[(&str, &str)]) -> Result<Client> {
        let mut words = [0; WORDS_BYTES];
        // SAFETY: strings end in NUL, the buffer has the stated length, and the configuration is the client's afterwards.
        unsafe {
            let conf = sys::rd_kafka_conf_new();
            for (name, value) in properties {
                let (name, value) = (CString::new(*name)?, CString::new(*value)?);
                let set = sys::rd_kafka_conf_set(conf, name.as_ptr(), value.as_ptr(), words.as_mut_ptr(), words.len());
                let known = set == sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK;
                ensure!(known, "{}", CStr::from_ptr(words.as_ptr()).to_string_lossy());
            }
            sys::rd_kafka_conf_set_events(conf, sys::RD_KAFKA_EVENT_REBALANCE | sys::RD_KAFKA_EVENT_ERROR);
            let client = sys::rd_kafka_new(kind, conf, words.as_mut_ptr(), words.len());
            ensure!(!client.is_null(), "{}", CStr::from_ptr(words.as_ptr()).to_string_lossy());
            Ok(Client(client))
        }
    }

    pub(super) fn producer(job: &Job, worker: usize) -> Result<Client> {
        let linger_ms = job.linger_ms().to_string();
        let id = format!("raw.{}.{worker}", job.group);
        let mut properties = vec![
            ("bootstrap.servers", job.bootstrap.as_str()),
            ("enable.idempotence", "true"),
            ("linger.ms", &linger_ms),
            ("delivery.report.only.error", "true"),
            ("queue.buffering.max.messages", "500000"),
        ];
        if job.delivery == Delivery::ExactlyOnce {
            properties.extend([("transactional.id", id.as_str()), ("transaction.timeout.ms", "10000")]);
        }
        Client::new(Kind::RD_KAFKA_PRODUCER, &properties)
    }

    pub(super) fn as_ptr(self) -> *mut sys::rd_kafka_t {
        self.0
    }

    pub(super) fn topic(self, name: &str) -> Result<*mut sys::rd_kafka_topic_t> {
        let c_name = CString::new(name)?;
        // SAFETY: the handle lives, the name ends in NUL, null stands for the default configuration.
        let topic = unsafe { sys::rd_kafka_topic_new(self.0, c_name.as_ptr(), null_mut()) };
        ensure!(!topic.is_null(), "failed to open topic `{name}`");
        Ok(topic)
    }
}

impl Queue {
    /// Up to `into.len()` messages. A positive timeout waits until all have come, so ask for one then.
    pub(super) fn consume(self, into: &mut [*mut sys::rd_kafka_message_t], timeout: Duration) -> Result<usize> {
        // SAFETY: the queue lives; at most `len` pointers are written, which are ours.
        let taken =
            unsafe { sys::rd_kafka_consume_batch_queue(self.0, millis(timeout), into.as_mut_ptr(), into.len()) };
        Ok(usize::try_from(taken)?)
    }
}

impl Consumer {
    pub(super) fn new(job: &Job) -> Result<Consumer> {
        let fetch_wait_ms = job.interval_ms.min(100).to_string();
        let client = Client::new(
            Kind::RD_KAFKA_CONSUMER,
            &[
                ("bootstrap.servers", &job.bootstrap),
                ("group.id", &job.group),
                ("session.timeout.ms", "6000"),
                ("heartbeat.interval.ms", "600"),
                ("partition.assignment.strategy", "cooperative-sticky"),
                ("isolation.level", "read_committed"),
                ("auto.offset.reset", "earliest"),
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("fetch.wait.max.ms", &fetch_wait_ms),
                ("fetch.queue.backoff.ms", "10"),
            ],
        )?;
        // SAFETY: the handle lives and is a consumer with a group.
        let main = unsafe {
            sys::rd_kafka_poll_set_consumer(client.0);
            Queue(sys::rd_kafka_queue_get_consumer(client.0))
        };
        Ok(Consumer { client, main })
    }

    pub(super) fn new_queue(&self) -> Queue {
        // SAFETY: the handle lives; never null.
        Queue(unsafe { sys::rd_kafka_queue_new(self.client.0) })
    }

    pub(super) fn subscribe(&self, topic: &str) -> Result<()> {
        let mut list = TopicPartitionList::new();
        list.add_topic_unassigned(topic);
        // SAFETY: handle and list live for the call, which copies the list.
        check("subscribe", unsafe { sys::rd_kafka_subscribe(self.client.0, list.ptr()) })
    }

    /// Answers what the group says within `timeout`: partition p goes to queue p modulo their number.
    pub(super) fn serve(&self, timeout: Duration, queues: &[Queue]) -> Result<()> {
        // SAFETY: the queue lives; event, list and names live until the event is destroyed at the end.
        unsafe {
            let event = sys::rd_kafka_queue_poll(self.main.0, millis(timeout));
            if event.is_null() {
                return Ok(());
            }
            let answered = match sys::rd_kafka_event_type(event) {
                sys::RD_KAFKA_EVENT_REBALANCE => self.rebalance(event, queues),
                sys::RD_KAFKA_EVENT_ERROR => {
                    eprintln!("{}", CStr::from_ptr(sys::rd_kafka_event_error_string(event)).to_string_lossy());
                    Ok(())
                }
                other => Err(anyhow!("unexpected event {other}: a partition was not forwarded")),
            };
            sys::rd_kafka_event_destroy(event);
            answered
        }
    }

    /// # Safety
    /// `event` is alive and a rebalance.
    unsafe fn rebalance(&self, event: *mut sys::rd_kafka_event_t, queues: &[Queue]) -> Result<()> {
        // SAFETY: list, elements and names belong to the event; handle and queues live.
        unsafe {
            let list = sys::rd_kafka_event_topic_partition_list(event);
            if sys::rd_kafka_event_error(event) != Code::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
                return check_error("unassign", sys::rd_kafka_incremental_unassign(self.client.0, list));
            }
            for at in 0..usize::try_from((*list).cnt)? {
                let element = &*(*list).elems.add(at);
                let worker = usize::try_from(element.partition)? % queues.len();
                let own = sys::rd_kafka_queue_get_partition(self.client.0, element.topic, element.partition);
                let (false, Some(to)) = (own.is_null(), queues.get(worker)) else { bail!("no queue of a partition") };
                sys::rd_kafka_queue_forward(own, to.0);
                sys::rd_kafka_queue_destroy(own);
            }
            check_error("assign", sys::rd_kafka_incremental_assign(self.client.0, list))
        }
    }
}

/// Whole milliseconds; a wait that is not zero stays one.
pub(super) fn millis(timeout: Duration) -> i32 {
    let whole = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    if whole == 0 && !timeout.is_zero() { 1 } else { whole }
}

pub(super) fn check(call: &str, code: Code) -> Result<()> {
    ensure!(code == Code::RD_KAFKA_RESP_ERR_NO_ERROR, "{call}: {code:?}");
    Ok(())
}

/// # Safety
/// `error` is null, or a fresh error object that nobody else frees.
pub(super) unsafe fn check_error(call: &str, error: *mut sys::rd_kafka_error_t) -> Result<()> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: alive until it is destroyed here.
    let words = unsafe {
        let words = CStr::from_ptr(sys::rd_kafka_error_string(error)).to_string_lossy().into_owned();
        sys::rd_kafka_error_destroy(error);
        words
    };
    bail!("{call}: {words}")
}
