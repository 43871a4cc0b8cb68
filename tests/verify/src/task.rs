//! The whole check of one pipeline that has stopped: what `wasmill-verify` and the chaos run call.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::compare::{Comparison, Promise, Report, Topic};
use crate::ends;
use crate::findings::Kind;
use crate::positions::Positions;
use crate::reader::{self, Reader};
use crate::record::Record;
use crate::topic::{self, Log};

/// A pipeline and what it promised.
#[derive(Debug, Clone)]
pub struct Task {
    pub bootstrap: String,
    pub promise: Promise,
    pub outputs: Vec<String>,
    /// `None`: the topic is not read, and any dead letter shows as a loss.
    pub dead_letters: Option<String>,
    /// How long transactions may stay open; more than the longest timeout.
    pub stable_deadline: Duration,
}

/// Checks everything. The pipeline must have stopped, and nothing may write to its topics any more.
///
/// # Errors
/// The check could not be made. What it found wrong is in the report, not here.
pub fn verify(task: &Task, readers: Vec<Reader>) -> Result<Report> {
    if let Some(reader) = readers.iter().find(|reader| !task.reads(reader.topic())) {
        bail!("{} is no topic of this pipeline", reader.topic());
    }
    let open = ends::wait_until_stable(&task.bootstrap, task.stable_deadline)?;
    let positions = Positions::new(&task.bootstrap, &task.promise.group, &task.promise.input)?.now()?;

    let mut comparison = Comparison::new(task.promise.clone());
    topic::read(&task.bootstrap, &task.promise.input, |record| comparison.input(record))?;
    let mut logs = Vec::new();
    for name in &task.outputs {
        logs.push(compare(task, name, &mut comparison, Comparison::output)?);
    }
    if let Some(name) = &task.dead_letters {
        logs.push(compare(task, name, &mut comparison, Comparison::dead_letter)?);
    }

    if let Some(name) = &task.promise.counts {
        topic::read(&task.bootstrap, name, |record| comparison.change(record))?;
    }

    let mut report = comparison.finish();
    for end in open {
        report.findings.add(Kind::OpenTransaction, || end.to_string());
    }
    for position in positions.iter().filter(|position| !position.is_at_end()) {
        report.findings.add(Kind::Position, || format!("{} {position}", task.promise.group));
    }
    for reader in readers {
        let topic = reader.topic().to_owned();
        let Some((_, log)) = logs.iter().find(|(name, _)| *name == topic) else { continue };
        let seen = reader.finish(log.values().map(|records| records.len() as u64).sum())?;
        reader::compare(&topic, &seen, log, &mut report.findings);
    }
    Ok(report)
}

/// Reads one topic into the comparison and keeps its digests for the readers.
fn compare(
    task: &Task,
    name: &str,
    comparison: &mut Comparison,
    feed: fn(&mut Comparison, &Topic, &Record<'_>),
) -> Result<(String, Log)> {
    let topic = Topic { name: name.into(), partitions: topic::partitions(&task.bootstrap, name)? };
    let mut log = Log::new();
    topic::read(&task.bootstrap, name, |record| {
        feed(comparison, &topic, record);
        log.entry(record.partition).or_default().push((record.offset, record.digest()));
    })?;
    Ok((topic.name, log))
}

impl Task {
    fn reads(&self, topic: &str) -> bool {
        self.outputs.iter().chain(&self.dead_letters).any(|name| name == topic)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { inputs, outputs, dead_letters, findings } = self;
        writeln!(f, "{inputs} records in, {outputs} out, {dead_letters} dead letters")?;
        if findings.is_empty() { writeln!(f, "OK: each exactly once, in order, unchanged") } else { findings.fmt(f) }
    }
}
