//! Follows answers and dead letters of a pipeline as anybody downstream would, and puts each on the board when it is seen.
//!
//! What it counts is for the eyes, for the latencies, and for the feed. The verdict is made from the logs, read once more at the
//! end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::answer::Answer;
use crate::board::{Board, now_ms};
use crate::clock::Clock;
use crate::kafka::PARTITIONS;
use crate::ledger::CODE;
use crate::pipelines::{ALL, Answers, Pipeline};

/// How late a reader notices that it shall end.
const POLL_MAX: Duration = Duration::from_millis(100);

/// A running reader. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Reader {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// `clock`: that of the records which the pipeline reads, or had before it were made of them.
    pub(crate) fn start(bootstrap: &str, number: usize, clock: Arc<Clock>, board: Arc<Board>) -> Result<Reader> {
        let pipeline = ALL.get(number).context("no such pipeline")?;
        let consumer = consumer(bootstrap, pipeline)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let seen = Seen { number, pipeline, clock, board };
        let thread = thread::Builder::new().name(format!("read {}", pipeline.answers)).spawn(move || {
            while !stopped.load(Ordering::Acquire) {
                // The client gets over errors by itself; what it does not get over is missing in the end.
                let Some(Ok(message)) = consumer.poll(POLL_MAX) else { continue };
                seen.enter(&message);
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

struct Seen {
    number: usize,
    pipeline: &'static Pipeline,
    clock: Arc<Clock>,
    board: Arc<Board>,
}

impl Seen {
    fn enter(&self, message: &BorrowedMessage<'_>) {
        let now = now_ms();
        let due = message.timestamp().to_millis().map_or(now, |time| self.clock.wall_ms(time));
        if message.topic() == self.pipeline.dead_letters {
            // What the pipelines behind the first can't read is no order.
            let is_timed = matches!(self.pipeline.kind, Answers::Orders | Answers::Rows);
            self.board.change(self.number, |tally| {
                tally.arrive(Some(code(message)));
                if is_timed {
                    tally.took(due, now);
                }
            });
            return;
        }
        let answer = Answer::read(self.pipeline.kind, message.payload());
        if let Some(order) = answer.decided {
            self.board.decide(order);
        }
        if answer.is_first {
            self.board.change(self.number, |tally| {
                tally.arrive(None);
                if answer.is_timed {
                    tally.took(due, now);
                }
            });
        }
        if answer.is_passed_on {
            self.board.change(self.number + 1, |tally| tally.inputs += 1);
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
    for topic in [pipeline.answers, pipeline.dead_letters] {
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
