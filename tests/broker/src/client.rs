//! Small Kafka clients for tests: each call does one thing, waits until it is done, and panics when it is not.
//!
//! Nothing here is fast or forgiving, and nothing of it is the host's own client code.

mod admin;
mod consumer;
mod producer;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub use admin::{add_partitions, create_topic, delete_group, delete_records, delete_topic, try_create_topic};
pub use consumer::{
    Isolation, committed, consumer, consumer_at, header_map, headers, key_values, last_committed, poll_until, read_all,
    read_count, reader, values, wait_until_settled,
};
pub use producer::{
    Producer, drain, producer, queue, queue_values, send, send_pairs, send_with_headers, transactional,
    transactional_with,
};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// Whatever takes longer has failed. Far above what a loaded machine needs, far below a hang.
pub const WITHIN: Duration = Duration::from_secs(30);

/// A name no other test, thread or run of this process uses.
pub fn unique(what: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_micros());
    format!("{what}-{}-{now:x}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A list with one position.
pub fn position(topic: &str, partition: i32, offset: i64) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(offset)).expect("a valid offset");
    list
}

/// Asks again until the answer is yes.
///
/// # Panics
/// It is not within [`WITHIN`]; the message is `what`.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + WITHIN;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not within {WITHIN:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn config(bootstrap: &str, properties: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("reconnect.backoff.max.ms", "500")
        .set("enable.metrics.push", "false");
    // New topics are asked about until they are there.
    config.set("topic.metadata.refresh.fast.interval.ms", "50");
    for (name, value) in properties {
        config.set(*name, *value);
    }
    config
}
