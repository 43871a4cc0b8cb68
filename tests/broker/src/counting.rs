//! What pipelines that count the records of each key are fed, and when they are through with it.

use std::ops::Range;

use rdkafka::consumer::Consumer as _;
use rdkafka::producer::BaseRecord;

use crate::client::Isolation::ReadCommitted;
use crate::client::{Producer, WITHIN, committed, drain, queue, reader};
use crate::pipeline::Setup;

/// Keys that [`put`] uses.
pub const KEYS: usize = 5;

/// One record for each number, of key `k<number % 5>`; a key has its partition.
pub fn put(writer: &Producer, topic: &str, partitions: i32, numbers: Range<usize>) {
    for number in numbers {
        let (key, value) = (format!("k{}", number % KEYS), format!("v{number}"));
        let partition = (number % KEYS) as i32 % partitions;
        queue(writer, BaseRecord::to(topic).partition(partition).key(&key).payload(&value));
    }
    drain(writer);
}

/// Whether the pipeline has committed every record of the input.
///
/// # Panics
/// The broker does not answer.
#[track_caller]
pub fn is_done(setup: &Setup, partitions: i32) -> bool {
    let reader = reader(&setup.bootstrap, ReadCommitted);
    (0..partitions).all(|partition| {
        // A leader that has just moved does not answer; whoever waits asks again.
        let Ok((_, end)) = reader.fetch_watermarks(&setup.input, partition, WITHIN) else { return false };
        committed(&setup.bootstrap, &setup.name, &setup.input, partition).is_some_and(|(at, _)| at == end)
    })
}
