//! Sends the records of one example when their time comes, and notes where each went.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use crate::board::Board;
use crate::clock::Clock;
use crate::held::Held;
use crate::ledger::{self, Sent};
use crate::records::Outgoing;

/// Between two bursts.
const TICK: Duration = Duration::from_millis(10);
/// How long the last records may take to be acknowledged.
const FLUSH_MAX: Duration = Duration::from_secs(30);
/// What people look for in the log of a message.
const CORRELATION: &str = "correlation-id";

/// A feed that is under way.
#[derive(Debug)]
pub(crate) struct Feed(JoinHandle<Result<Vec<Sent>>>);

impl Feed {
    /// `listed`: the topic whose records are wanted in the end.
    pub(crate) fn start(
        bootstrap: &str,
        records: Vec<Outgoing>,
        listed: &'static str,
        clock: Arc<Clock>,
        board: Arc<Board>,
    ) -> Result<Feed> {
        let sender = Sender { producer: producer(bootstrap)?, records, clock, board };
        let thread = move || {
            sender.send_all()?;
            sender.sent(listed)
        };
        Ok(Feed(thread::Builder::new().name(format!("feed {listed}")).spawn(thread)?))
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Each record that was sent to the listed topic.
    ///
    /// # Errors
    /// One was not acknowledged.
    pub(crate) fn finish(self) -> Result<Vec<Sent>> {
        self.0.join().map_err(|_| anyhow!("a feed panicked"))?
    }
}

/// Number, partition and offset of each record that was acknowledged: one for each that is sent.
#[derive(Debug, Default)]
struct Places(Mutex<Vec<(usize, i32, i64)>>);

impl ClientContext for Places {}

impl ProducerContext for Places {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<usize>) {
        if let Ok(message) = result {
            let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            places.push((*number, message.partition(), message.offset()));
        }
    }
}

fn producer(bootstrap: &str) -> Result<BaseProducer<Places>> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("enable.idempotence", "true")
        .set("linger.ms", "5")
        // Where Kafka's own clients put a key; the oracle checks it.
        .set("partitioner", "murmur2_random")
        .set_log_level(RDKafkaLogLevel::Critical)
        .create_with_context(Places::default())
        .context("failed to create a producer")
}

struct Sender {
    producer: BaseProducer<Places>,
    records: Vec<Outgoing>,
    clock: Arc<Clock>,
    board: Arc<Board>,
}

impl Sender {
    fn send_all(&self) -> Result<()> {
        let mut held = Held::default();
        let mut due = self.records.iter().enumerate().peekable();
        while due.peek().is_some() || !held.is_empty() {
            while let Some((number, record)) = due.next_if(|(_, record)| self.clock.has_come(record.time_ms)) {
                match record.after {
                    Some(_) => held.put(number),
                    None => self.send(number)?,
                }
            }
            while let Some(number) = held.take(|number| self.may_go(number)) {
                self.send(number)?;
            }
            self.producer.poll(TICK);
        }
        self.producer.flush(FLUSH_MAX).context("the last records were not acknowledged in time")
    }

    fn may_go(&self, number: usize) -> bool {
        let after = self.records.get(number).and_then(|record| record.after.as_deref());
        after.is_none_or(|order| self.board.is_decided(order))
    }

    fn send(&self, number: usize) -> Result<()> {
        let made = self.records.get(number).context("no such record")?;
        let mut record = BaseRecord::with_opaque_to(made.topic, Box::new(number))
            .key(&made.key)
            .payload(&made.value)
            .timestamp(made.time_ms);
        if let Some(correlation) = &made.correlation {
            record = record.headers(OwnedHeaders::new().insert(Header { key: CORRELATION, value: Some(correlation) }));
        }
        loop {
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    self.producer.poll(TICK);
                    record = back;
                }
                Err((error, _)) => return Err(error).context("failed to send a record"),
            }
        }
        self.board.change(made.pipeline, |tally| {
            tally.inputs += 1;
            tally.again += u64::from(made.is_again);
        });
        Ok(())
    }

    fn sent(&self, listed: &str) -> Result<Vec<Sent>> {
        let places = self.producer.context().0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.records.len();
        ensure!(places.len() == all, "{} of {all} records were acknowledged", places.len());
        let sent = places.iter().filter_map(|&(number, partition, offset)| {
            let made = self.records.get(number).filter(|made| made.topic == listed)?;
            let place = ledger::place(partition, offset);
            let known_by = made.identity.clone().unwrap_or_else(|| place.clone());
            Some(Sent::new(known_by, place, made.value.as_bytes()))
        });
        Ok(sent.collect())
    }
}
