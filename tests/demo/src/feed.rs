//! Sends the records of one pipeline at a steady rate, each with the time of its sending, and notes where each went.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use crate::board::{Board, now_ms};
use crate::ledger::{self, Sent};
use crate::pipelines::ALL;
use crate::records::Records;

/// Between two bursts.
const TICK: Duration = Duration::from_millis(10);
/// How long the last records may take to be acknowledged.
const FLUSH_MAX: Duration = Duration::from_secs(30);

/// A feed that is under way.
#[derive(Debug)]
pub(crate) struct Feed(JoinHandle<Result<Vec<Sent>>>);

impl Feed {
    pub(crate) fn start(
        bootstrap: &str,
        pipeline: usize,
        records: Records,
        time: Duration,
        board: Arc<Board>,
    ) -> Result<Feed> {
        let producer = producer(bootstrap)?;
        let name = format!("feed {pipeline}");
        let thread = move || send_all(&producer, pipeline, &records, time, &board);
        Ok(Feed(thread::Builder::new().name(name).spawn(thread)?))
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Each record that was sent.
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
        .set_log_level(RDKafkaLogLevel::Critical)
        .create_with_context(Places::default())
        .context("failed to create a producer")
}

fn send_all(
    producer: &BaseProducer<Places>,
    pipeline: usize,
    records: &Records,
    time: Duration,
    board: &Board,
) -> Result<Vec<Sent>> {
    let began = Instant::now();
    board.change(pipeline, |tally| tally.began = Some(began));
    let mut sent = 0;
    while sent < records.count() {
        let share = began.elapsed().as_secs_f64() / time.as_secs_f64();
        let due = ((share * records.count() as f64) as usize).min(records.count());
        for number in sent..due {
            send(producer, pipeline, records, number)?;
        }
        sent = due;
        board.change(pipeline, |tally| tally.sent = sent as u64);
        producer.poll(TICK);
    }
    producer.flush(FLUSH_MAX).context("the last records were not acknowledged in time")?;
    let places = producer.context().0.lock().unwrap_or_else(PoisonError::into_inner);
    ensure!(places.len() == sent, "{} of {sent} records were acknowledged", places.len());
    let sent = |&(number, partition, offset): &(usize, i32, i64)| {
        let made = records.get(number).context("no such record")?;
        let place = ledger::place(partition, offset);
        Ok(Sent::new(made.identity.unwrap_or_else(|| place.clone()), place, made.value.as_bytes()))
    };
    places.iter().map(sent).collect()
}

fn send(producer: &BaseProducer<Places>, pipeline: usize, records: &Records, number: usize) -> Result<()> {
    let topic = ALL.get(pipeline).context("no such pipeline")?.input;
    let made = records.get(number).context("no such record")?;
    let mut record = BaseRecord::with_opaque_to(topic, Box::new(number))
        .key(&made.key)
        .payload(&made.value)
        .timestamp(i64::try_from(now_ms())?);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                producer.poll(TICK);
                record = back;
            }
            Err((error, _)) => return Err(error).context("failed to send a record"),
        }
    }
}
