//! The Kafka that the demo runs on: the embedded broker, in this process, or Apache Kafka.

use anyhow::{Result, ensure};
use wasmill_cluster::{Cluster, Options};
use wasmill_devbroker::{self as devbroker, Broker};

use crate::pipelines::Pipeline;

/// Of each topic.
pub(crate) const PARTITIONS: i32 = 3;

pub(crate) enum Kafka {
    Embedded(Broker),
    Apache(Cluster),
}

impl Kafka {
    pub(crate) fn start(apache: bool) -> Result<Kafka> {
        Ok(match apache {
            true => Kafka::Apache(Cluster::start(Options::one())?),
            false => Kafka::Embedded(Broker::start(devbroker::Options::default())?),
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

    pub(crate) fn make_topics(&self, pipeline: &Pipeline) -> Result<()> {
        for topic in [pipeline.input, pipeline.output, pipeline.dead_letters] {
            match self {
                Kafka::Embedded(broker) => {
                    let made = broker.create_topic(topic, PARTITIONS, &[]);
                    ensure!(made.is_ok(), "topic {topic}: {made:?}");
                }
                Kafka::Apache(cluster) => cluster.topic(topic, PARTITIONS, &[])?,
            }
        }
        Ok(())
    }
}
