//! `__consumer_offsets` as clients see it: whether positions of a transaction are still pending in a group.
//!
//! The coordinator keeps positions in its own books ([`crate::group`]), not in this topic. What verifiers read of the topic is
//! its ends: its last stable offset lies below its end for as long as the transaction of a position has no marker. So each
//! pending position and each marker takes an offset here, as in Kafka; what the records hold is the group's name alone.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use crate::core::Core;
use crate::direct::transactional;

pub(crate) const NAME: &str = "__consumer_offsets";

/// `offsets.topic.num.partitions`.
const PARTITIONS: i32 = 50;

/// Nobody reads old ones.
const RETENTION_BYTES: &str = "65536";

impl Core {
    /// A transaction of this producer has sent positions of the group.
    pub(crate) fn position_is_pending(&mut self, group: &str, producer: (i64, i16), now_ms: i64) {
        if self.cluster.topic(NAME).is_err() {
            let configs = BTreeMap::from([("retention.bytes".to_owned(), RETENTION_BYTES.to_owned())]);
            // It is not there, and the name is legal.
            let _ = self.cluster.create_topic(NAME, PARTITIONS, configs, false);
        }
        let Some(topic) = self.cluster.topics.get_mut(NAME) else { return };
        let settings = topic.settings.clone();
        let batch: BytesMut = transactional(producer, Bytes::copy_from_slice(group.as_bytes()), now_ms);
        if let Some(partition) = topic.partition_mut(partition_of(group)) {
            partition.append_ours(batch, &settings);
        }
    }

    /// The marker of that transaction has been written.
    pub(crate) fn position_is_settled(&mut self, group: &str, producer: (i64, i16), commit: bool, now_ms: i64) {
        if let Some(partition) = self.cluster.partition_mut(NAME, partition_of(group)) {
            // Refused is the marker of an epoch that is past; the one of the present epoch follows.
            let _ = partition.mark(producer, commit, now_ms);
        }
    }
}

/// As Kafka has it: the absolute value of Java's hash of the group's name.
fn partition_of(group: &str) -> i32 {
    let hash = group.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    (hash & i32::MAX) % PARTITIONS
}

#[cfg(test)]
mod tests {
    use super::partition_of;

    #[test]
    fn groups_have_the_partition_that_kafka_gives_them() {
        // "".hashCode() = 0, "a" = 97, "orders" = -1008770331
        assert_eq!((partition_of(""), partition_of("a")), (0, 47));
        assert_eq!(partition_of("orders"), (-1_008_770_331_i32 & i32::MAX) % 50);
    }
}
