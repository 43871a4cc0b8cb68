//! What a journal says beside batches: JSON, so that people can read it. A fact holds from where it stands.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::group::Position;
use crate::log::partition::Aborted;
use crate::log::producers::Producer;
use crate::transactions::State;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fact {
    Cluster {
        id: String,
    },
    Topic {
        name: String,
        id: Uuid,
        partitions: i32,
        configs: BTreeMap<String, String>,
    },
    /// With everything that hangs on it.
    TopicGone {
        name: String,
    },
    /// There are so many now.
    Partitions {
        topic: String,
        count: i32,
    },
    Configs {
        topic: String,
        configs: BTreeMap<String, String>,
    },
    /// Another leader, in this epoch, from this offset on.
    Epoch {
        topic: Uuid,
        partition: i32,
        epoch: i32,
        offset: i64,
    },
    /// What lies before it is gone.
    Start {
        topic: Uuid,
        partition: i32,
        offset: i64,
    },
    /// All about a log but its batches, which follow: in a journal that was written as a whole.
    Log {
        topic: Uuid,
        partition: i32,
        log: Log,
    },
    /// The next one to be given.
    ProducerId {
        next: i64,
    },
    Transaction {
        id: String,
        producer: (i64, i16),
        last_epoch: i16,
        timeout_ms: i32,
        state: State,
        partitions: BTreeSet<(String, i32)>,
        groups: BTreeSet<String>,
    },
    /// Committed, or pending in a transaction of this producer.
    Position {
        group: String,
        topic: String,
        partition: i32,
        position: Position,
        pending: Option<i64>,
    },
    PositionGone {
        group: String,
        topic: String,
        partition: i32,
    },
    /// The producer's transaction has ended for this group.
    Settled {
        group: String,
        producer: i64,
        commit: bool,
    },
    GroupGone {
        group: String,
    },
}

/// A log as it was when the journal was written.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Log {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) epochs: Vec<(i32, i64)>,
    pub(crate) aborted: Vec<Aborted>,
    pub(crate) producers: Vec<(i64, Producer)>,
}
