//! An idempotent producer that waits out every outage and counts its acknowledgements: what feeds the inputs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

/// Between two bursts.
pub(crate) const TICK: Duration = Duration::from_millis(10);
/// How long the last records may take to be acknowledged.
const FLUSH_MAX: Duration = Duration::from_secs(60);

pub(crate) struct Producer(BaseProducer<Deliveries>);

/// One record before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) timestamp: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: OwnedHeaders,
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

impl Producer {
    /// `partitioner`: by librdkafka's name.
    pub(crate) fn new(bootstrap: &str, partitioner: &str) -> Result<Producer> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", "0")
            .set("linger.ms", "5")
            .set("reconnect.backoff.max.ms", "500")
            .set("partitioner", partitioner)
            .set_log_level(RDKafkaLogLevel::Critical)
            .create_with_context(Deliveries::default())
            .context("failed to create a producer")?;
        Ok(Producer(producer))
    }

    pub(crate) fn send(&self, topic: &str, made: &Made) -> Result<()> {
        let mut record: BaseRecord<'_, [u8], [u8]> =
            BaseRecord::to(topic).timestamp(made.timestamp).headers(made.headers.clone());
        (record.key, record.payload) = (made.key.as_deref(), made.value.as_deref());
        loop {
            match self.0.send(record) {
                Ok(()) => return Ok(()),
                // The inputs are down: the queue empties when they are back.
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    self.0.poll(TICK);
                    record = back;
                }
                Err((error, _)) => return Err(error).context("failed to send a record"),
            }
        }
    }

    /// Serves acknowledgements for a tick.
    pub(crate) fn poll(&self) {
        self.0.poll(TICK);
    }

    /// Waits for the last acknowledgement.
    ///
    /// # Errors
    /// Not all of the `sent` records are there.
    pub(crate) fn finish(&self, sent: u64) -> Result<()> {
        self.0.flush(FLUSH_MAX).context("the last records were not acknowledged in time")?;
        let deliveries = self.0.context();
        let (failed, done) = (deliveries.failed.load(Ordering::Relaxed), deliveries.done.load(Ordering::Relaxed));
        ensure!(failed == 0, "{failed} records were not delivered");
        ensure!(done == sent, "{done} records were acknowledged, {sent} sent");
        Ok(())
    }
}
