//! Kills the orders' worker in the middle of a transaction, and starts it again.
//!
//! "In the middle" is looked at, not hoped for: the worker is stopped first. When the coordinator then twice calls the same
//! transaction ongoing, and an output's log has records behind the last stable one, the worker has written what is not
//! committed, and can do nothing more about it.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use wasmill_chaos::transactions;
use wasmill_verify::ends;

use crate::board::Board;
use crate::pipelines::Pipeline;
use crate::screen::Screen;
use crate::worker::{Setting, Worker};

/// Stops tried; under load nearly every one finds a transaction open.
const STOPS_MAX: u64 = 60;
/// Between two of them at least, and so much more each time, up to the most: no rhythm that a commit interval could share.
const STOPS_APART: RangeInclusive<u64> = 40..=440;
const STOPS_SHIFT: u64 = 67;
/// Between the two looks at a stopped worker: a request that was on its way has long been handled.
const LOOKS_APART: Duration = Duration::from_millis(250);
/// More than a process has workers, and few enough for one request.
const WORKERS_MAX: usize = 64;

/// What was done to the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interruption {
    /// Records in the transaction that was open, at most.
    pub(crate) uncommitted: i64,
    /// From the kill to the next committed record.
    pub(crate) outage: Duration,
}

/// Returns how many records are uncommitted; the worker is dead.
pub(crate) fn kill(
    mut worker: Worker,
    setting: &Setting,
    pipeline: &Pipeline,
    board: &Arc<Board>,
    screen: &mut Screen,
) -> Result<i64> {
    for stop in 0..STOPS_MAX {
        worker.check_alive()?;
        worker.signal(libc::SIGSTOP)?;
        if let Some(uncommitted) = open_records(setting, pipeline, board)? {
            let pid = worker.pid();
            worker.kill()?;
            screen.say(&format!("kill -9 {pid}: the worker of {} is gone", pipeline.name));
            screen.say(&format!("up to {uncommitted} records are in its open transaction"));
            return Ok(uncommitted);
        }
        worker.signal(libc::SIGCONT)?;
        let spread = STOPS_APART.end() - STOPS_APART.start();
        board.pass(Duration::from_millis(STOPS_APART.start() + stop * STOPS_SHIFT % spread));
    }
    bail!("the worker of {} was in no transaction in {STOPS_MAX} stops", pipeline.name)
}

/// How many records the open transaction of a stopped worker has in output and dead letters, at most: behind the last stable
/// offset are also markers and what other transactions have committed. `None` for none.
fn open_records(setting: &Setting, pipeline: &Pipeline, board: &Board) -> Result<Option<i64>> {
    let id = |worker| format!("wasmill.{}.{}.{worker}", pipeline.name, setting.instance);
    let ids: Vec<String> = (0..WORKERS_MAX).map(id).collect();
    let is_written = |topic: &str| topic == pipeline.output || topic == pipeline.dead_letters;
    let first = transactions::open(&setting.bootstrap, &ids);
    if !first.iter().any(|open| open.topics.iter().any(|topic| is_written(topic))) {
        return Ok(None);
    }
    board.pass(LOOKS_APART);
    let second = transactions::open(&setting.bootstrap, &ids);
    if !first.iter().any(|open| second.contains(open)) {
        return Ok(None);
    }
    let open = ends::wait_until_stable(&setting.bootstrap, Duration::ZERO)?;
    let records: i64 = open.iter().filter(|end| is_written(&end.topic)).map(|end| end.high - end.stable).sum();
    Ok((records > 0).then_some(records))
}
