//! Which partitions still have an open transaction: those whose last stable offset is below their high watermark.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde::Serialize;

use crate::client::{self, ANSWER_MAX, Isolation};

/// Between two looks at partitions that are still open.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Both ends of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    pub topic: String,
    pub partition: i32,
    /// What a read_committed reader may see.
    pub stable: i64,
    pub high: i64,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] is stable to {} of {}", self.topic, self.partition, self.stable, self.high)
    }
}

/// Waits until no partition of any topic, internal ones included, has an open transaction. Returns those that still had
/// one after `deadline`, which should exceed the longest transaction timeout and the broker's scan for it.
///
/// # Errors
/// The cluster can't be asked, or has no `__consumer_offsets`: then nothing was ever committed, and nothing proven.
pub fn wait_until_stable(bootstrap: &str, deadline: Duration) -> Result<Vec<End>> {
    let until = Instant::now() + deadline;
    let stable = client::consumer(bootstrap, "wasmill-verify", Isolation::Committed)?;
    let high = client::consumer(bootstrap, "wasmill-verify", Isolation::Uncommitted)?;
    let mut pending = all(&stable)?;
    loop {
        let mut open = Vec::new();
        for (topic, partition) in pending {
            let end = end(&stable, &high, topic, partition)?;
            if end.stable != end.high {
                open.push(end);
            }
        }
        if open.is_empty() || Instant::now() > until {
            return Ok(open);
        }
        pending = open.into_iter().map(|end| (end.topic, end.partition)).collect();
        thread::sleep(LOOK_INTERVAL);
    }
}

/// Both ends of every partition of `topics`, now.
///
/// # Errors
/// The cluster can't be asked, or has no topic of that name.
pub fn of(bootstrap: &str, topics: &[&str]) -> Result<Vec<End>> {
    let stable = client::consumer(bootstrap, "wasmill-verify", Isolation::Committed)?;
    let high = client::consumer(bootstrap, "wasmill-verify", Isolation::Uncommitted)?;
    let mut ends = Vec::new();
    for topic in topics {
        for partition in 0..client::partitions(&stable, topic)? {
            ends.push(end(&stable, &high, (*topic).to_owned(), partition)?);
        }
    }
    Ok(ends)
}

fn all(consumer: &BaseConsumer) -> Result<Vec<(String, i32)>> {
    let metadata = consumer.fetch_metadata(None, ANSWER_MAX).context("no metadata")?;
    if !metadata.topics().iter().any(|topic| topic.name() == "__consumer_offsets") {
        bail!("the cluster has no topic __consumer_offsets");
    }
    let of = |topic: &rdkafka::metadata::MetadataTopic| {
        let name = topic.name().to_owned();
        topic.partitions().iter().map(move |partition| (name.clone(), partition.id())).collect::<Vec<_>>()
    };
    Ok(metadata.topics().iter().flat_map(of).collect())
}

/// The stable end is asked first: ends only grow, so equal answers mean that nothing was open in between.
fn end(stable: &BaseConsumer, high: &BaseConsumer, topic: String, partition: i32) -> Result<End> {
    let ask = |consumer: &BaseConsumer| {
        let answer = consumer.fetch_watermarks(&topic, partition, ANSWER_MAX);
        answer.map(|(_, end)| end).with_context(|| format!("no end offset of {topic}[{partition}]"))
    };
    let (stable, high) = (ask(stable)?, ask(high)?);
    Ok(End { topic, partition, stable, high })
}
