//! What a broker's configuration says about groups, under Apache Kafka's names and defaults.

/// Bounds and periods, in milliseconds where they are times.
#[derive(Clone, Debug)]
pub struct Options {
    /// `group.initial.rebalance.delay.ms`: how long an empty group waits for more members to come.
    pub initial_rebalance_delay_ms: i64,
    /// `group.min.session.timeout.ms`.
    pub session_timeout_min_ms: i32,
    /// `group.max.session.timeout.ms`.
    pub session_timeout_max_ms: i32,
    /// `group.max.size`: members of one group, and as many ids handed out but not yet used.
    pub group_size_max: usize,
    /// Groups in all; a request that would make one more gets `POLICY_VIOLATION`.
    pub groups_max: usize,
    /// `offset.metadata.max.bytes`, counted in UTF-16 units as Kafka does.
    pub metadata_max: usize,
    /// `offsets.retention.minutes`.
    pub retention_ms: i64,
    /// `offsets.retention.check.interval.ms`.
    pub expiry_interval_ms: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            initial_rebalance_delay_ms: 3000,
            session_timeout_min_ms: 6000,
            session_timeout_max_ms: 1_800_000,
            group_size_max: 1000,
            groups_max: 10_000,
            metadata_max: 4096,
            retention_ms: 7 * 24 * 3_600_000,
            expiry_interval_ms: 600_000,
        }
    }
}
