//! Sends what a chain of restaurants sends, as fast as time passes: each record when its time has come.
//!
//! Orders go straight to the inventory, by restaurant; those that order-validation would refuse come along.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use rdkafka::message::{Header, OwnedHeaders};
use serde_json::Value;
use wasmill_orders::{Baskets, Plan, Rates, Stream, Topic};

use crate::flow;
use crate::producer::{Made, Producer};

/// Ten orders a second, and ten times as much of everything else.
const STEP_MS: i64 = 100;
/// More than any run sends.
const ORDERS_MAX: u64 = 1_000_000;

/// Topic -> records that were sent to it.
pub type Counts = BTreeMap<&'static str, u64>;

/// A running feed.
#[derive(Debug)]
pub struct Feed {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Counts>>,
}

impl Feed {
    pub fn start(bootstrap: &str, seed: u64) -> Result<Feed> {
        let file = wasmill_artifacts::root().join("examples/data/orders.jsonl");
        let lines = std::fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
        let baskets = Baskets::read(&lines)?;
        // That of the pipelines' outputs: one customer's orders and adjustments meet in one partition.
        let producer = Producer::new(bootstrap, "murmur2_random")?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread =
            thread::Builder::new().name("feed".into()).spawn(move || send(&producer, &baskets, seed, &stopped))?;
        Ok(Feed { stop, thread })
    }

    /// Stops, waits for the last acknowledgement, and returns how many records each topic was sent.
    ///
    /// # Errors
    /// A record was not delivered.
    pub fn finish(self) -> Result<Counts> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().map_err(|_| anyhow!("the feed panicked"))?
    }
}

fn send(producer: &Producer, baskets: &Baskets, seed: u64, stop: &AtomicBool) -> Result<Counts> {
    let plan = Plan {
        seed,
        orders: ORDERS_MAX,
        start_ms: now_ms(),
        step_ms: STEP_MS,
        reservation_ms: flow::RESERVATION.as_millis() as i64,
        rates: Rates::default(),
    };
    let mut stream = Stream::new(baskets, plan).peekable();
    let mut counts = Counts::new();
    while !stop.load(Ordering::Acquire) {
        let now = now_ms();
        while let Some(made) = stream.next_if(|made| made.timestamp_ms <= now) {
            let (topic, key) = place(&made)?;
            let mut headers = OwnedHeaders::new();
            if let Some(correlation) = &made.correlation {
                headers = headers.insert(Header { key: "correlation-id", value: Some(correlation) });
            }
            let (key, value) = (Some(key.into_bytes()), Some(made.value.into_bytes()));
            producer.send(topic, &Made { timestamp: made.timestamp_ms, key, value, headers })?;
            *counts.entry(topic).or_default() += 1;
        }
        producer.poll();
    }
    producer.finish(counts.values().sum())?;
    Ok(counts)
}

/// The topic of a record, and its key there.
fn place(made: &wasmill_orders::Made) -> Result<(&'static str, String)> {
    let topic = match made.topic {
        Topic::Orders => {
            let order: Value = serde_json::from_str(&made.value).context("an order that is no JSON")?;
            let restaurant = order.get("restaurant_id").and_then(Value::as_str).context("an order of no restaurant")?;
            return Ok((flow::ORDERS, restaurant.to_owned()));
        }
        Topic::Stock => flow::STOCK,
        Topic::Fulfilment => flow::FULFILMENT,
        Topic::Adjustments => flow::ADJUSTMENTS,
    };
    Ok((topic, made.key.clone()))
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}
