//! The whole state as a journal: what a replay of it brings back.

use std::io::{self, Write};

use super::Fact;
use super::journal::{KEPT, put_batch, put_fact};
use crate::core::Core;
use crate::topics::Topic;

/// Frames are gathered up to about so many bytes.
const GATHERED_BYTES: usize = 1 << 20;

/// In an order in which everything that is named is there already.
pub(super) fn write(core: &Core, out: &mut impl Write) -> io::Result<()> {
    let mut frames = Vec::new();
    put_fact(&mut frames, &Fact::Cluster { id: core.cluster.id.clone() });
    for (name, topic) in &core.cluster.topics {
        put_topic(name, topic, &mut frames, out)?;
    }
    core.transactions.facts().for_each(|fact| put_fact(&mut frames, &fact));
    core.groups.facts().for_each(|fact| put_fact(&mut frames, &fact));
    out.write_all(&frames)
}

fn put_topic(name: &str, topic: &Topic, frames: &mut Vec<u8>, out: &mut impl Write) -> io::Result<()> {
    let partitions = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
    let (name, configs) = (name.to_owned(), topic.configs.clone());
    put_fact(frames, &Fact::Topic { name, id: topic.id, partitions, configs });
    for (partition, log) in (0..).zip(&topic.partitions) {
        // Nothing has ever been there: thousands of idle partitions cost nothing.
        let Some(facts) = log.facts() else { continue };
        put_fact(frames, &Fact::Log { topic: topic.id, partition, log: facts });
        for batch in &log.batches {
            put_batch(frames, KEPT, topic.id, partition, &batch.bytes);
            if frames.len() > GATHERED_BYTES {
                out.write_all(frames)?;
                frames.clear();
            }
        }
    }
    Ok(())
}
