//! Failures on demand, readable in a test: which requests, how often, and what becomes of them.
//!
//! ```no_run
//! # use wasmill_devbroker::{ApiKey, Broker, OnHold, Options, ResponseError};
//! # use std::time::Duration;
//! # fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let broker = Broker::start(Options::default())?;
//! let late = broker.faults().on(ApiKey::EndTxn).of_client("worker-1").hold(OnHold::CutClient);
//! broker.faults().on(ApiKey::Heartbeat).times(3).fail(ResponseError::CoordinatorLoadInProgress);
//! late.wait_until_seen(1, Duration::from_secs(10))?;
//! late.release();
//! # Ok(())
//! # }
//! ```

mod handle;
mod network;
mod rule;
mod state;

pub use handle::{Applied, Held, HeldMarkers, NotSeen};
pub use network::{Cut, Refusing};
pub use rule::{OnHold, Rule};
pub(crate) use state::{Action, FaultState, Hit};

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::ApiKey;

use crate::cluster::Coordinated;
use crate::shared::Shared;
use crate::transactions::markers::{MarkerOrder, Target};

/// The faults of one broker. Everything here is in force when the call returns.
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

impl Faults {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Begins a rule for requests of this type. The oldest rule that matches a request wins.
    pub fn on(&self, api: ApiKey) -> Rule {
        Rule::new(Arc::clone(&self.shared), api)
    }

    /// Takes a node off the network: its connections are closed and new ones refused, until [`Cut::heal`].
    pub fn cut(&self, node: i32) -> Cut {
        Cut::new(Arc::clone(&self.shared), node)
    }

    /// Lets another node coordinate the group from now on. The former one answers NOT_COORDINATOR.
    pub fn move_group(&self, group: &str, node: i32) {
        self.shared.change(|core, now| core.move_group(group, node, now));
    }

    /// Lets another node coordinate the transactional id from now on.
    pub fn move_transactional_id(&self, id: &str, node: i32) {
        self.shared.change(|core, _| core.cluster.move_coordinator(Coordinated::Transaction(id.to_owned()), node));
    }

    /// Lets another node lead the partition from now on, in a new leader epoch.
    pub fn move_leader(&self, topic: &str, partition: i32, node: i32) {
        self.shared.change(|core, _| {
            if let Some(partition) = core.cluster.partition_mut(topic, partition) {
                partition.lead(node);
            }
        });
    }

    /// Raises the producer's epoch behind its back and aborts what it has open, as a second producer with its id
    /// would. Returns false when nobody has used the id.
    pub fn fence(&self, transactional_id: &str) -> bool {
        self.shared.change(|core, now| core.transactions.fence(transactional_id, now))
    }

    /// Every write to the partition is refused with this error, until [`Refusing::heal`].
    pub fn refuse(&self, topic: &str, partition: i32, error: ResponseError) -> Refusing {
        Refusing::new(Arc::clone(&self.shared), topic, partition, error)
    }

    /// The partition has no room left: [`Self::refuse`] with the error of a full disk.
    pub fn fill(&self, topic: &str, partition: i32) -> Refusing {
        self.refuse(topic, partition, ResponseError::KafkaStorageError)
    }

    /// Markers for this target are not written until released; `None` holds all.
    pub fn hold_markers(&self, target: Option<Target>) -> HeldMarkers {
        HeldMarkers::new(Arc::clone(&self.shared), target)
    }

    /// How long the markers of transactions that end from now on are kept back.
    pub fn delay_markers(&self, delay: Duration) {
        self.shared.change(|core, _| core.transactions.markers.set_delay(delay));
    }

    /// In which order the markers of transactions that end from now on are written.
    pub fn order_markers(&self, order: MarkerOrder) {
        self.shared.change(|core, _| core.transactions.markers.set_order(order));
    }
}
