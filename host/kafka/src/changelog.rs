//! Changelogs read back, through the client library's plain consumer: partitions are named, there is no group.
//!
//! Two clients, because an isolation level belongs to a client: changes are read committed, and the end that a restore has to
//! reach is asked read uncommitted.

use crate::batch::Message;
use crate::client::Client;
use crate::conf::c_string;
use crate::consumer::{Queue, millis};
use crate::error::{KafkaError, check_code, name};
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ffi::CString;
use std::ptr::null_mut;
use std::time::Duration;
use wasmill_config::Cluster;
use wasmill_record::{
    ChangelogEvent, ChangelogPartition, ChangelogSource, Class, CommitOffset, EachChangelogEvent, Failure,
};

/// Messages taken from librdkafka at once.
const TAKE_MAX: usize = 1024;

/// Reads the changelogs of one pipeline.
pub struct ChangelogReader {
    // Handles are destroyed before the client that they belong to.
    topics: Vec<Topic>,
    queue: Queue,
    #[expect(dead_code, reason = "outlives its queue and topics")]
    client: Client,
    /// Asks for ends only.
    uncommitted: Client,
    landing: Vec<*mut sys::rd_kafka_message_t>,
}

// SAFETY: `landing` holds dangling pointers between calls, which nobody reads; handles may be used from any thread.
unsafe impl Send for ChangelogReader {}

/// A changelog, by store number.
struct Topic {
    name: CString,
    handle: *mut sys::rd_kafka_topic_t,
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: our reference, and its last use.
        unsafe { sys::rd_kafka_topic_destroy(self.handle) }
    }
}

impl ChangelogReader {
    /// `topics` by store number. Nothing is on the wire before the first call.
    pub fn new(cluster: &Cluster, topics: &[String]) -> Result<ChangelogReader, KafkaError> {
        let client = consumer(cluster, "read_committed")?;
        let uncommitted = consumer(cluster, "read_uncommitted")?;
        let open = |topic: &String| -> Result<Topic, KafkaError> {
            let name = c_string(topic)?;
            // SAFETY: the client is alive, the name ends in NUL, null stands for the default topic configuration.
            let handle = unsafe { sys::rd_kafka_topic_new(client.as_ptr(), name.as_ptr(), null_mut()) };
            if handle.is_null() {
                return Err(KafkaError::Call { call: "open topic", message: topic.clone() });
            }
            Ok(Topic { name, handle })
        };
        let topics = topics.iter().map(open).collect::<Result<_, _>>()?;
        let queue = Queue::new(&client);
        Ok(ChangelogReader { topics, queue, client, uncommitted, landing: vec![null_mut(); TAKE_MAX] })
    }

    fn topic(&self, of: ChangelogPartition) -> Result<&Topic, Failure> {
        let unknown = || Failure::new(Class::Unknown, format!("store {} has no changelog", of.store));
        self.topics.get(usize::from(of.store)).ok_or_else(unknown)
    }
}

fn consumer(cluster: &Cluster, isolation: &str) -> Result<Client, KafkaError> {
    Client::new(cluster, sys::rd_kafka_type_t::RD_KAFKA_CONSUMER, |conf| {
        conf.set("isolation.level", isolation)?;
        conf.set("enable.partition.eof", "true")?;
        conf.set("auto.offset.reset", "error")?;
        conf.set("enable.auto.commit", "false")?;
        if !cluster.properties.contains_key("fetch.queue.backoff.ms") {
            // The default of 1 s is how long a full queue would stay empty after it was emptied.
            conf.set("fetch.queue.backoff.ms", "10")?;
        }
        Ok(())
    })
}

impl ChangelogSource for ChangelogReader {
    fn bounds(&mut self, of: ChangelogPartition, timeout: Duration) -> Result<(CommitOffset, CommitOffset), Failure> {
        let topic = self.topic(of)?;
        let (mut low, mut high) = (0, 0);
        // SAFETY: handle and name are alive; the two out pointers are ours.
        let code = unsafe {
            sys::rd_kafka_query_watermark_offsets(
                self.uncommitted.as_ptr(),
                topic.name.as_ptr(),
                of.partition,
                &mut low,
                &mut high,
                millis(timeout),
            )
        };
        check_code("ask for the changelog's bounds", code)?;
        Ok((CommitOffset::at(low), CommitOffset::at(high)))
    }

    fn start(&mut self, of: ChangelogPartition, from: CommitOffset) -> Result<(), Failure> {
        let topic = self.topic(of)?;
        // SAFETY: handles are alive.
        let started =
            unsafe { sys::rd_kafka_consume_start_queue(topic.handle, of.partition, from.next(), self.queue.as_ptr()) };
        if started == 0 {
            return Ok(());
        }
        // SAFETY: asked on the thread whose call failed.
        check_code("read the changelog", unsafe { sys::rd_kafka_last_error() })
    }

    fn stop(&mut self, of: ChangelogPartition) {
        if let Ok(topic) = self.topic(of) {
            // SAFETY: the handle is alive. Waits for librdkafka's own thread, which drops what it has fetched.
            if unsafe { sys::rd_kafka_consume_stop(topic.handle, of.partition) } != 0 {
                tracing::debug!(changelog = ?topic.name, partition = of.partition, "was not being read");
            }
        }
    }

    fn poll(&mut self, wait: Duration, each: &mut EachChangelogEvent<'_>) {
        let mut count = self.queue.consume(&mut self.landing, Duration::ZERO);
        if count == 0 && !wait.is_zero() {
            // Waiting for more than one would wait until all have come.
            let (first, rest) = self.landing.split_at_mut(1);
            count = self.queue.consume(first, wait);
            if count == 1 {
                count += self.queue.consume(rest, Duration::ZERO);
            }
        }
        for message in self.landing.iter().take(count) {
            // SAFETY: librdkafka just gave us this pointer to own.
            let message = unsafe { Message::new(*message) };
            let store = self.topics.iter().position(|topic| topic.handle == message.get().rkt);
            let Some(store) = store.and_then(|store| u16::try_from(store).ok()) else { continue };
            deliver(ChangelogPartition { store, partition: message.get().partition }, &message, each);
        }
    }
}

fn deliver(of: ChangelogPartition, message: &Message, each: &mut EachChangelogEvent<'_>) {
    let raw = message.get();
    match raw.err {
        Code::RD_KAFKA_RESP_ERR_NO_ERROR => {
            let next = CommitOffset::at(raw.offset.saturating_add(1));
            match message.key() {
                Some(key) => {
                    let (timestamp, value) = (message.timestamp(), message.value());
                    each(of, ChangelogEvent::Change { next, timestamp, key, value });
                }
                // Not ours: a compacted topic refuses it, and it can be no change.
                None => each(of, ChangelogEvent::Failed { message: "a record without a key" }),
            }
        }
        Code::RD_KAFKA_RESP_ERR__PARTITION_EOF => each(of, ChangelogEvent::End { next: CommitOffset::at(raw.offset) }),
        code => each(of, ChangelogEvent::Failed { message: name(code) }),
    }
}
