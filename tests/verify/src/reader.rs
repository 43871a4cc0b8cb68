//! A read_committed reader that runs beside the faults and remembers what it was shown.
//!
//! Afterwards the final log must be exactly what it saw: nothing taken back, nothing passed over, nothing twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;

use crate::client::{self, Isolation};
use crate::findings::{Findings, Kind};
use crate::topic::{self, Log};

/// A reader that was told how much to expect ends after this, whatever it has: what is missing is then a finding.
const FINISH_MAX: Duration = Duration::from_secs(30);

/// A consumer that lost a broker is replaced, but not more often than this: it costs a connection to each broker.
const CONSUMER_AGE_MIN: Duration = Duration::from_secs(1);

/// "Read on, the log is still growing", in place of the number of records to end with.
const GROWING: u64 = u64::MAX;

/// A running reader of one topic. Dropping it ends it.
#[derive(Debug)]
pub struct Reader {
    topic: String,
    wanted: Arc<AtomicU64>,
    thread: Option<JoinHandle<Result<Log>>>,
}

impl Reader {
    /// Begins to read `topic` from its first offset. Outages of brokers are waited out.
    pub fn start(bootstrap: &str, topic: &str) -> Result<Reader> {
        let partitions = topic::partitions(bootstrap, topic)?;
        let wanted = Arc::new(AtomicU64::new(GROWING));
        let follower = Follower { bootstrap: bootstrap.into(), topic: topic.into(), wanted: Arc::clone(&wanted) };
        let next = (0..partitions).map(|partition| (partition, Vec::new())).collect();
        let thread = thread::Builder::new().name(format!("read {topic}")).spawn(move || follower.follow(next))?;
        Ok(Reader { topic: topic.into(), wanted, thread: Some(thread) })
    }

    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Reads on until it has as many records as the log now holds, or half a minute has passed, and ends.
    ///
    /// # Errors
    /// What the reader failed with.
    pub fn finish(mut self, records: u64) -> Result<Log> {
        self.wanted.store(records, Ordering::Release);
        let thread = self.thread.take().context("the reader was finished before")?;
        thread.join().map_err(|_| anyhow!("the reader of {} panicked", self.topic))?
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.wanted.store(0, Ordering::Release);
    }
}

/// What the thread of a reader works with.
struct Follower {
    bootstrap: String,
    topic: String,
    wanted: Arc<AtomicU64>,
}

impl Follower {
    /// Reads with one consumer after the other, each from where the last one was: librdkafka 2.12.1 can take garbage for
    /// a leader epoch when it fetches from a broker that has just come back (it counts leaders of -1 in the CurrentLeader
    /// tags, but does not fill their entries), and then leaves the partition unread for good. A new client knows nothing
    /// of former epochs.
    fn follow(&self, mut log: Log) -> Result<Log> {
        let mut finishing = None;
        loop {
            let consumer = client::consumer(&self.bootstrap, "wasmill-verify-reader", Isolation::Committed)?;
            topic::assign(&consumer, &self.topic, log.iter().map(|(partition, seen)| (*partition, next(seen))))?;
            if self.read(&consumer, &mut log, &mut finishing)? {
                return Ok(log);
            }
        }
    }

    /// True at the end; false when the consumer has lost a broker, or gets no further, and a new one should go on.
    fn read(&self, consumer: &BaseConsumer, log: &mut Log, finishing: &mut Option<Instant>) -> Result<bool> {
        let began = Instant::now();
        let mut disturbed = false;
        loop {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => topic::with_record(&message, |record| {
                    log.entry(record.partition).or_default().push((record.offset, record.digest()));
                }),
                Some(Err(KafkaError::PartitionEOF(_))) | None => {}
                Some(Err(error)) => {
                    topic::check(error)?;
                    disturbed = true;
                }
            }
            let wanted = self.wanted.load(Ordering::Acquire);
            if wanted != GROWING {
                let since = *finishing.get_or_insert_with(Instant::now);
                let records: u64 = log.values().map(|seen| seen.len() as u64).sum();
                if records >= wanted || since.elapsed() > FINISH_MAX {
                    return Ok(true);
                }
            }
            let late = finishing.is_some() && began.elapsed() > FINISH_MAX / 3;
            if late || disturbed && began.elapsed() > CONSUMER_AGE_MIN {
                return Ok(false);
            }
        }
    }
}

/// The offset after the last one seen.
fn next(seen: &[(i64, u64)]) -> i64 {
    seen.last().map_or(0, |(offset, _)| offset + 1)
}

/// Compares what a reader saw with the log as it is now.
pub fn compare(topic: &str, seen: &Log, log: &Log, findings: &mut Findings) {
    let partitions = seen.keys().chain(log.keys()).collect::<std::collections::BTreeSet<_>>();
    for partition in partitions {
        let [seen, log] = [seen, log].map(|log| log.get(partition).map_or(&[][..], Vec::as_slice));
        compare_partition(&format!("{topic}[{partition}]"), seen, log, findings);
    }
}

fn compare_partition(place: &str, seen: &[(i64, u64)], log: &[(i64, u64)], findings: &mut Findings) {
    let mut log = log.iter().peekable();
    let mut highest = -1;
    for &(offset, digest) in seen {
        if offset <= highest {
            findings.add(Kind::ReaderRepeated, || format!("{place}@{offset} came after {highest}"));
            continue;
        }
        highest = offset;
        while let Some(&(missed, _)) = log.next_if(|(next, _)| *next < offset) {
            findings.add(Kind::ReaderMissed, || format!("{place}@{missed} was not shown, {offset} was"));
        }
        match log.next_if(|(next, _)| *next == offset) {
            None => findings.add(Kind::ReaderSawUncommitted, || format!("{place}@{offset} is not in the final log")),
            Some((_, now)) if *now != digest => {
                findings.add(Kind::ReaderSawOther, || format!("{place}@{offset} had other contents"));
            }
            Some(_) => {}
        }
    }
    for (missed, _) in log {
        findings.add(Kind::ReaderMissed, || format!("{place}@{missed} was not shown until the end"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_agrees_with_the_log_or_is_told_where_not() {
        let log = [(0, 10), (1, 11), (3, 13), (4, 14)];
        type Case = (&'static str, &'static [(i64, u64)], &'static [(Kind, u64)]);
        let cases: [Case; 9] = [
            ("the same", &[(0, 10), (1, 11), (3, 13), (4, 14)], &[]),
            ("an aborted record", &[(0, 10), (1, 11), (2, 12), (3, 13), (4, 14)], &[(Kind::ReaderSawUncommitted, 1)]),
            (
                "an aborted record at the end",
                &[(0, 10), (1, 11), (3, 13), (4, 14), (5, 15)],
                &[(Kind::ReaderSawUncommitted, 1)],
            ),
            ("one passed over", &[(0, 10), (3, 13), (4, 14)], &[(Kind::ReaderMissed, 1)]),
            ("stopped early", &[(0, 10)], &[(Kind::ReaderMissed, 3)]),
            ("nothing", &[], &[(Kind::ReaderMissed, 4)]),
            ("other contents", &[(0, 10), (1, 12), (3, 13), (4, 14)], &[(Kind::ReaderSawOther, 1)]),
            ("one twice", &[(0, 10), (0, 10), (1, 11), (3, 13), (4, 14)], &[(Kind::ReaderRepeated, 1)]),
            (
                "from the start again",
                &[(0, 10), (1, 11), (0, 10), (1, 11), (3, 13), (4, 14)],
                &[(Kind::ReaderRepeated, 2)],
            ),
        ];
        for (name, seen, expected) in cases {
            let mut findings = Findings::default();
            let of = |records: &[(i64, u64)]| Log::from([(3, records.to_vec())]);
            compare("out", &of(seen), &of(&log), &mut findings);
            assert_eq!(findings.counts(), expected, "{name}:\n{findings}");
        }
    }

    #[test]
    fn a_partition_that_only_one_side_knows_is_compared_too() {
        let mut findings = Findings::default();
        compare("out", &Log::from([(0, vec![(0, 1)])]), &Log::from([(1, vec![(0, 1)])]), &mut findings);
        assert_eq!(findings.counts(), [(Kind::ReaderSawUncommitted, 1), (Kind::ReaderMissed, 1)]);
    }
}
