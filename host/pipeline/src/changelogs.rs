//! The topics that hold a pipeline's state: created where they are missing, refused where they are not what they must be.
//!
//! One for each store, `wasmill.<group>.<store>.changelog`, with the input's number of partitions: a key's state lies where
//! its records come from. Compacted, never deleted from by age or size: it is the truth, not a history.

use crate::topics::TopicsError;
use std::time::Duration;
use wasmill_config::Pipeline;
use wasmill_kafka::{NewTopic, Probe, TopicFacts};
use wasmill_record::{Clock, SystemClock};

const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// How long deletions stay readable in changelogs that we create. A cache that is older than half of it is rebuilt.
const DELETE_RETENTION_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Kafka's default, where the topic's configuration may not be read.
const DEFAULT_DELETE_RETENTION_MS: i64 = 24 * 60 * 60 * 1000;

/// Asking again after a creation: metadata takes its time through the cluster.
const APPEARS_TRIES: usize = 50;
const APPEARS_PAUSE: Duration = Duration::from_millis(100);

/// The changelogs of a pipeline, by store number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changelogs {
    pub(crate) topics: Vec<TopicFacts>,
}

impl Changelogs {
    /// Asks for the topics of `stores` and creates those that are missing.
    pub(crate) fn ensure(
        probe: &Probe,
        config: &Pipeline,
        stores: &[String],
        partitions: i32,
    ) -> Result<Changelogs, TopicsError> {
        if stores.is_empty() {
            return Ok(Changelogs::default());
        }
        let names: Vec<String> = stores.iter().map(|store| name(&config.group, store)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut topics = probe.topics(&names, ASK_TIMEOUT)?;
        let missing: Vec<String> =
            topics.iter().filter(|topic| !topic.exists()).map(|topic| topic.name.clone()).collect();
        for topic in &missing {
            let retention = DELETE_RETENTION_MS.to_string();
            // With the times of the records that made the changes, wherever those are: time to live counts from them, and a
            // change that is refused for its time would hold up its partition for good.
            let any = i64::MAX.to_string();
            let settings = [
                ("cleanup.policy", "compact"),
                ("delete.retention.ms", retention.as_str()),
                ("message.timestamp.type", "CreateTime"),
                ("message.timestamp.after.max.ms", any.as_str()),
                ("message.timestamp.before.max.ms", any.as_str()),
            ];
            let new = NewTopic { name: topic, partitions, replication_factor: None, settings: &settings };
            probe.create_topic(&new, ASK_TIMEOUT)?;
            tracing::info!(pipeline = config.name, topic, partitions, "changelog created");
        }
        for _ in 0..APPEARS_TRIES {
            if topics.iter().all(TopicFacts::exists) {
                break;
            }
            SystemClock.rest(APPEARS_PAUSE);
            topics = probe.topics(&names, ASK_TIMEOUT)?;
        }
        let problems: Vec<String> = topics.iter().filter_map(|topic| problem(config, topic, partitions)).collect();
        match problems.is_empty() {
            true => Ok(Changelogs { topics }),
            false => Err(TopicsError::Changelog(problems.join("\n"))),
        }
    }

    /// Looks without changing anything: those that are there, and the names of their stores. A missing one is no mistake,
    /// because a start creates it.
    pub(crate) fn present(
        probe: &Probe,
        config: &Pipeline,
        stores: &[String],
        partitions: i32,
    ) -> Result<(Vec<String>, Changelogs), TopicsError> {
        if stores.is_empty() {
            return Ok((Vec::new(), Changelogs::default()));
        }
        let names: Vec<String> = stores.iter().map(|store| name(&config.group, store)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let topics = probe.topics(&names, ASK_TIMEOUT)?;
        let there = stores.iter().cloned().zip(topics).filter(|(_, topic)| topic.exists());
        let (stores, topics): (Vec<String>, Vec<TopicFacts>) = there.unzip();
        let problems: Vec<String> = topics.iter().filter_map(|topic| problem(config, topic, partitions)).collect();
        match problems.is_empty() {
            true => Ok((stores, Changelogs { topics })),
            false => Err(TopicsError::Changelog(problems.join("\n"))),
        }
    }

    /// The least of their `max.message.bytes`, where known.
    pub(crate) fn bytes_max(&self) -> Option<usize> {
        self.topics.iter().filter_map(|topic| topic.settings.bytes_max).min()
    }

    /// The least of their `delete.retention.ms`.
    pub(crate) fn delete_retention(&self) -> Duration {
        let of = |topic: &TopicFacts| topic.settings.delete_retention_ms.unwrap_or(DEFAULT_DELETE_RETENTION_MS);
        let least = self.topics.iter().map(of).min().unwrap_or(DEFAULT_DELETE_RETENTION_MS);
        Duration::from_millis(u64::try_from(least).unwrap_or(0))
    }
}

pub(crate) fn name(group: &str, store: &str) -> String {
    format!("wasmill.{group}.{store}.changelog")
}

fn problem(config: &Pipeline, topic: &TopicFacts, partitions: i32) -> Option<String> {
    let (pipeline, name, servers) = (&config.name, &topic.name, &config.cluster.bootstrap_servers);
    if !topic.exists() {
        return Some(format!("pipeline {pipeline}: changelog {name} was created but does not appear; start again"));
    }
    if topic.partitions != partitions {
        return Some(format!(
            "pipeline {pipeline}: changelog {name} has {} partitions and the input has {partitions}: state would be looked \
             for in the wrong place. Start anew with an empty one (its state is lost):\n  kafka-topics.sh \
             --bootstrap-server {servers} --delete --topic {name}\nand, where offsets were committed: wasmill state reset",
            topic.partitions
        ));
    }
    let policy = topic.settings.cleanup_policy.as_deref()?;
    if policy != "compact" {
        return Some(format!(
            "pipeline {pipeline}: changelog {name} has cleanup.policy={policy}: Kafka would delete state. Mend it with\n  \
             kafka-configs.sh --bootstrap-server {servers} --alter --entity-type topics --entity-name {name} --add-config \
             cleanup.policy=compact"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changelog_is_named_by_group_and_store() {
        assert_eq!(name("loyalty", "accounts"), "wasmill.loyalty.accounts.changelog");
    }
}
