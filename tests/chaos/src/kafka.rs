//! The brokers that a run hurts: three (or one) of Apache Kafka, or three that one embedded broker poses as.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use wasmill_cluster::{Cluster, Options};
use wasmill_devbroker::{self as devbroker, Broker, MarkerOrder};

use crate::wait;

/// How long the embedded broker keeps the markers of outputs and changelogs back, when the positions are visible already: about
/// as long as a partition takes to move, so that new owners meet changelogs that are not stable yet.
const MARKER_DELAY: Duration = Duration::from_millis(200);

/// How often the embedded broker compacts: between any two stops of one process.
const COMPACTION_INTERVAL: Duration = Duration::from_secs(3);

/// What a run is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// With so many nodes, 1 or 3.
    Apache(usize),
    /// Needs no Java. Positions become visible before outputs do, which Apache Kafka does now and then.
    Embedded,
}

impl Kind {
    pub fn nodes(self) -> usize {
        match self {
            Kind::Apache(nodes) => nodes,
            Kind::Embedded => 3,
        }
    }
}

pub enum Kafka {
    Apache(Cluster),
    Embedded(Broker),
}

impl Kafka {
    /// # Errors
    /// It does not start.
    pub fn start(kind: Kind) -> Result<Kafka> {
        Ok(match kind {
            Kind::Apache(1) => Kafka::Apache(Cluster::start(Options::one())?),
            Kind::Apache(_) => Kafka::Apache(Cluster::start(Options::three())?),
            Kind::Embedded => Kafka::Embedded(Broker::start(devbroker::Options {
                nodes: 3,
                marker_delay: MARKER_DELAY,
                marker_order: MarkerOrder::OffsetsFirst,
                cleanup_interval: COMPACTION_INTERVAL,
                ..devbroker::Options::default()
            })?),
        })
    }

    pub fn bootstrap(&self) -> String {
        match self {
            Kafka::Apache(cluster) => cluster.bootstrap(),
            Kafka::Embedded(broker) => broker.bootstrap(),
        }
    }

    pub fn topic(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) -> Result<()> {
        match self {
            Kafka::Apache(cluster) => cluster.topic(name, partitions, settings),
            Kafka::Embedded(broker) => {
                let made = broker.create_topic(name, partitions, settings);
                ensure!(made.is_ok(), "topic {name}: {made:?}");
                Ok(())
            }
        }
    }

    /// Takes the broker with this id away for a while: killed with SIGKILL, or cut off from everybody.
    pub fn hurt(&mut self, id: i32, down: Duration) -> Result<()> {
        match self {
            Kafka::Apache(cluster) => {
                let node = usize::try_from(id)?;
                cluster.kill(node)?;
                wait::pass(down);
                cluster.restart(node)
            }
            Kafka::Embedded(broker) => {
                let cut = broker.faults().cut(id);
                wait::pass(down);
                cut.heal();
                Ok(())
            }
        }
    }

    /// Log and data of every broker, if they lie in files: what the log segments hold is the last word about what was
    /// committed.
    pub fn keep_files(&self, nodes: usize, directory: &Path) {
        let Kafka::Apache(cluster) = self else { return };
        for node in 0..nodes {
            let Ok(log) = cluster.log_file(node) else { continue };
            let Some(from) = log.parent() else { continue };
            let copied = Command::new("cp").arg("-r").arg(from).arg(directory.join(format!("broker-{node}"))).status();
            if !copied.is_ok_and(|status| status.success()) {
                eprintln!("failed to keep {}", from.display());
            }
        }
    }
}
