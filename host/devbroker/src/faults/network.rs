//! Faults of a node and of a partition, as opposed to those of single requests.

use std::sync::Arc;

use kafka_protocol::ResponseError;

use crate::shared::Shared;

/// A node that nobody reaches. Dropping the handle does not heal it.
pub struct Cut {
    shared: Arc<Shared>,
    node: i32,
}

impl Cut {
    pub(super) fn new(shared: Arc<Shared>, node: i32) -> Self {
        shared.change(|core, _| core.cut.insert(node));
        shared.set_cut(node, true);
        Self { shared, node }
    }

    /// Lets the node back; its clients come back when they try.
    pub fn heal(self) {
        self.shared.set_cut(self.node, false);
        self.shared.change(|core, _| core.cut.remove(&self.node));
    }
}

/// A partition that refuses every write. Dropping the handle does not heal it.
pub struct Refusing {
    shared: Arc<Shared>,
    topic: String,
    partition: i32,
}

impl Refusing {
    pub(super) fn new(shared: Arc<Shared>, topic: &str, partition: i32, error: ResponseError) -> Self {
        let refusing = Self { shared, topic: topic.to_owned(), partition };
        refusing.set(Some(error));
        refusing
    }

    /// Takes writes again.
    pub fn heal(self) {
        self.set(None);
    }

    fn set(&self, refusal: Option<ResponseError>) {
        self.shared.change(|core, _| {
            if let Some(partition) = core.cluster.partition_mut(&self.topic, self.partition) {
                partition.refusal = refusal;
            }
        });
    }
}
