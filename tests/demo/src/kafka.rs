//! The Kafka that the demo runs on: the embedded broker, in this process, or Apache Kafka.

use std::time::Duration;

use anyhow::{Result, ensure};
use wasmill_cluster::{Cluster, Options};
use wasmill_devbroker::{self as devbroker, Broker};

use crate::pipelines::{COMPACTED, Pipeline};

/// Of each topic: restaurants and customers have all that is theirs in the same one.
pub(crate) const PARTITIONS: i32 = 3;

/// The demo is over before anything is compacted, so every balance that there has been can be checked. On Apache Kafka the
/// segment that is written to is never compacted.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(24 * 3600);

pub(crate) enum Kafka {
    Embedded(Broker),
    Apache(Cluster),
}

impl Kafka {
    pub(crate) fn start(apache: bool) -> Result<Kafka> {
        Ok(match apache {
            true => Kafka::Apache(Cluster::start(Options::one())?),
            false => {
                let options =
                    devbroker::Options { cleanup_interval: CLEANUP_INTERVAL, ..devbroker::Options::default() };
                Kafka::Embedded(Broker::start(options)?)
            }
        })
    }

    /// What it is called in the report.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Kafka::Embedded(_) => "an embedded broker",
            Kafka::Apache(_) => "Apache Kafka",
        }
    }

    pub(crate) fn bootstrap(&self) -> String {
        match self {
            Kafka::Embedded(broker) => broker.bootstrap(),
            Kafka::Apache(cluster) => cluster.bootstrap(),
        }
    }

    /// Every topic of these, once.
    pub(crate) fn make_topics(&self, pipelines: &[Pipeline]) -> Result<()> {
        let topics: std::collections::BTreeSet<&str> = pipelines.iter().flat_map(Pipeline::topics).collect();
        for topic in topics {
            let compact = [("cleanup.policy", "compact")];
            let configs = if topic == COMPACTED { &compact[..] } else { &[] };
            match self {
                Kafka::Embedded(broker) => {
                    let made = broker.create_topic(topic, PARTITIONS, configs);
                    ensure!(made.is_ok(), "topic {topic}: {made:?}");
                }
                Kafka::Apache(cluster) => cluster.topic(topic, PARTITIONS, configs)?,
            }
        }
        Ok(())
    }
}
