//! Generator, reader and verifier on a real Kafka, with a copy made here in the product's place: what keeps every
//! promise passes, also when the broker is killed meanwhile, and each planted fault is found.

// A test outside `#[cfg(test)]`: a failed unwrap is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "on_kafka/copy.rs"]
mod copy;

use std::thread;
use std::time::{Duration, Instant};

use wasmill_chaos::generator::Generator;
use wasmill_chaos::pipelines::{self, DEAD_LETTER_PARTITIONS, PARTITIONS, Pipeline};
use wasmill_chaos::transactions;
use wasmill_cluster::{Cluster, Options};
use wasmill_verify::findings::Kind;
use wasmill_verify::positions::Positions;
use wasmill_verify::reader::Reader;
use wasmill_verify::task;

const RATE: u64 = 1500;

/// Waits until the generator has sent `records` in all.
fn sent(generator: &Generator, records: u64) {
    let began = Instant::now();
    while generator.sent() < records {
        assert!(began.elapsed() < Duration::from_secs(60), "the generator is stuck at {}", generator.sent());
        thread::sleep(Duration::from_millis(20));
    }
}

fn findings(bootstrap: &str, pipeline: &Pipeline, expected: u64, readers: Vec<Reader>) -> Vec<(Kind, u64)> {
    let mut task = pipeline.task(bootstrap, expected);
    task.stable_deadline = Duration::from_secs(1);
    let report = task::verify(&task, readers).unwrap();
    println!("{}: {report}", pipeline.name);
    report.findings.counts()
}

#[test]
fn a_faithful_copy_passes_through_a_broker_kill_and_planted_faults_do_not() {
    if !wasmill_cluster::required_or_skipped() {
        return;
    }
    let mut cluster = Cluster::start(Options::one()).unwrap();
    let bootstrap = cluster.bootstrap();
    for pipeline in pipelines::ALL {
        cluster.topic(&pipeline.input(), PARTITIONS, &[]).unwrap();
        cluster.topic(&pipeline.output(), PARTITIONS, &[]).unwrap();
        cluster.topic(&pipeline.dead_letters(), DEAD_LETTER_PARTITIONS, &[]).unwrap();
    }
    let [identity, validator, ..] = pipelines::ALL;
    let inputs = pipelines::ALL.iter().map(Pipeline::input).collect();
    let generator = Generator::start(&bootstrap, inputs, RATE, 1).unwrap();
    let reader = |topic: String| Reader::start(&bootstrap, &topic).unwrap();
    let readers = vec![reader(validator.output()), reader(validator.dead_letters())];

    sent(&generator, RATE);
    cluster.kill(0).unwrap();
    cluster.restart(0).unwrap();
    let before = generator.sent();
    sent(&generator, before + RATE);
    let expected = generator.finish().unwrap();
    for pipeline in &pipelines::ALL {
        copy::run(&bootstrap, pipeline);
    }
    for position in Positions::new(&bootstrap, identity.name, &identity.input()).unwrap().now().unwrap() {
        assert!(position.is_at_end(), "{position}");
    }
    assert_eq!(findings(&bootstrap, &identity, expected, vec![]), []);
    assert_eq!(findings(&bootstrap, &validator, expected, readers), []);

    // One more is expected than there is.
    assert_eq!(findings(&bootstrap, &identity, expected + 1, vec![]), [(Kind::WrongCount, 1)]);

    // A transaction that nobody ends is seen by its coordinator and by the verifier, and is no more once it is aborted.
    let [id, other, ..] = &transactions::ids(0)[..] else { unreachable!() };
    let hanging = copy::hang(&bootstrap, id, &identity.output());
    let open = transactions::open(&bootstrap, &[id.clone(), other.clone()]);
    assert_eq!(open.iter().map(|open| &open.transactional_id).collect::<Vec<_>>(), [id]);
    assert_eq!(transactions::open(&bootstrap, std::slice::from_ref(id)), open);
    assert_eq!(findings(&bootstrap, &identity, expected, vec![]), [(Kind::OpenTransaction, 1)]);
    copy::abort(&hanging);
    assert_eq!(transactions::open(&bootstrap, std::slice::from_ref(id)), []);
    assert_eq!(findings(&bootstrap, &identity, expected, vec![]), []);

    // A position that was put back.
    copy::commit_back(&bootstrap, &identity);
    assert_eq!(findings(&bootstrap, &identity, expected, vec![]), [(Kind::Position, 1)]);

    // The whole pipeline once more: everything twice, and dead letters, too.
    copy::run(&bootstrap, &validator);
    assert_eq!(findings(&bootstrap, &validator, expected, vec![]), [(Kind::Duplicate, expected)]);
}
