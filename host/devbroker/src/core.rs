//! The broker without sockets: one state, changed by one request or one tick at a time, at a stated moment.
//!
//! A change ends with [`Core::settle`]: what it has noted is written, if there is a directory, then the answers that waited
//! for it leave.

use std::collections::HashSet;
use std::time::Instant;

use kafka_protocol::messages::ResponseKind;
use kafka_protocol::protocol::StrBytes;
use tokio::sync::oneshot;
use tracing::error;

use crate::clock::{self, Moment};
use crate::cluster::{Cluster, Coordinated};
use crate::directory::{Directory, DirectoryError, Journal, Lock};
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
    /// Answers that leave when the present change is settled.
    pub(crate) answers: Answers<Waiter>,
    journal: Journal,
    directory: Option<Directory>,
    /// Nothing can be written any more, or the broker has stopped: nobody is answered.
    is_closed: bool,
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
        let journal = if options.directory.is_some() { Journal::kept() } else { Journal::default() };
        let budget = Budget::new(options.bytes_max);
        let transactions = Transactions::new(options.transaction_check_interval, markers);
        Self {
            cluster: Cluster::new(options.nodes, budget, options.partitions_max, journal.clone()),
            transactions: transactions.noting(journal.clone()),
            groups: Groups::new(groups, run).noting(journal.clone()),
            answers: Answers::new(),
            journal,
            directory: None,
            is_closed: false,
            addresses: Vec::new(),
            cut: HashSet::new(),
            next_cleanup: options.clock.now().at + options.cleanup_interval,
            options,
            full: false,
        }
    }

    /// Brings back what the directory holds, and keeps it there from now on. `address` is for who wants the directory too.
    pub(crate) fn open(&mut self, lock: Lock, address: &str, now: Moment) -> Result<(), DirectoryError> {
        let mut directory = Directory::open(lock, self.journal.clone(), self, now)?;
        directory.name_address(address)?;
        self.directory = Some(directory);
        self.groups.watch_expiry(now.monotonic_ms);
        self.cluster.elect_again();
        self.transactions.resume(now);
        // Before the first client comes.
        while self.tick(now) {}
        self.settle();
        Ok(())
    }

    /// Ends a change. Nobody hears of anything that a restart would not know.
    pub(crate) fn settle(&mut self) {
        if let Some(mut directory) = self.directory.take() {
            self.is_closed |= !directory.write(self);
            self.directory = Some(directory);
        }
        for (waiter, answer) in std::mem::take(&mut self.answers) {
            if !self.is_closed {
                // One that has gone misses nothing.
                let _ = waiter.send(answer);
            }
        }
    }

    /// Gives the directory back, for whoever starts next; nothing that comes later would be kept.
    pub(crate) fn close(&mut self) {
        self.settle();
        self.is_closed = true;
        self.directory = None;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Carries out what is due. Call again while it returns true: a marker was written, and there may be another.
    pub(crate) fn tick(&mut self, now: Moment) -> bool {
        self.transactions.check_timeouts(now);
        self.groups.tick(now.monotonic_ms, &mut self.answers);
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
        self.groups.moved(group, now.monotonic_ms, &mut self.answers);
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
