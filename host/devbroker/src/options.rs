//! How a broker is started. The defaults are for tests: in memory, on free ports, everything due at once.

use std::path::PathBuf;
use std::time::Duration;

use crate::clock::Clock;
use crate::transactions::markers::MarkerOrder;

/// What [`Broker::start`](crate::Broker::start) takes.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many brokers this process poses as, 1 to 9: each with its own port, partitions spread over them.
    pub nodes: i32,
    /// The first node's port, the others take the ones behind it; 0 takes free ports.
    pub port: u16,
    /// Bytes of records that all partitions together may hold. Past it Produce is answered with KAFKA_STORAGE_ERROR.
    pub bytes_max: u64,
    /// Partitions of all topics together. A topic that would make more of them is refused with POLICY_VIOLATION.
    pub partitions_max: usize,
    /// Where everything is kept, so that a later start goes on where this one ends. `None`: in memory only. A directory
    /// belongs to one broker at a time.
    pub directory: Option<PathBuf>,
    /// Whether a client's question for an unknown topic makes it.
    pub auto_create_topics: bool,
    /// Partitions of a topic that is made without a number.
    pub default_partitions: i32,
    /// What timeouts, retention and expiry go by.
    pub clock: Clock,
    /// How long the markers of a transaction are kept back after its end.
    pub marker_delay: Duration,
    /// In which order they are written.
    pub marker_order: MarkerOrder,
    /// `transaction.abort.timed.out.transaction.cleanup.interval.ms`.
    pub transaction_check_interval: Duration,
    /// `group.initial.rebalance.delay.ms`.
    pub group_initial_rebalance_delay: Duration,
    /// `offsets.retention.minutes`.
    pub offsets_retention: Duration,
    /// `offsets.retention.check.interval.ms`.
    pub offsets_check_interval: Duration,
    /// How often retention by time and compaction run by themselves.
    pub cleanup_interval: Duration,
    /// The largest request. A larger one ends its connection.
    pub request_bytes_max: usize,
    /// Open connections of all nodes together; further ones are closed at once.
    pub connections_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 1,
            port: 0,
            bytes_max: 1 << 30,
            partitions_max: 50_000,
            directory: None,
            auto_create_topics: false,
            default_partitions: 1,
            clock: Clock::Real,
            marker_delay: Duration::ZERO,
            marker_order: MarkerOrder::OutputsFirst,
            transaction_check_interval: Duration::from_secs(1),
            group_initial_rebalance_delay: Duration::ZERO,
            offsets_retention: Duration::from_secs(7 * 24 * 3600),
            offsets_check_interval: Duration::from_secs(600),
            cleanup_interval: Duration::from_secs(15),
            request_bytes_max: 32 << 20,
            connections_max: 1024,
        }
    }
}
