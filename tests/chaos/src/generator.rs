//! Writes numbered records at a steady rate, the same to every input, until it is told to stop.
//!
//! An idempotent producer of its own that waits out every outage. A record that could not be delivered ends the run:
//! without the input there is nothing to prove.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, ensure};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{ClientConfig, message::ToBytes};

use crate::pipelines::REJECT_MARKER;
use crate::random::Random;

/// Distinct keys.
const KEYS: u64 = 200;
/// Timestamps lie at most this far back: well within any retention.
const AGE_MAX_MS: u64 = 600_000;
/// Between two bursts.
const TICK: Duration = Duration::from_millis(10);
/// After an outage of the input at most this much is caught up; the rest of the gap stays a gap.
const CATCH_UP_MAX: Duration = Duration::from_secs(2);
/// How long the last records may take to be acknowledged.
const FLUSH_MAX: Duration = Duration::from_secs(60);

/// A running generator.
#[derive(Debug)]
pub struct Generator {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: JoinHandle<Result<u64>>,
}

impl Generator {
    /// Writes `rate` records a second to each of `topics`.
    pub fn start(bootstrap: &str, topics: Vec<String>, rate: u64, seed: u64) -> Result<Generator> {
        let producer = producer(bootstrap)?;
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&sent));
        let random = Random::new(seed);
        let thread = thread::Builder::new()
            .name("generator".into())
            .spawn(move || generate(&producer, &topics, rate, random, &stopped, &count))?;
        Ok(Generator { stop, sent, thread })
    }

    /// Records given to the client so far, per topic.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Stops, waits for the last acknowledgement, and returns the number of records in each topic.
    ///
    /// # Errors
    /// A record was not delivered.
    pub fn finish(self) -> Result<u64> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().map_err(|_| anyhow!("the generator panicked"))?
    }
}

#[derive(Debug, Default)]
struct Deliveries {
    failed: AtomicU64,
    done: AtomicU64,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let counter = if result.is_ok() { &self.done } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn producer(bootstrap: &str) -> Result<BaseProducer<Deliveries>> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", "0")
        .set("linger.ms", "5")
        .set("reconnect.backoff.max.ms", "500")
        // Not the partitioner of the outputs: keys must travel between partitions.
        .set("partitioner", "consistent_random")
        .set_log_level(RDKafkaLogLevel::Critical)
        .create_with_context(Deliveries::default())
        .context("failed to create the generator's producer")
}

fn generate(
    producer: &BaseProducer<Deliveries>,
    topics: &[String],
    rate: u64,
    mut random: Random,
    stop: &AtomicBool,
    sent: &AtomicU64,
) -> Result<u64> {
    let catch_up_max = rate * CATCH_UP_MAX.as_secs();
    let mut began = Instant::now();
    let (mut due, mut number) = (0, 0);
    while !stop.load(Ordering::Acquire) {
        let total = (began.elapsed().as_secs_f64() * rate as f64) as u64;
        if total.saturating_sub(due) > catch_up_max {
            (began, due) = (Instant::now(), 0);
            continue;
        }
        while due < total {
            let made = Made::new(number, &mut random);
            for topic in topics {
                send(producer, topic, &made)?;
            }
            (due, number) = (due + 1, number + 1);
        }
        sent.store(number, Ordering::Relaxed);
        producer.poll(TICK);
    }
    producer.flush(FLUSH_MAX).context("the last records were not acknowledged in time")?;
    let deliveries = producer.context();
    let (failed, done) = (deliveries.failed.load(Ordering::Relaxed), deliveries.done.load(Ordering::Relaxed));
    ensure!(failed == 0, "{failed} records of the generator were not delivered");
    ensure!(done == number * topics.len() as u64, "{done} records were acknowledged, {number} sent to each topic");
    Ok(number)
}

fn send(producer: &BaseProducer<Deliveries>, topic: &str, made: &Made) -> Result<()> {
    let mut record: BaseRecord<'_, [u8], [u8]> =
        BaseRecord::to(topic).timestamp(made.timestamp).headers(made.headers.clone());
    record.key = made.key.as_deref().map(ToBytes::to_bytes);
    record.payload = made.value.as_deref().map(ToBytes::to_bytes);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            // The inputs are down: the queue empties when they are back.
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                producer.poll(TICK);
                record = back;
            }
            Err((error, _)) => return Err(error).context("failed to send a record"),
        }
    }
}

/// One record before it is sent.
#[derive(Debug, Clone)]
struct Made {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: OwnedHeaders,
}

impl Made {
    fn new(number: u64, random: &mut Random) -> Made {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        let key = match random.below(100) {
            0 => None,
            1 => Some(Vec::new()),
            _ => Some(format!("key-{}", random.below(KEYS)).into_bytes()),
        };
        let value = match random.below(100) {
            0 => None,
            1 => Some(Vec::new()),
            kind => Some(value(number, kind < 5, random.between(20, 400)).into_bytes()),
        };
        let number = number.to_string();
        let headers = OwnedHeaders::new_with_capacity(5)
            .insert(Header { key: "seq", value: Some(&number) })
            .insert(Header { key: "twice", value: Some("first") })
            .insert(Header { key: "null", value: None::<&str> })
            .insert(Header { key: "twice", value: Some("second") })
            .insert(Header { key: "empty", value: Some("") });
        Made { timestamp: (now - random.below(AGE_MAX_MS)) as i64, key, value, headers }
    }
}

fn value(number: u64, reject: bool, padding: u64) -> String {
    let marker = if reject { REJECT_MARKER } else { "\"reject\":false" };
    format!("{{\"number\":{number},{marker},\"padding\":\"{}\"}}", "x".repeat(padding as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_of_every_kind_and_about_three_in_a_hundred_are_marked() {
        let mut random = Random::new(3);
        let made: Vec<_> = (0..10_000).map(|number| Made::new(number, &mut random)).collect();
        let marked =
            |made: &&Made| made.value.as_ref().is_some_and(|v| String::from_utf8_lossy(v).contains(REJECT_MARKER));
        let rejected = made.iter().filter(marked).count();
        assert!((200..400).contains(&rejected), "{rejected}");
        assert!(made.iter().any(|made| made.key.is_none()));
        assert!(made.iter().any(|made| made.key == Some(vec![])));
        assert!(made.iter().any(|made| made.value.is_none()));
        assert!(made.iter().any(|made| made.value == Some(vec![])));
    }
}
