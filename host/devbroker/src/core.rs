//! The broker without sockets: one state, changed by one request or one tick at a time, at a stated moment.

use std::collections::HashSet;
use std::time::Instant;

use kafka_protocol::messages::ResponseKind;
use kafka_protocol::protocol::StrBytes;
use tokio::sync::oneshot;
use tracing::error;

use crate::clock::{self, Moment};
use crate::cluster::{Cluster, Coordinated};
use crate::group::{self, Answers, Groups};
use crate::log::budget::Budget;
use crate::options::Options;
use crate::transactions::Transactions;
use crate::transactions::markers::{Markers, Target};

/// Where the answer of a request goes that may have to wait for others.
pub(crate) type Waiter = oneshot::Sender<ResponseKind>;

/// Who asks, by which node, in which version.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) node: i32,
    /// Which addresses it is told: see [`Core::addresses`].
    pub(crate) listeners: usize,
    pub(crate) version: i16,
    pub(crate) client_id: StrBytes,
    pub(crate) client_host: StrBytes,
}

/// What becomes of a request.
#[allow(clippy::large_enum_variant, reason = "made once for each request and taken apart at once")]
pub(crate) enum Reply {
    Now(ResponseKind),
    /// No answer can be written: the connection is closed.
    Nothing,
    /// When others have come, or time has passed.
    Later(oneshot::Receiver<ResponseKind>),
}

pub(crate) struct Core {
    pub(crate) cluster: Cluster,
    pub(crate) transactions: Transactions,
    pub(crate) groups: Groups<Waiter>,
    /// Host and port of every node, by set of listeners: clients that come by a proxy are told the proxy's.
    pub(crate) addresses: Vec<Vec<(StrBytes, i32)>>,
    /// Nodes that nobody reaches.
    pub(crate) cut: HashSet<i32>,
    pub(crate) options: Options,
    next_cleanup: Instant,
    /// Set at the first refused write, so that the log says it once.
    full: bool,
}

impl Core {
    pub(crate) fn new(options: Options, run: u64) -> Self {
        let markers = Markers::new(options.marker_delay, options.marker_order);
        let millis = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let groups = group::Options {
            initial_rebalance_delay_ms: millis(options.group_initial_rebalance_delay),
            retention_ms: millis(options.offsets_retention),
            expiry_interval_ms: millis(options.offsets_check_interval),
            ..group::Options::default()
        };
        Self {
            cluster: Cluster::new(options.nodes, Budget::new(options.bytes_max)),
            transactions: Transactions::new(options.transaction_check_interval, markers),
            groups: Groups::new(groups, run),
            addresses: Vec::new(),
            cut: HashSet::new(),
            next_cleanup: options.clock.now().at + options.cleanup_interval,
            options,
            full: false,
        }
    }

    /// Carries out what is due. Call again while it returns true: a marker was written, and there may be another.
    pub(crate) fn tick(&mut self, now: Moment) -> bool {
        self.transactions.check_timeouts(now);
        let mut answers = Answers::new();
        self.groups.tick(now.monotonic_ms, &mut answers);
        send(answers);
        if self.next_cleanup <= now.at {
            self.next_cleanup = now.at + self.options.cleanup_interval;
            self.clean(now);
        }
        self.write_next_marker(now)
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn next_deadline(&self, now: Moment) -> Instant {
        let groups = self.groups.next_deadline().map(|ms| clock::instant_of(ms, now));
        let reachable = |target: &Target| is_reachable(&self.cluster, &self.cut, target);
        let marker = self.transactions.markers.next_due(reachable);
        let due = [self.transactions.next_check(), groups, marker];
        due.into_iter().flatten().fold(self.next_cleanup, Instant::min)
    }

    /// Retention by time, and compaction.
    pub(crate) fn clean(&mut self, now: Moment) {
        for topic in self.cluster.topics.values_mut() {
            for partition in &mut topic.partitions {
                partition.keep_time(&topic.settings, now.wall_ms);
                partition.compact(&topic.settings, now.wall_ms);
            }
        }
    }

    fn write_next_marker(&mut self, now: Moment) -> bool {
        let reachable = |target: &Target| is_reachable(&self.cluster, &self.cut, target);
        let Some(marker) = self.transactions.markers.take_due(now.at, reachable) else { return false };
        match &marker.target {
            Target::Partition(topic, index) => {
                if let Some(partition) = self.cluster.partition_mut(topic, *index) {
                    // A newer incarnation has written here: Kafka's coordinator gives up on such a marker too.
                    let _ = partition.mark(marker.producer, marker.commit, now.wall_ms);
                }
            }
            Target::Group(group) => {
                self.groups.complete_transaction(group, marker.producer.0, marker.commit);
                self.position_is_settled(group, marker.producer, marker.commit, now.wall_ms);
            }
        }
        self.transactions.marked(&marker);
        true
    }

    /// Another node coordinates the group from now on; who waits at the former one is sent away.
    pub(crate) fn move_group(&mut self, group: &str, node: i32, now: Moment) {
        self.cluster.move_coordinator(Coordinated::Group(group.to_owned()), node);
        let mut answers = Answers::new();
        self.groups.moved(group, now.monotonic_ms, &mut answers);
        send(answers);
    }

    /// Whether a write was refused because the budget is spent.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    pub(crate) fn note_full(&mut self, is_full: bool) {
        if is_full && !self.full {
            let (used, max) = (self.cluster.budget.used(), self.cluster.budget.max());
            error!(used, max, "the dev broker is full: producers wait until topics are deleted or bytes_max is raised");
        }
        self.full = is_full;
    }
}

fn is_reachable(cluster: &Cluster, cut: &HashSet<i32>, target: &Target) -> bool {
    match target {
        Target::Partition(topic, index) => {
            cluster.partition(topic, *index).map_or(true, |partition| !cut.contains(&partition.leader))
        }
        Target::Group(group) => !cut.contains(&cluster.coordinator(&Coordinated::Group(group.clone()))),
    }
}

/// Hands answers to whoever waits; one that has gone misses nothing.
pub(crate) fn send(answers: Answers<Waiter>) {
    for (waiter, answer) in answers {
        let _ = waiter.send(answer);
    }
}
