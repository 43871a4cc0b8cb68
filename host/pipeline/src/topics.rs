//! What the brokers must have before a pipeline starts, and must not change while it runs.

mod partitions;

use crate::changelogs::Changelogs;
use crate::watch::Look;
use std::fmt::Write;
use std::time::Duration;
use wasmill_config::{Partitioner, Pipeline};
use wasmill_kafka::{OutputTopic, OutputTopics, Probe, ProbeError, TopicFacts};

const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// One look while a pipeline runs: a commit may wait for it.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);

/// The topics of a pipeline as they were when it started.
#[derive(Debug, Clone)]
pub(crate) struct Topics {
    /// Facts of inputs, outputs and dead letters, each name once.
    known: Vec<TopicFacts>,
    /// In their order, the leader first.
    inputs: Vec<partitions::Input>,
    bootstrap_servers: String,
    pub(crate) changelogs: Changelogs,
}

impl Topics {
    /// Asks the brokers; missing topics are named all at once, with the commands that create them, and inputs with unequal
    /// numbers of partitions with those that add the missing ones.
    pub(crate) fn ask(probe: &Probe, config: &Pipeline) -> Result<Topics, TopicsError> {
        let known = probe.topics(&names(config), ASK_TIMEOUT)?;
        let missing: Vec<&TopicFacts> = known.iter().filter(|topic| !topic.exists()).collect();
        if !missing.is_empty() {
            return Err(TopicsError::Missing(missing_text(&missing, &known, config)));
        }
        let inputs = config.inputs.iter().map(|input| partitions::Input {
            name: input.name.clone(),
            topic: input.topic.clone(),
            partitions: find(&known, &input.topic).map_or(0, |facts| facts.partitions),
        });
        let inputs: Vec<partitions::Input> = inputs.collect();
        let bootstrap_servers = config.cluster.bootstrap_servers.clone();
        if let Some(text) = partitions::unequal(&config.name, &bootstrap_servers, &inputs) {
            return Err(TopicsError::Unequal(text));
        }
        Ok(Topics { known, inputs, bootstrap_servers, changelogs: Changelogs::default() })
    }

    /// The topics of `stores`, created where they are missing.
    pub(crate) fn with_changelogs(
        mut self,
        probe: &Probe,
        config: &Pipeline,
        stores: &[String],
    ) -> Result<Topics, TopicsError> {
        self.changelogs = Changelogs::ensure(probe, config, stores, self.input_partitions(config))?;
        Ok(self)
    }

    /// Of the first input.
    pub(crate) fn input_partitions(&self, config: &Pipeline) -> i32 {
        config.inputs.first().map_or(0, |input| self.partitions(&input.topic))
    }

    pub(crate) fn partitions(&self, topic: &str) -> i32 {
        self.facts(topic).map_or(0, |facts| facts.partitions)
    }

    /// The largest `max.message.bytes` of any of them.
    pub(crate) fn record_bytes_max(&self) -> usize {
        self.all().filter_map(|topic| topic.settings.bytes_max).max().unwrap_or(0)
    }

    pub(crate) fn outputs(&self, config: &Pipeline) -> OutputTopics {
        // The broker's limit is on the compressed batch: only it can tell then.
        let compressed = config.cluster.properties.iter().any(|(name, value)| {
            matches!(name.as_str(), "compression.type" | "compression.codec") && value.expose() != "none"
        });
        let topic = |name: &str, partitioner| OutputTopic {
            name: name.to_owned(),
            partitions: self.partitions(name),
            partitioner,
            bytes_max: self.facts(name).and_then(|facts| facts.settings.bytes_max).filter(|_| !compressed),
        };
        OutputTopics {
            outputs: config.outputs.iter().map(|output| topic(&output.topic, output.partition)).collect(),
            dead_letters: topic(&config.dead_letters.topic, Partitioner::Source),
            changelogs: self.changelogs.topics.iter().map(|facts| topic(&facts.name, Partitioner::Source)).collect(),
        }
    }

    /// Compares with the brokers' present answer. Partitions that were added are no change as long as every input has those
    /// of the leader, and there is no state: they are taken by the next rebalance.
    pub(crate) fn look(&self, probe: &Probe) -> Look {
        let names: Vec<&str> = self.all().map(|topic| topic.name.as_str()).collect();
        let now = match probe.identities(&names, LOOK_TIMEOUT) {
            Ok(now) => now,
            Err(error) => {
                // The client asks one broker, and goes on waiting for that one when it is lost: this makes it choose again.
                let _ = probe.reach(LOOK_TIMEOUT);
                return Look::Unknown { message: error.to_string() };
            }
        };
        for (before, found) in self.all().filter_map(|before| Some((before, find(&now, &before.name)?))) {
            let what = match found {
                found if !found.exists() => "was deleted",
                found if found.id != before.id => "was deleted and created again",
                _ => continue,
            };
            return Look::Changed { topic: before.name.clone(), what: what.to_owned() };
        }
        let inputs: Vec<partitions::Input> = self
            .inputs
            .iter()
            .map(|input| partitions::Input {
                partitions: find(&now, &input.topic).map_or(input.partitions, |facts| facts.partitions),
                ..input.clone()
            })
            .collect();
        match partitions::outgrown(&self.bootstrap_servers, &self.inputs, &inputs, !self.changelogs.topics.is_empty()) {
            Some((topic, what)) => Look::Changed { topic, what },
            None => Look::Same,
        }
    }

    fn facts(&self, topic: &str) -> Option<&TopicFacts> {
        self.all().find(|known| known.name == topic)
    }

    fn all(&self) -> impl Iterator<Item = &TopicFacts> {
        self.known.iter().chain(&self.changelogs.topics)
    }
}

fn find<'a>(topics: &'a [TopicFacts], name: &str) -> Option<&'a TopicFacts> {
    topics.iter().find(|topic| topic.name == name)
}

fn names(config: &Pipeline) -> Vec<&str> {
    let inputs = config.inputs.iter().map(|input| input.topic.as_str());
    let outputs = config.outputs.iter().map(|output| output.topic.as_str());
    let mut names: Vec<&str> = inputs.chain(outputs).chain([config.dead_letters.topic.as_str()]).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Why a pipeline can't start.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    #[error("{0}")]
    Missing(String),
    #[error("{0}")]
    Changelog(String),
    #[error("{0}")]
    Unequal(String),
    #[error(transparent)]
    Probe(#[from] ProbeError),
}

fn missing_text(missing: &[&TopicFacts], known: &[TopicFacts], config: &Pipeline) -> String {
    let inputs = config.inputs.iter().filter_map(|input| find(known, &input.topic));
    let partitions = inputs.map(|topic| topic.partitions).max().filter(|count| *count > 0).unwrap_or(8);
    let mut text = format!("pipeline {}: topics are missing; create them with", config.name);
    for topic in missing {
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "\n  kafka-topics.sh --bootstrap-server {} --create --topic {} --partitions {partitions}",
            config.cluster.bootstrap_servers, topic.name
        );
    }
    text
}
