//! `__consumer_offsets` as clients see it: whether positions of a transaction are still pending in a group.
//!
//! The coordinator keeps positions in its own books ([`crate::group`]), not in this topic. What verifiers read of the topic is
//! its ends: its last stable offset lies below its end for as long as the transaction of a position has no marker. So each
//! pending position and each marker takes an offset here, as in Kafka; what the records hold is the group's name alone.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use crate::cluster::{INTERNAL_PARTITIONS, internal_partition};
use crate::core::Core;
use crate::direct::transactional;

pub(crate) const NAME: &str = "__consumer_offsets";

/// Nobody reads old ones.
const RETENTION_BYTES: &str = "65536";

impl Core {
    /// A transaction of this producer has sent positions of the group.
    pub(crate) fn position_is_pending(&mut self, group: &str, producer: (i64, i16), now_ms: i64) {
        if self.cluster.topic(NAME).is_err() {
            let configs = BTreeMap::from([("retention.bytes".to_owned(), RETENTION_BYTES.to_owned())]);
            // It is not there, and the name is legal.
            let _ = self.cluster.create_topic(NAME, INTERNAL_PARTITIONS, configs, false);
        }
        let Some(topic) = self.cluster.topics.get_mut(NAME) else { return };
        let settings = topic.settings.clone();
        let batch: BytesMut = transactional(producer, Bytes::copy_from_slice(group.as_bytes()), now_ms);
        if let Some(partition) = topic.partition_mut(internal_partition(group)) {
            partition.append_ours(batch, &settings);
        }
    }

    /// The marker of that transaction has been written.
    pub(crate) fn position_is_settled(&mut self, group: &str, producer: (i64, i16), commit: bool, now_ms: i64) {
        if let Some(partition) = self.cluster.partition_mut(NAME, internal_partition(group)) {
            // Refused is the marker of an epoch that is past; the one of the present epoch follows.
            let _ = partition.mark(producer, commit, now_ms);
        }
    }
}
