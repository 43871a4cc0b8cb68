//! A seek that fails says nothing about ownership: the partition is read to its end all the same (R4.3).
//!
//! A rebalance makes the library pause partitions: a seek that took its version before the pause and is queued after it
//! fails with `_OUTDATED`. The moment between the two is too short to be hit, so it is stretched: the library says in its
//! log that it is about to queue a seek, and this test's logging keeps it there. Alone in its process, because logging is
//! the process's.

// The lint's exemption for tests does not reach a test's helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::message::{Message as _, OwnedMessage};
use rdkafka::producer::BaseRecord;
use tracing::field::{Field, Visit};
use tracing::span;
use wasmill_broker::client::{consumer, drain, last_committed, producer, queue, values, wait_until};
use wasmill_broker::pipeline::Setup;
use wasmill_cluster::Cluster;

/// How long a seek is kept between its version and its queue.
const STRETCH: Duration = Duration::from_millis(40);
/// Seeks that the library has refused as outdated.
static OUTDATED: AtomicUsize = AtomicUsize::new(0);

struct SlowSeeks;

impl tracing::Subscriber for SlowSeeks {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "librdkafka"
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut words = Words::default();
        event.record(&mut words);
        let enough = OUTDATED.load(Ordering::Relaxed) >= OUTDATED_WANTED;
        if !enough && words.0.contains("Seek ") && !words.0.contains(" in state ") {
            std::thread::sleep(STRETCH);
        }
        if words.0.contains("outdated op") && words.0.contains("SEEK") {
            OUTDATED.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{value:?} ");
    }
}

const PARTITIONS: i32 = 6;
/// Seeks that have to fail before the test is content.
const OUTDATED_WANTED: usize = 3;
/// So many rebalances without one mean that the library has changed, and this test with it.
const PASSERS_BY_MAX: usize = 30;

/// Rewinds without end, because the broker refuses every fourth record, while the group rebalances.
#[test]
fn seeks_that_fail_during_rebalances_lose_no_partition() {
    if !wasmill_cluster::required_or_skipped() {
        return;
    }
    tracing::subscriber::set_global_default(SlowSeeks).unwrap();
    let bootstrap = Cluster::shared().unwrap().bootstrap();
    let mut setup = Setup::new("seeks", &bootstrap).property("debug", "topic");
    (setup.workers, setup.batch_records_max) = (2, 1);
    // A compacted topic takes no record without a key.
    setup.topics(&bootstrap, PARTITIONS, &[], &[("cleanup.policy", "compact")]);
    let writer = producer(&bootstrap, &[]);
    let running = setup.run();
    let (mut records, mut passers_by) = (0, 0);
    while OUTDATED.load(Ordering::Relaxed) < OUTDATED_WANTED {
        assert!(passers_by < PASSERS_BY_MAX, "no seek failed");
        for partition in 0..PARTITIONS {
            for i in records..records + 24 {
                let text = format!("{partition}-{i}");
                let record = BaseRecord::<str, str>::to(&setup.input).partition(partition).payload(&text);
                queue(&writer, if i % 4 == 0 { record } else { record.key(&text) });
            }
        }
        assert_eq!(drain(&writer), []);
        records += 24;
        passers_by += 1;
        let own = [("partition.assignment.strategy", "cooperative-sticky")];
        let passer_by = consumer(&bootstrap, &setup.name, &own);
        passer_by.subscribe(&[&setup.input]).unwrap();
        wait_until("the passer-by gets a partition", || {
            let _ = passer_by.poll(Duration::from_millis(5));
            passer_by.assignment().unwrap().count() > 0
        });
    }
    for partition in 0..PARTITIONS {
        wait_until(&format!("partition {partition} is read to its end"), || {
            assert!(!running.is_finished(), "{:?}", running.reasons());
            last_committed(&bootstrap, &setup.name, &setup.input, partition).is_some_and(|(at, _)| at == records as i64)
        });
    }
    running.stop().unwrap();
    let of = |records: &[OwnedMessage], partition: i32| {
        let records: Vec<_> = records.iter().filter(|record| record.partition() == partition).cloned().collect();
        values(&records)
    };
    let (written, set_aside) = (setup.written(&bootstrap, PARTITIONS), setup.set_aside(&bootstrap, PARTITIONS));
    let (refused, taken): (Vec<usize>, Vec<usize>) = (0..records).partition(|i| i % 4 == 0);
    for partition in 0..PARTITIONS {
        let text = |numbers: &[usize]| numbers.iter().map(|i| format!("{partition}-{i}")).collect::<Vec<_>>();
        assert_eq!(of(&written, partition), text(&taken), "partition {partition}");
        assert_eq!(of(&set_aside, partition), text(&refused), "dead letters of partition {partition}");
    }
}
