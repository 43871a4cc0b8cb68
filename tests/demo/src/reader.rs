//! Follows output and dead letters of a pipeline as anybody downstream would, and puts each on the board when it is seen.
//!
//! What it counts is for the eyes and for the latencies. The verdict is made from the logs, read once more at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::board::{Board, now_ms};
use crate::kafka::PARTITIONS;
use crate::ledger::CODE;
use crate::pipelines::{ALL, Pipeline};

/// How late a reader notices that it shall end.
const POLL_MAX: Duration = Duration::from_millis(100);

/// A running reader. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Reader {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    pub(crate) fn start(bootstrap: &str, number: usize, board: Arc<Board>) -> Result<Reader> {
        let pipeline = ALL.get(number).context("no such pipeline")?;
        let consumer = consumer(bootstrap, pipeline)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name(format!("read {}", pipeline.output)).spawn(move || {
            while !stopped.load(Ordering::Acquire) {
                // The client gets over errors by itself; what it does not get over is missing in the end.
                let Some(Ok(message)) = consumer.poll(POLL_MAX) else { continue };
                let is_dead = message.topic() == ALL.get(number).map_or("", |it| it.dead_letters);
                let code = is_dead.then(|| code(&message));
                board.change(number, |tally| tally.arrive(code, sent_ms(&message), now_ms()));
            }
        })?;
        Ok(Reader { stop, thread: Some(thread) })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic of it has been reported already.
            let _ = thread.join();
        }
    }
}

fn consumer(bootstrap: &str, pipeline: &Pipeline) -> Result<BaseConsumer> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "wasmill-demo")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .set_log_level(RDKafkaLogLevel::Critical)
        .create()
        .context("failed to create a consumer")?;
    let mut list = TopicPartitionList::new();
    for topic in [pipeline.output, pipeline.dead_letters] {
        for partition in 0..PARTITIONS {
            list.add_partition_offset(topic, partition, Offset::Offset(0))?;
        }
    }
    consumer.assign(&list).context("failed to assign")?;
    Ok(consumer)
}

fn code(message: &BorrowedMessage<'_>) -> String {
    let header = message.headers().and_then(|headers| headers.iter().find(|header| header.key == CODE));
    let value = header.and_then(|header| header.value).unwrap_or(b"(none)");
    String::from_utf8_lossy(value).into_owned()
}

fn sent_ms(message: &BorrowedMessage<'_>) -> u64 {
    message.timestamp().to_millis().and_then(|sent| u64::try_from(sent).ok()).unwrap_or_default()
}
