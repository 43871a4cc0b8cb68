//! The one way in which this crate makes a consumer: from the beginning, by partition, never committing.

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::time::Duration;

/// Longest wait for one answer; a broker that was killed is back well before.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    Committed,
    Uncommitted,
}

/// `group` is only used to ask for its offsets: nothing here subscribes.
pub(crate) fn consumer(bootstrap: &str, group: &str, isolation: Isolation) -> Result<BaseConsumer> {
    let isolation = match isolation {
        Isolation::Committed => "read_committed",
        Isolation::Uncommitted => "read_uncommitted",
    };
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("isolation.level", isolation)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // Offsets out of range mean that the log was cut: an error, never a silent jump.
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "true")
        // The end of a partition is told with an answer to a fetch, so it should not wait for records.
        .set("fetch.wait.max.ms", "50")
        .set("check.crcs", "true")
        .set("reconnect.backoff.max.ms", "500")
        .set("topic.metadata.refresh.interval.ms", "1000")
        .set("queued.max.messages.kbytes", "16384")
        .set_log_level(RDKafkaLogLevel::Critical)
        .create()
        .context("failed to create a consumer")
}

/// The number of partitions of `topic`.
pub(crate) fn partitions(consumer: &BaseConsumer, topic: &str) -> Result<i32> {
    let metadata =
        consumer.fetch_metadata(Some(topic), ANSWER_MAX).with_context(|| format!("no metadata of {topic}"))?;
    let partitions =
        metadata.topics().iter().find(|found| found.name() == topic).map_or(0, |found| found.partitions().len());
    ensure!(partitions > 0, "topic {topic} does not exist");
    Ok(partitions as i32)
}
