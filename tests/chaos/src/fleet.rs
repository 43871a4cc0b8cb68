//! The processes of a run, by slot: started, ended, watched. Faults are made of these moves.

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Result;

use crate::caches;
use crate::metrics;
use crate::pipelines;
use crate::plan::{Cache, CrashPoint, SLOTS};
use crate::process::{self, Process, Setting};
use crate::tally::Tally;
use crate::wait;

/// SIGTERM grants 25 s to finish; then the process has to be gone.
const TERMINATE_MAX: Duration = Duration::from_secs(30);
/// A group that has lost a member is whole after its session timeout and two rebalances.
const WHOLE_MAX: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Fleet {
    pub setting: Setting,
    processes: BTreeMap<usize, Process>,
    lives: u64,
    /// What the next process of a slot is to find.
    caches: BTreeMap<usize, Cache>,
    /// Processes that found no cache where one had been, and those that found an old one.
    pub caches_gone: u64,
    pub caches_old: u64,
}

impl Fleet {
    pub fn new(setting: Setting) -> Fleet {
        let (processes, caches) = (BTreeMap::new(), BTreeMap::new());
        Fleet { setting, processes, lives: 0, caches, caches_gone: 0, caches_old: 0 }
    }

    /// The next process of the slot is to find this.
    pub fn spoil(&mut self, slot: usize, cache: Cache) {
        self.caches.insert(slot, cache);
    }

    /// Starts a process in a slot, in place of what was there.
    pub fn start(&mut self, slot: usize, armed: Option<(CrashPoint, u64)>) -> Result<()> {
        self.start_ahead(slot, armed, Duration::ZERO)
    }

    /// The same, with a clock that is this much ahead.
    pub fn start_ahead(&mut self, slot: usize, armed: Option<(CrashPoint, u64)>, ahead: Duration) -> Result<()> {
        // Which waits for its end.
        self.processes.remove(&slot);
        let wanted = self.caches.remove(&slot).unwrap_or_default();
        match caches::prepare(&self.setting.directory, slot, wanted)? {
            Cache::Kept => {}
            Cache::Gone => self.caches_gone += 1,
            Cache::Old => self.caches_old += 1,
        }
        caches::share_compiled(&self.setting.directory, slot)?;
        self.lives += 1;
        self.processes.insert(slot, Process::start(&self.setting, slot, self.lives, armed, ahead)?);
        Ok(())
    }

    pub fn get(&mut self, slot: usize) -> Option<&mut Process> {
        self.processes.get_mut(&slot)
    }

    pub fn is_running(&self, slot: usize) -> bool {
        self.processes.contains_key(&slot)
    }

    /// Starts what should run and does not; says so of processes that ended on their own.
    pub fn mend(&mut self, tally: &mut Tally) -> Result<()> {
        for slot in 0..SLOTS {
            let ended = match self.processes.get_mut(&slot) {
                Some(process) => process.ended()?.is_some_and(|status| {
                    self_inflicted(slot, process, status, tally);
                    true
                }),
                None => true,
            };
            if ended {
                self.start(slot, None)?;
            }
        }
        Ok(())
    }

    /// `kill -9`.
    pub fn kill(&mut self, slot: usize) -> Result<()> {
        if let Some(mut process) = self.processes.remove(&slot) {
            process.signal(libc::SIGKILL)?;
        }
        Ok(())
    }

    /// SIGTERM and the wait for a clean end; anything else is a violation. Returns whether it was clean.
    pub fn terminate(&mut self, slot: usize, tally: &mut Tally) -> Result<bool> {
        let Some(mut process) = self.processes.remove(&slot) else { return Ok(false) };
        if let Some(status) = process.ended()? {
            self_inflicted(slot, &process, status, tally);
            return Ok(false);
        }
        // Before its admin port answers, a process may not have taken the signal over yet.
        let answered = wait::until(Duration::from_secs(5), || metrics::fetch(process.admin_port).ok()).is_some();
        process.signal(libc::SIGTERM)?;
        let status = process.wait(TERMINATE_MAX)?;
        let clean = status.is_some_and(|status| status.success());
        if !clean {
            let end = status.map_or("still there".into(), process::describe);
            let log = process.log.display();
            let answered = if answered { "" } else { " (its admin port had not answered before)" };
            tally.violation(format!(
                "process {slot} was terminated: {end} after at most {TERMINATE_MAX:?}{answered}, log {log}\n    {}",
                process::tail(&process.log)
            ));
        }
        Ok(clean)
    }

    /// Partitions of a pipeline that the slots which `count` own together, as they say themselves. Stopped processes and
    /// those that do not answer own none.
    pub fn assigned(&self, pipeline: &str, count: impl Fn(usize) -> bool) -> u64 {
        let of = |(slot, process): (&usize, &Process)| {
            if !count(*slot) || process.is_stopped() {
                return None;
            }
            let text = metrics::fetch(process.admin_port).ok()?;
            metrics::sum(&text, metrics::ASSIGNED_PARTITIONS, pipeline).map(|partitions| partitions as u64)
        };
        self.processes.iter().filter_map(of).sum()
    }

    /// Whether the slots which `count` own every partition of every pipeline.
    pub fn own_all(&self, count: impl Fn(usize) -> bool + Copy) -> bool {
        pipelines::groups().all(|(name, inputs)| self.assigned(name, count) == inputs * pipelines::PARTITIONS as u64)
    }

    /// Waits until every partition has an owner again. Being slow is counted and no violation: the end of the run
    /// decides whether records were left behind.
    pub fn wait_whole(&self, tally: &mut Tally) {
        if wait::until(WHOLE_MAX, || self.own_all(|_| true).then_some(())).is_none() {
            tally.slow_recoveries += 1;
            println!("   the group is not whole after {WHOLE_MAX:?}");
        }
    }

    /// Lets every stopped process go on.
    pub fn wake(&mut self) -> Result<()> {
        for process in self.processes.values_mut().filter(|process| process.is_stopped()) {
            process.signal(libc::SIGCONT)?;
        }
        Ok(())
    }
}

/// A process that ended although nobody ended it: at its crash point, as it should, or a violation.
fn self_inflicted(slot: usize, process: &Process, status: ExitStatus, tally: &mut Tally) {
    match process.armed {
        Some((point, _)) if process.died_at_crash_point(status) => *tally.crashes.entry(point).or_default() += 1,
        _ => tally.violation(format!(
            "process {slot} ended by itself: {}, log {}\n    {}",
            process::describe(status),
            process.log.display(),
            process::tail(&process.log)
        )),
    }
}
