//! Copies what is committed in the pipelines' topics into a folder.
//!
//! `<topic>.jsonl` has the records; `dump.json` has how many of each partition there must be, both ends of each partition and of
//! `__consumer_offsets`, and how far the groups have come. So what hangs or was cut is a finding of the oracle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use super::Config;
use crate::ends::{self, End};
use crate::positions::Positions;
use crate::record::Record;
use crate::topic;

const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// What to dump.
#[derive(Debug)]
pub struct Dump<'a> {
    pub bootstrap: &'a str,
    pub config: &'a Config,
    /// How long transactions may stay open; more than the longest timeout.
    pub stable_deadline: Duration,
}

#[derive(Serialize)]
struct Manifest {
    topics: BTreeMap<String, Vec<u64>>,
    ends: Vec<End>,
    positions: Vec<GroupPosition>,
}

#[derive(Serialize)]
struct GroupPosition {
    group: String,
    topic: String,
    partition: i32,
    committed: Option<i64>,
    end: i64,
}

/// Writes the dump into `folder`, which must be there. The pipelines must have come to the end of their inputs, and nothing may
/// write to their topics any more.
///
/// # Errors
/// The cluster can't be asked, or the folder not be written to. An open transaction is none: it stands in the dump.
pub fn dump(task: &Dump<'_>, folder: &Path) -> Result<()> {
    // Of all topics, whatever they are; what is still open is in the ends below.
    let open = ends::wait_until_stable(task.bootstrap, task.stable_deadline)?;
    let topics: BTreeSet<String> = task.config.pipelines.iter().flat_map(|pipeline| pipeline.topics()).collect();
    let asked: Vec<&str> = topics.iter().map(String::as_str).chain([OFFSETS_TOPIC]).collect();
    let ends = ends::of(task.bootstrap, &asked)?;
    let mut counts = BTreeMap::new();
    for topic in &topics {
        counts.insert(topic.clone(), copy(task.bootstrap, topic, folder)?);
    }
    let positions = match positions(task) {
        // Positions below an open transaction have no answer. The oracle says that they are not there.
        Err(_) if !open.is_empty() => Vec::new(),
        answer => answer?,
    };
    let file = folder.join("dump.json");
    let text = serde_json::to_vec(&Manifest { topics: counts, ends, positions })?;
    std::fs::write(&file, text).with_context(|| format!("failed to write {}", file.display()))
}

/// How many records each partition has.
fn copy(bootstrap: &str, topic: &str, folder: &Path) -> Result<Vec<u64>> {
    let path = folder.join(format!("{topic}.jsonl"));
    let context = || format!("failed to write {}", path.display());
    let mut file = BufWriter::new(File::create(&path).with_context(context)?);
    let mut counts: BTreeMap<i32, u64> = (0..topic::partitions(bootstrap, topic)?).map(|it| (it, 0)).collect();
    let mut written = Ok(());
    topic::read(bootstrap, topic, |record| {
        *counts.entry(record.partition).or_default() += 1;
        if written.is_ok() {
            written = write(&mut file, topic, record);
        }
    })?;
    written.and_then(|()| Ok(file.flush()?)).with_context(context)?;
    Ok(counts.into_values().collect())
}

fn write(file: &mut impl Write, topic: &str, record: &Record<'_>) -> Result<()> {
    let mut line = super::lines::line(topic, record)?;
    line.push('\n');
    Ok(file.write_all(line.as_bytes())?)
}

fn positions(task: &Dump<'_>) -> Result<Vec<GroupPosition>> {
    let mut all = Vec::new();
    for pipeline in &task.config.pipelines {
        for topic in pipeline.inputs.values() {
            let found = Positions::new(task.bootstrap, &pipeline.group, topic)?.now()?;
            all.extend(found.into_iter().map(|found| GroupPosition {
                group: pipeline.group.clone(),
                topic: topic.clone(),
                partition: found.partition,
                committed: found.committed,
                end: found.end,
            }));
        }
    }
    Ok(all)
}
