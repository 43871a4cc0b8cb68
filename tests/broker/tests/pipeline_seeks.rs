//! A seek that fails says nothing about ownership: the partition is read to its end all the same (R4.3).
//!
//! A rebalance makes the library pause partitions, and a seek that was queued before the pause fails with `_OUTDATED`. The
//! moment between the two is too short to be hit, so it is stretched: the library says in its log that it is about to
//! pause, and this test's logging keeps it there. Alone in its process, because logging is the process's.

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

/// Long enough for a worker to reach its next rewind.
const STRETCH: Duration = Duration::from_millis(60);
static STRETCHED: AtomicUsize = AtomicUsize::new(0);

struct SlowPauses;

impl tracing::Subscriber for SlowPauses {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "librdkafka"
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut words = Words::default();
        event.record(&mut words);
        if words.0.contains("Pausing fetchers") {
            STRETCHED.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(STRETCH);
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
const RECORDS: usize = 40;
const PASSERS_BY: usize = 3;

/// Rewinds without end, because the broker refuses every other record, while the group rebalances.
#[test]
fn seeks_that_fail_during_rebalances_lose_no_partition() {
    if !wasmill_cluster::required_or_skipped() {
        return;
    }
    tracing::subscriber::set_global_default(SlowPauses).unwrap();
    let bootstrap = Cluster::shared().unwrap().bootstrap();
    let mut setup = Setup::new("seeks", &bootstrap).property("debug", "cgrp");
    (setup.workers, setup.batch_records_max) = (2, 1);
    // A compacted topic takes no record without a key.
    setup.topics(&bootstrap, PARTITIONS, &[], &[("cleanup.policy", "compact")]);
    let writer = producer(&bootstrap, &[]);
    for partition in 0..PARTITIONS {
        for i in 0..RECORDS {
            let text = format!("{partition}-{i}");
            let record = BaseRecord::<str, str>::to(&setup.input).partition(partition).payload(&text);
            queue(&writer, if i % 2 == 0 { record } else { record.key(&text) });
        }
    }
    assert_eq!(drain(&writer), []);
    let running = setup.run();
    for _ in 0..PASSERS_BY {
        let own = [("partition.assignment.strategy", "cooperative-sticky")];
        let passer_by = consumer(&bootstrap, &setup.name, &own);
        passer_by.subscribe(&[&setup.input]).unwrap();
        wait_until("the passer-by gets a partition", || {
            let _ = passer_by.poll(Duration::from_millis(5));
            passer_by.assignment().unwrap().count() > 0
        });
    }
    assert!(STRETCHED.load(Ordering::Relaxed) > PASSERS_BY, "no pause was stretched");
    for partition in 0..PARTITIONS {
        wait_until(&format!("partition {partition} is read to its end"), || {
            assert!(!running.is_finished(), "{:?}", running.reasons());
            last_committed(&bootstrap, &setup.name, &setup.input, partition).is_some_and(|(at, _)| at == RECORDS as i64)
        });
    }
    running.stop().unwrap();
    let of = |records: &[OwnedMessage], partition: i32| {
        let records: Vec<_> = records.iter().filter(|record| record.partition() == partition).cloned().collect();
        values(&records)
    };
    let (written, set_aside) = (setup.written(&bootstrap, PARTITIONS), setup.set_aside(&bootstrap, PARTITIONS));
    let (refused, taken): (Vec<usize>, Vec<usize>) = (0..RECORDS).partition(|i| i % 2 == 0);
    for partition in 0..PARTITIONS {
        let text = |numbers: &[usize]| numbers.iter().map(|i| format!("{partition}-{i}")).collect::<Vec<_>>();
        assert_eq!(of(&written, partition), text(&taken), "partition {partition}");
        assert_eq!(of(&set_aside, partition), text(&refused), "dead letters of partition {partition}");
    }
}
