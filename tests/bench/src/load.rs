//! Records for contestants: a backlog all at once, or a steady stream on a schedule that waits for nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::setting::PARTITIONS;

/// Of every value.
const VALUE_BYTES: usize = 300;
/// A machine that others keep busy takes its time.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(180);
/// Between two looks at the schedule; a record is late by at most this before it counts as the contestant's doing.
const STEP: Duration = Duration::from_micros(200);
/// At 8 partitions 1,600 requests a second, which leaves the broker air to breathe.
const LINGER_MS: &str = "5";

fn producer(bootstrap: &str, linger_ms: &str) -> Result<BaseProducer> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("linger.ms", linger_ms);
    config.set("queue.buffering.max.messages", "500000").set("enable.idempotence", "true");
    config.create().context("no producer for the load")
}

/// Whether records have a header, which costs every contestant as much as the record itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Headers {
    One,
    None,
}

/// Sends record `number`; waits while the client's queue is full.
fn send(producer: &BaseProducer, topic: &str, number: u64, value: &[u8], headers: Headers) -> Result<()> {
    let key = format!("key-{number:012}");
    let partition = i32::try_from(number % PARTITIONS as u64)?;
    let mut record = BaseRecord::to(topic).partition(partition).key(&key).payload(value);
    if headers == Headers::One {
        let header = Header { key: "trace", value: Some("0af7651916cd43dd") };
        record = record.headers(OwnedHeaders::new().insert(header));
    }
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                producer.poll(Duration::from_millis(1));
            }
            Err((error, _)) => return Err(error).context("failed to send the load"),
        }
    }
}

fn value() -> Vec<u8> {
    let mut value =
        br#"{"order":"4711","customer":"c-0815","items":[{"sku":"a","count":1},{"sku":"b","count":2}],"text":""#
            .to_vec();
    // Not one byte over and over, should a codec ever come into play.
    value.extend((0..VALUE_BYTES).map(|at| b'a' + (at * 7 % 26) as u8));
    value.truncate(VALUE_BYTES - 2);
    value.extend(b"\"}");
    value
}

/// Fills a topic with `records` records of 300 bytes with one header, evenly over its partitions.
pub(crate) fn backlog(bootstrap: &str, topic: &str, records: u64) -> Result<()> {
    fill(bootstrap, topic, records, &[value()], Headers::One)
}

/// The same with these values, one after the other and again, without headers.
pub(crate) fn backlog_of(bootstrap: &str, topic: &str, records: u64, values: &[Vec<u8>]) -> Result<()> {
    fill(bootstrap, topic, records, values, Headers::None)
}

/// Records with keys of their own choice, each key in a partition of its own choice.
pub(crate) fn keyed(bootstrap: &str, topic: &str, records: impl Iterator<Item = (i32, String, Vec<u8>)>) -> Result<()> {
    let producer = producer(bootstrap, "50")?;
    for (number, (partition, key, value)) in records.enumerate() {
        let mut record = BaseRecord::to(topic).partition(partition).key(&key).payload(&value);
        while let Err((error, back)) = producer.send(record) {
            if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
                return Err(error).context("failed to send the load");
            }
            record = back;
            producer.poll(Duration::from_millis(1));
        }
        if number % 1000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(FLUSH_TIMEOUT).context("the load did not get through")
}

fn fill(bootstrap: &str, topic: &str, records: u64, values: &[Vec<u8>], headers: Headers) -> Result<()> {
    let producer = producer(bootstrap, "50")?;
    for (number, value) in (0..records).zip(values.iter().cycle()) {
        send(&producer, topic, number, value, headers)?;
        if number % 1000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(FLUSH_TIMEOUT).context("the load did not get through")
}

/// A generator at work. Each value begins with the time at which it should have been sent, whenever it was: a sender that
/// is held up does not make latencies look short.
pub(crate) struct Stream {
    /// Times are nanoseconds since then.
    pub(crate) base: Instant,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64>>,
}

impl Stream {
    /// `rate` records per second, at most for `longest`.
    pub(crate) fn start(bootstrap: &str, topic: &str, rate: u64, longest: Duration) -> Result<Stream> {
        let producer = producer(bootstrap, LINGER_MS)?;
        // Leaders are known before the clock starts.
        producer.client().fetch_metadata(Some(topic), FLUSH_TIMEOUT)?;
        let (base, stop, topic) = (Instant::now(), Arc::new(AtomicBool::new(false)), topic.to_owned());
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("load".into()).spawn(move || {
            let (mut sent, mut value) = (0, value());
            loop {
                let due = u64::try_from(base.elapsed().min(longest).as_nanos())? * rate / 1_000_000_000;
                while sent < due {
                    let intended = sent * 1_000_000_000 / rate;
                    value.splice(..8, intended.to_le_bytes());
                    send(&producer, &topic, sent, &value, Headers::One)?;
                    sent += 1;
                }
                if stopped.load(Ordering::Relaxed) || base.elapsed() >= longest {
                    break;
                }
                producer.poll(Duration::ZERO);
                std::thread::sleep(STEP);
            }
            producer.flush(FLUSH_TIMEOUT).context("the load did not get through")?;
            Ok(sent)
        })?;
        Ok(Stream { base, stop, thread })
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends it; how many records were sent.
    pub(crate) fn stop(self) -> Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the load panicked"))?
    }
}

/// The time that a [`Stream`] wrote into a value.
pub(crate) fn intended(value: &[u8]) -> Option<Duration> {
    Some(Duration::from_nanos(u64::from_le_bytes(*value.first_chunk()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_stated_size() {
        assert_eq!(value().len(), VALUE_BYTES);
    }

    #[test]
    fn the_intended_time_is_read_back() {
        let mut value = value();
        value.splice(..8, 1_500_000_000u64.to_le_bytes());
        assert_eq!(intended(&value), Some(Duration::from_millis(1500)));
        assert_eq!(intended(b"short"), None);
    }
}
