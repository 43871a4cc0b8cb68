//! Writes numbered records at a steady rate, the same to every input, until it is told to stop.
//!
//! A record that could not be delivered ends the run: without the input there is nothing to prove.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use rdkafka::message::{Header, OwnedHeaders};

use crate::pipelines::REJECT_MARKER;
use crate::producer::{Made, Producer};
use crate::random::Random;

/// Distinct keys.
const KEYS: u64 = 200;
/// Timestamps lie at most this far back: well within any retention.
const AGE_MAX_MS: u64 = 600_000;
/// After an outage of the input at most this much is caught up; the rest of the gap stays a gap.
const CATCH_UP_MAX: Duration = Duration::from_secs(2);

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
        // Not the partitioner of the outputs: keys must travel between partitions.
        let producer = Producer::new(bootstrap, "consistent_random")?;
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

fn generate(
    producer: &Producer,
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
            let made = make(number, &mut random);
            for topic in topics {
                producer.send(topic, &made)?;
            }
            (due, number) = (due + 1, number + 1);
        }
        sent.store(number, Ordering::Relaxed);
        producer.poll();
    }
    producer.finish(number * topics.len() as u64)?;
    Ok(number)
}

/// The record of this number.
fn make(number: u64, random: &mut Random) -> Made {
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
        let made: Vec<_> = (0..10_000).map(|number| make(number, &mut random)).collect();
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
