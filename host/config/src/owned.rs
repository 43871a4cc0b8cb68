//! The librdkafka properties that delivery depends on: wasmill sets them, a user's value is a mistake.
//!
//! Aliases are listed too: librdkafka takes them silently. Called by the checks of `clusters.<name>.properties`; `kafka`
//! sets the values.

/// A property that only wasmill sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned {
    /// librdkafka's name.
    pub property: &'static str,
    /// What wasmill does with it, to follow "wasmill sets it:".
    pub why: &'static str,
    /// The key of this file to set instead, or that there is none.
    pub instead: &'static str,
}

/// Why a user may not set the property, if it is one of ours.
pub fn find(property: &str) -> Option<&'static Owned> {
    OWNED.iter().find(|owned| owned.property == property)
}

const fn own(property: &'static str, why: &'static str, instead: &'static str) -> Owned {
    Owned { property, why, instead }
}

const NOTHING: &str = "remove it";
const BOOTSTRAP: &str = "set `bootstrap_servers` of the cluster";
const SESSION: &str = "set `session_timeout_ms` of the pipeline";
const COMMIT: &str = "set `commit.interval_ms` of the pipeline";
const GROUP: &str = "set `group` of the pipeline";

/// Every owned property.
pub const OWNED: &[Owned] = &[
    own("bootstrap.servers", "it has a key of its own", BOOTSTRAP),
    own("metadata.broker.list", "it has a key of its own", BOOTSTRAP),
    own("group.id", "each pipeline has its group", GROUP),
    own("group.instance.id", "members are dynamic", NOTHING),
    own("group.protocol", "handing partitions over relies on `classic`", NOTHING),
    own("group.protocol.type", "handing partitions over relies on `consumer`", NOTHING),
    own("group.remote.assignor", "handing partitions over relies on the client's assignor", NOTHING),
    own("partition.assignment.strategy", "handing partitions over relies on `cooperative-sticky`", NOTHING),
    own("session.timeout.ms", "each pipeline has its own", SESSION),
    own("heartbeat.interval.ms", "it is a tenth of the session timeout", SESSION),
    own("max.poll.interval.ms", "it is 120000; a watchdog looks after the workers", NOTHING),
    own("isolation.level", "only committed records are read", NOTHING),
    own("enable.auto.commit", "positions are committed with the outputs", COMMIT),
    own("auto.commit.enable", "positions are committed with the outputs", COMMIT),
    own("auto.commit.interval.ms", "positions are committed with the outputs", COMMIT),
    own("enable.auto.offset.store", "positions are committed with the outputs", COMMIT),
    own("offset.store.method", "positions are committed with the outputs", NOTHING),
    own("auto.offset.reset", "an offset that is gone stops the partition", "set `start` of the input"),
    own("enable.partition.eof", "the host relies on its own value", NOTHING),
    own("transactional.id", "each worker has one, made from group and instance", NOTHING),
    own("transaction.timeout.ms", "each pipeline has its own", "set `commit.transaction_timeout_ms` of the pipeline"),
    own("enable.idempotence", "retries of the client would write twice without it", NOTHING),
    own("enable.gapless.guarantee", "an output that fails voids its transaction instead", NOTHING),
    own("acks", "outputs are on every in-sync replica before positions are", NOTHING),
    own("request.required.acks", "outputs are on every in-sync replica before positions are", NOTHING),
    own("delivery.report.only.error", "the host relies on its own value", NOTHING),
    own(
        "message.timeout.ms",
        "it follows from the transaction timeout",
        "set `commit.transaction_timeout_ms` of the pipeline",
    ),
    own(
        "delivery.timeout.ms",
        "it follows from the transaction timeout",
        "set `commit.transaction_timeout_ms` of the pipeline",
    ),
    own("linger.ms", "it follows the number of partitions written to", COMMIT),
    own("queue.buffering.max.ms", "it follows the number of partitions written to", COMMIT),
    own("partitioner", "partitions are chosen as Java clients do", "set `partition` of the output"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_property_is_listed_twice() {
        for (index, owned) in OWNED.iter().enumerate() {
            assert!(OWNED[..index].iter().all(|earlier| earlier.property != owned.property), "{}", owned.property);
        }
    }
}
