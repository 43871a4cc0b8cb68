//! Keyed state.

use super::{Name, counter, gauge, histogram};

/// Putting a transaction's changes into the cache: a few keys, or a buffer that has to be written out first.
const APPLY_SECONDS: &[f64] = &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0];

pub const STATE_KEYS: Name = gauge(
    "wasmill_state_keys",
    &["pipeline", "store"],
    "Keys of a store that are cached here, over all partitions; about, because some are counted twice until files are merged",
);
pub const STATE_BYTES: Name =
    gauge("wasmill_state_bytes", &["pipeline", "store"], "Bytes of a store's files on the local disk");
pub const STATE_OVERLAY: Name = gauge(
    "wasmill_state_overlay_bytes",
    &["pipeline", "worker"],
    "Memory of what the open transaction has changed; reaching state.overlay_mib commits it",
);
pub const STATE_CHANGES: Name = counter(
    "wasmill_state_changes_total",
    &["pipeline", "store"],
    "Keys changed by committed transactions, each once per transaction",
);
pub const STATE_EXPIRED: Name = counter(
    "wasmill_state_expired_keys_total",
    &["pipeline", "store"],
    "Keys deleted because their value was older than ttl_ms; they were not readable before that either",
);
pub const STATE_UNPLANNED_READS: Name = counter(
    "wasmill_state_unplanned_reads_total",
    &["pipeline"],
    "Reads of keys that the plugin had not asked for with the batch: each is a call of its own",
);
pub const STATE_APPLY: Name = histogram(
    "wasmill_state_apply_duration_seconds",
    APPLY_SECONDS,
    &["pipeline"],
    "Time to put the changes of a committed transaction into the cache, without waiting for space on the disk",
);
pub const STATE_WAITING: Name = gauge(
    "wasmill_state_waiting_partitions",
    &["pipeline", "worker"],
    "Partitions that stand still because their changes can not be written to the local disk, which is full or fails",
);
pub const STATE_RESTORING: Name = gauge(
    "wasmill_state_restoring_partitions",
    &["pipeline"],
    "Partitions whose state is being read from the changelog",
);
pub const STATE_RESTORED: Name = counter(
    "wasmill_state_restored_records_total",
    &["pipeline", "store"],
    "Changelog records read to restore a store",
);
pub const STATE_CHANGELOG_LAG: Name = gauge(
    "wasmill_state_changelog_lag",
    &["pipeline", "store"],
    "Offsets of the changelog that are not in the cache yet, over all partitions that are being restored",
);
pub const STATE_REBUILDS: Name = counter(
    "wasmill_state_rebuilds_total",
    &["pipeline", "store"],
    "Partitions of a store that were read anew from the beginning of the changelog, because the cache was of no use",
);
pub const STATE_DISK: Name =
    gauge("wasmill_state_disk_bytes", &[], "Bytes of the cache of state on the local disk, journals included");
pub const STATE_WRITE_BUFFER: Name = gauge(
    "wasmill_state_write_buffer_bytes",
    &[],
    "Memory of state that is written and not yet in a file, over all stores",
);

pub(super) const SECTION: (&str, &[Name]) = (
    "State",
    &[
        STATE_KEYS,
        STATE_BYTES,
        STATE_OVERLAY,
        STATE_CHANGES,
        STATE_EXPIRED,
        STATE_UNPLANNED_READS,
        STATE_APPLY,
        STATE_WAITING,
        STATE_RESTORING,
        STATE_RESTORED,
        STATE_CHANGELOG_LAG,
        STATE_REBUILDS,
        STATE_DISK,
        STATE_WRITE_BUFFER,
    ],
);
