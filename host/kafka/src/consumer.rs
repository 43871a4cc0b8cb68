//! The process's membership in the consumer group, and the queues through which workers get their records.
//!
//! One poll thread calls [`Consumer::poll`] and answers what it says; workers read their own [`crate::Inlet`]. librdkafka
//! never looks committed offsets up for us: an assignment is made at a placeholder, paused, and a worker seeks.

use crate::client::Client;
use crate::error::{KafkaError, check, check_code};
use crate::partitions::{InputTopics, first_error};
use rdkafka::TopicPartitionList;
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_resp_err_t as Code;
use std::ffi::CStr;
use std::sync::Arc;
use std::time::Duration;
use wasmill_config::Cluster;
use wasmill_record::{Class, CommitOffset, Committed, Failure, Group, InputPartition, Membership};

mod calls;
mod queue;
pub(crate) use queue::{Event, Queue, millis};

/// What a pipeline's consumer is made of.
#[derive(Debug, Clone)]
pub struct ConsumerSettings {
    pub group: String,
    pub session_timeout: Duration,
    /// Topic of each input, by its number. The first is subscribed.
    pub topics: Vec<String>,
    pub workers: usize,
    /// Idle wait of a fetch: what an idle broker costs against how late the first record of a burst is.
    pub fetch_wait: Duration,
}

/// What the poll thread has to answer.
#[derive(Debug)]
pub enum GroupEvent {
    /// To be answered with `assign`.
    Assigned(Vec<InputPartition>),
    /// To be answered with `unassign`. `lost`: the group has given them away already.
    Revoked { partitions: Vec<InputPartition>, lost: bool },
    /// The client's own words; it goes on by itself unless `fatal`.
    Error { message: String, fatal: bool },
    /// A record on the poll thread's queue: a partition was not forwarded.
    Stray { partition: Option<InputPartition>, offset: i64 },
}

/// A group member.
pub struct Consumer {
    // Queues are destroyed before the client: the other order never ends.
    main: Queue,
    workers: Vec<Queue>,
    topics: InputTopics,
    client: Client,
}

/// Group metadata of one moment. Cloning shares it.
#[derive(Clone)]
pub struct GroupMetadata(Arc<Snapshot>);

struct Snapshot(*mut sys::rd_kafka_consumer_group_metadata_t);

impl Consumer {
    /// Creates the client; nothing is on the wire before [`Consumer::subscribe`].
    pub fn new(cluster: &Cluster, settings: &ConsumerSettings) -> Result<Consumer, KafkaError> {
        let session_ms = settings.session_timeout.as_millis();
        let client = Client::new(cluster, sys::rd_kafka_type_t::RD_KAFKA_CONSUMER, |conf| {
            conf.set("group.id", &settings.group)?;
            conf.set("session.timeout.ms", &session_ms.to_string())?;
            conf.set("heartbeat.interval.ms", &(session_ms / 10).to_string())?;
            // Workers refresh it with every consume call, so it says nothing about them; the watchdog does.
            conf.set("max.poll.interval.ms", &MAX_POLL_INTERVAL_MS.max(session_ms).to_string())?;
            conf.set("partition.assignment.strategy", "cooperative-sticky")?;
            conf.set("isolation.level", "read_committed")?;
            // Offsets are ours to look up: an UNSTABLE answer would be read as "none" during an assignment change.
            conf.set("auto.offset.reset", "error")?;
            conf.set("enable.auto.commit", "false")?;
            conf.set("enable.auto.offset.store", "false")?;
            conf.set("enable.partition.eof", "false")?;
            for (name, value) in [
                ("fetch.wait.max.ms", settings.fetch_wait.as_millis().to_string()),
                // The default of 1 s is how long a full queue would stay empty after it was emptied.
                ("fetch.queue.backoff.ms", "10".to_owned()),
            ] {
                if !cluster.properties.contains_key(name) {
                    conf.set(name, &value)?;
                }
            }
            let events = sys::RD_KAFKA_EVENT_REBALANCE | sys::RD_KAFKA_EVENT_ERROR;
            // SAFETY: the configuration is alive.
            unsafe { sys::rd_kafka_conf_set_events(conf.as_ptr(), events) };
            Ok(())
        })?;
        let main = Queue::main(&client)?;
        let workers = (0..settings.workers).map(|_| Queue::new(&client)).collect();
        Ok(Consumer { client, main, workers, topics: InputTopics::new(settings.topics.clone()) })
    }

    /// Joins the group with the first input; followers are assigned beside it by hand.
    pub fn subscribe(&self) -> Result<(), Failure> {
        let mut list = TopicPartitionList::new();
        if let Some(topic) = self.topics.topics().first() {
            list.add_topic_unassigned(topic);
        }
        // SAFETY: handle and list are alive; the list is copied.
        check_code("subscribe", unsafe { sys::rd_kafka_subscribe(self.client.as_ptr(), list.ptr()) })
    }

    /// Leaves the group; a revoke of everything follows.
    pub fn unsubscribe(&self) -> Result<(), Failure> {
        // SAFETY: the handle is alive.
        check_code("unsubscribe", unsafe { sys::rd_kafka_unsubscribe(self.client.as_ptr()) })
    }

    /// Waits at most `timeout` for something to answer. Keeps the membership alive; call it at least every few seconds.
    pub fn poll(&self, timeout: Duration) -> Option<GroupEvent> {
        let event = self.main.poll(timeout)?;
        match event.kind() {
            sys::RD_KAFKA_EVENT_REBALANCE => {
                let known = |(topic, partition): (String, i32)| self.topics.partition(&topic, partition);
                let partitions = event.partitions().into_iter().filter_map(known).collect();
                if event.code() == Code::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
                    return Some(GroupEvent::Assigned(partitions));
                }
                // SAFETY: the handle is alive.
                let lost = unsafe { sys::rd_kafka_assignment_lost(self.client.as_ptr()) } != 0;
                Some(GroupEvent::Revoked { partitions, lost })
            }
            sys::RD_KAFKA_EVENT_ERROR => {
                let (code, message, fatal) = (event.code(), event.message(), event.is_fatal());
                self.client.context().note(code as i32, &message);
                Some(GroupEvent::Error { message, fatal })
            }
            sys::RD_KAFKA_EVENT_FETCH => event.first_message().map(|(topic, partition, offset)| GroupEvent::Stray {
                partition: self.topics.partition(&topic, partition),
                offset,
            }),
            _ => None,
        }
    }

    /// Group metadata as of now. During and after a lost membership it is empty or stale: see `settle::guard`.
    pub fn group_metadata(&self) -> GroupMetadata {
        // SAFETY: the handle is alive and a consumer with a group, so the answer is not null.
        GroupMetadata(Arc::new(Snapshot(unsafe { sys::rd_kafka_consumer_group_metadata(self.client.as_ptr()) })))
    }

    /// Commits positions outside of any transaction and waits for the answer.
    pub(crate) fn commit(&self, positions: &[(InputPartition, CommitOffset)], token: &str) -> Result<(), Failure> {
        let list = self.topics.list_at(positions.iter(), Some(token));
        // SAFETY: handle and list are alive.
        check_code("commit offsets", unsafe { sys::rd_kafka_commit(self.client.as_ptr(), list.ptr(), 0) })
    }

    pub(crate) fn topics(&self) -> &InputTopics {
        &self.topics
    }

    pub(crate) fn queue(&self, worker: usize) -> Option<&Queue> {
        self.workers.get(worker)
    }
}

/// Bounds how long a poll thread may be stuck before the group drops it; >= the session timeout, as librdkafka demands.
const MAX_POLL_INTERVAL_MS: u128 = 120_000;

// SAFETY: immutable; readable from any thread.
unsafe impl Send for Snapshot {}
// SAFETY: as above.
unsafe impl Sync for Snapshot {}

impl GroupMetadata {
    pub(crate) fn as_ptr(&self) -> *const sys::rd_kafka_consumer_group_metadata_t {
        self.0.0
    }
}

impl Membership for GroupMetadata {
    fn generation(&self) -> i32 {
        // SAFETY: alive until our drop.
        unsafe { sys::rd_kafka_consumer_group_metadata_generation_id(self.as_ptr()) }
    }

    fn has_member_id(&self) -> bool {
        // SAFETY: alive until our drop; the id ends in NUL.
        unsafe { !CStr::from_ptr(sys::rd_kafka_consumer_group_metadata_member_id(self.as_ptr())).is_empty() }
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // SAFETY: ours, and the last use.
        unsafe { sys::rd_kafka_consumer_group_metadata_destroy(self.0) }
    }
}
