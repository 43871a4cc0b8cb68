//! Reads committed records as somebody downstream does, and notes how late each is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Message, Offset, TopicPartitionList};

use crate::load::intended;
use crate::setting::PARTITIONS;

const POLL_TIMEOUT: Duration = Duration::from_millis(10);
/// No record for as long as this after the load has ended is the end.
const SILENCE_MAX: Duration = Duration::from_secs(10);
const WANTED_UNKNOWN: u64 = u64::MAX;

pub(crate) struct Reader {
    wanted: Arc<AtomicU64>,
    thread: JoinHandle<Result<Vec<Seen>>>,
}

/// One record: when it should have been sent, and how long after that it was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) intended: Duration,
    pub(crate) latency: Duration,
}

impl Reader {
    /// Reads `topic` from its beginning. Times are relative to `base`.
    pub(crate) fn start(bootstrap: &str, topic: &str, base: Instant) -> Result<Reader> {
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", "bench-reader")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "earliest")
            .create()?;
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            list.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
        client.assign(&list)?;
        let wanted = Arc::new(AtomicU64::new(WANTED_UNKNOWN));
        let until = Arc::clone(&wanted);
        let thread = std::thread::Builder::new().name("reader".into()).spawn(move || read(&client, base, &until))?;
        Ok(Reader { wanted, thread })
    }

    /// Waits until `records` were read.
    ///
    /// # Errors
    /// When fewer come.
    pub(crate) fn finish(self, records: u64) -> Result<Vec<Seen>> {
        self.wanted.store(records, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the reader panicked"))?
    }
}

fn read(client: &BaseConsumer, base: Instant, wanted: &AtomicU64) -> Result<Vec<Seen>> {
    let (mut seen, mut last) = (Vec::new(), Instant::now());
    loop {
        let wanted = wanted.load(Ordering::Relaxed);
        if seen.len() as u64 >= wanted {
            return Ok(seen);
        }
        match client.poll(POLL_TIMEOUT) {
            Some(message) => {
                let message = message.context("failed to read the output")?;
                last = Instant::now();
                let intended = message.payload().and_then(intended).context("a value without its time")?;
                seen.push(Seen { intended, latency: last.duration_since(base).saturating_sub(intended) });
            }
            None if wanted != WANTED_UNKNOWN && last.elapsed() > SILENCE_MAX => {
                bail!("{} of {wanted} records came out", seen.len())
            }
            None => {}
        }
    }
}
