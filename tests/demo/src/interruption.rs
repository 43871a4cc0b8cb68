//! Kills the restaurants' process in the middle of a transaction.
//!
//! "In the middle" is looked at, not hoped for: the process is stopped first. When the coordinator then twice calls the same
//! transaction of a pipeline with state ongoing, and the log of something that it writes has records behind the last stable one, the
//! process has written what is not committed, and can do nothing more about it.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use wasmill_chaos::transactions;
use wasmill_verify::ends;

use crate::board::Board;
use crate::pipelines::{LOYALTY, ORDER_INVENTORY, Pipeline};
use crate::screen::Screen;
use crate::worker::{Setting, Worker};

/// Stops tried; under load nearly every one finds a transaction open.
const STOPS_MAX: u64 = 60;
/// Between two of them at least, and so much more each time, up to the most: no rhythm that a commit interval could share.
const STOPS_APART: RangeInclusive<u64> = 40..=440;
const STOPS_SHIFT: u64 = 67;
/// Between the two looks at a stopped process: a request that was on its way has long been handled.
const LOOKS_APART: Duration = Duration::from_millis(250);
/// More than a pipeline has workers here, and few enough for one request.
const WORKERS_MAX: usize = 32;
/// Those with state.
const PLACES: [usize; 2] = [ORDER_INVENTORY, LOYALTY];

/// What was done to the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interruption {
    pub(crate) open: Open,
    /// From the kill to the next committed points of an order.
    pub(crate) outage: Duration,
}

/// The transactions that were open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) pipelines: Vec<&'static str>,
    /// Records in them, at most: behind a last stable offset are also markers and what other transactions have committed.
    pub(crate) records: i64,
}

/// Returns what is uncommitted; the process is dead.
pub(crate) fn kill(mut worker: Worker, setting: &Setting, board: &Arc<Board>, screen: &mut Screen) -> Result<Open> {
    for stop in 0..STOPS_MAX {
        worker.check_alive()?;
        worker.signal(libc::SIGSTOP)?;
        if let Some(open) = open(setting, board)? {
            let (pid, name) = (worker.pid(), setting.example.name);
            worker.kill()?;
            screen.say(&format!("kill -9 {pid}: the {name} process is gone"));
            let (records, pipelines) = (open.records, open.pipelines.join(" and "));
            screen.say(&format!("up to {records} records are in open transactions of {pipelines}"));
            return Ok(open);
        }
        worker.signal(libc::SIGCONT)?;
        let spread = STOPS_APART.end() - STOPS_APART.start();
        board.pass(Duration::from_millis(STOPS_APART.start() + stop * STOPS_SHIFT % spread));
    }
    bail!("the {} process was in no transaction in {STOPS_MAX} stops", setting.example.name)
}

/// The open transactions of a stopped process, if they have records.
fn open(setting: &Setting, board: &Board) -> Result<Option<Open>> {
    let stateful: Vec<&'static Pipeline> =
        PLACES.iter().filter_map(|place| setting.example.pipelines.get(*place)).collect();
    let look = || {
        let of = |pipeline: &&'static Pipeline| {
            transactions::open(&setting.bootstrap, &ids(pipeline.name, &setting.instance))
        };
        stateful.iter().map(of).collect::<Vec<_>>()
    };
    let first = look();
    if first.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    board.pass(LOOKS_APART);
    let second = look();
    let pairs = stateful.iter().zip(first.iter().zip(&second));
    let inside: Vec<&&'static Pipeline> =
        pairs.filter_map(|(pipeline, (one, other))| still_open(one, other).then_some(pipeline)).collect();
    let ends = ends::wait_until_stable(&setting.bootstrap, Duration::ZERO)?;
    let of_one = |pipeline: &&&'static Pipeline| {
        let written = ends.iter().filter(|end| is_written(pipeline, &end.topic));
        (pipeline.name, written.map(|end| end.high - end.stable).sum::<i64>())
    };
    let counts: Vec<(&'static str, i64)> = inside.iter().map(of_one).filter(|(_, records)| *records > 0).collect();
    let records = counts.iter().map(|(_, records)| records).sum();
    let pipelines: Vec<&'static str> = counts.into_iter().map(|(name, _)| name).collect();
    Ok((!pipelines.is_empty()).then_some(Open { pipelines, records }))
}

/// Whether one of the transactions is the same at both looks.
fn still_open(first: &[transactions::Open], second: &[transactions::Open]) -> bool {
    first.iter().any(|open| second.contains(open))
}

fn ids(pipeline: &str, instance: &str) -> Vec<String> {
    (0..WORKERS_MAX).map(|worker| format!("wasmill.{pipeline}.{instance}.{worker}")).collect()
}

/// Whether it is an output, the dead letters, or a changelog of the pipeline.
fn is_written(pipeline: &Pipeline, topic: &str) -> bool {
    let outputs = pipeline.others.iter().chain([&pipeline.answers, &pipeline.dead_letters]);
    let is_changelog = topic.ends_with(".changelog") && topic.starts_with(&format!("wasmill.{}.", pipeline.name));
    is_changelog || outputs.into_iter().any(|output| *output == topic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::ALL;

    #[test]
    fn what_a_pipeline_writes_are_its_outputs_dead_letters_and_changelogs_and_not_its_inputs() {
        for (topic, is_so) in [
            ("inventory.decisions", true),
            ("orders.accepted", true),
            ("inventory.dlq", true),
            ("wasmill.order-inventory.stock.changelog", true),
            ("wasmill.loyalty.accounts.changelog", false),
            ("orders.by-restaurant", false),
            ("stock", false),
        ] {
            assert_eq!(is_written(&ALL[ORDER_INVENTORY], topic), is_so, "{topic}");
        }
    }

    #[test]
    fn only_a_transaction_that_is_the_same_at_both_looks_is_open() {
        let open = |start_time_ms| transactions::Open {
            transactional_id: "wasmill.loyalty.demo.0".into(),
            producer_id: 1,
            producer_epoch: 2,
            start_time_ms,
            topics: vec![],
        };
        assert!(still_open(&[open(1), open(2)], &[open(2)]));
        assert!(!still_open(&[open(1)], &[open(2)]));
        assert!(!still_open(&[], &[open(2)]));
    }
}
