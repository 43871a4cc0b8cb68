//! Carries out one step of the plan, and proves that it had its effect where that can be proven.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::caches;
use crate::fleet::Fleet;
use crate::kafka::Kafka;
use crate::pipelines::{SESSION_TIMEOUT, TRANSACTION_TIMEOUT};
use crate::plan::{CrashPoint, Fault, GUESTS, SLOTS, Step};
use crate::random::Random;
use crate::roles;
use crate::tally::Tally;
use crate::transactions::{self, Open};
use crate::wait;

/// How long an armed process may take to get partitions and reach its point.
const CRASH_MAX: Duration = Duration::from_secs(45);
/// Rebalances provoked for one `in-revoke`.
const PROVOCATIONS_MAX: u64 = 3;
/// Stops tried to find a process inside a transaction; at load nearly every one does.
const STOPS_MAX: u64 = 40;
/// Between the two looks at a stopped process: a request that was on its way has long been handled.
const LOOKS_APART: Duration = Duration::from_millis(250);
/// Past the transaction timeout by the brokers' scan interval, and not yet past the session.
const TRANSACTION_PAUSE: Duration = Duration::from_secs(TRANSACTION_TIMEOUT.as_secs() + 1);
/// Past the session by more than a heartbeat.
const SESSION_PAUSE: Duration = Duration::from_secs(SESSION_TIMEOUT.as_secs() + 2);
/// Beyond half of the default of `delete.retention.ms`, a week.
const DAYS_AHEAD: Duration = Duration::from_secs(9 * 24 * 3600);
/// What the log says of a full disk.
const FULL_DISK: &str = "a file beside it says so";
/// Why state is rebuilt, in the words of the log.
const TOO_OLD: &str = "the cache is older than half";
const OF_THE_FUTURE: &str = "the cache was written in the future";
/// How long the brokers may take beyond that to abort, and the others to take over.
const EFFECT_MAX: Duration = Duration::from_secs(15);

/// What faults are done to.
pub struct World {
    pub kafka: Kafka,
    pub fleet: Fleet,
    pub tally: Tally,
    pub random: Random,
}

impl World {
    /// # Errors
    /// The machinery failed. What the product did wrong goes to the tally.
    pub fn perform(&mut self, step: &Step) -> Result<()> {
        self.fleet.mend(&mut self.tally)?;
        if step.whole {
            self.fleet.wait_whole(&mut self.tally);
        }
        wait::pass(Duration::from_millis(step.gap_ms));
        self.fleet.spoil(step.slot, step.cache);
        match step.fault {
            Fault::Crash { point, nth } => self.crash(step.slot, point, nth)?,
            Fault::KillInside => self.kill_inside(step.slot)?,
            Fault::Kill => {
                self.fleet.kill(step.slot)?;
                self.tally.kills += 1;
            }
            Fault::PauseTransaction => self.pause_transaction(step.slot)?,
            Fault::PauseSession => self.pause_session(step.slot)?,
            Fault::Terminate => {
                self.tally.terminations += u64::from(self.fleet.terminate(step.slot, &mut self.tally)?);
            }
            Fault::FullDisk { killed } => self.full_disk(step.slot, killed)?,
            Fault::WrongClock => self.wrong_clock(step.slot)?,
            Fault::Storm { moves } => self.storm(moves)?,
            Fault::Broker { role, down_ms } => {
                let find = || roles::broker(&self.fleet.setting.bootstrap, role, step.slot).ok();
                let id = wait::until(EFFECT_MAX, find).with_context(|| format!("there is no {}", role.name()))?;
                self.kafka.hurt(id, Duration::from_millis(down_ms))?;
                *self.tally.broker_kills.entry(role).or_default() += 1;
            }
        }
        self.fleet.mend(&mut self.tally)?;
        (self.tally.caches_gone, self.tally.caches_old) = (self.fleet.caches_gone, self.fleet.caches_old);
        Ok(())
    }

    /// Replaces the process of a slot by one that kills itself, and waits until it has.
    fn crash(&mut self, slot: usize, point: CrashPoint, nth: u64) -> Result<()> {
        self.fleet.terminate(slot, &mut self.tally)?;
        self.fleet.start(slot, Some((point, nth)))?;
        if point == CrashPoint::InRevoke {
            self.provoke_revoke(slot)?;
        }
        let Some(process) = self.fleet.get(slot) else { return Ok(()) };
        if process.wait(CRASH_MAX)?.is_none() {
            let log = process.log.display().to_string();
            self.tally
                .violation(format!("process {slot} did not reach {}:{nth} in {CRASH_MAX:?}, {log}", point.name()));
            self.fleet.kill(slot)?;
        }
        // Whether it died where it should is judged by `mend`.
        Ok(())
    }

    /// Another process leaves, so that this one gets its partitions, and comes back, so that this one has to give some up.
    fn provoke_revoke(&mut self, slot: usize) -> Result<()> {
        for provocation in 0..PROVOCATIONS_MAX {
            let other = (slot + 1 + provocation as usize % (SLOTS - 1)) % SLOTS;
            self.fleet.terminate(other, &mut self.tally)?;
            let gone = |fleet: &mut Fleet| match fleet.get(slot).map(|process| process.ended()) {
                Some(Ok(None)) => None,
                _ => Some(()),
            };
            // It may be made to give something up by this already; then there is nothing to wait for.
            wait::until(EFFECT_MAX, || {
                gone(&mut self.fleet).or_else(|| self.fleet.own_all(|other| other < SLOTS).then_some(()))
            });
            self.fleet.start(other, None)?;
            if wait::until(EFFECT_MAX, || gone(&mut self.fleet)).is_some() {
                break;
            }
        }
        Ok(())
    }

    fn kill_inside(&mut self, slot: usize) -> Result<()> {
        if self.stop_inside(slot)?.is_some() {
            self.fleet.kill(slot)?;
            self.tally.kills_inside += 1;
        }
        Ok(())
    }

    /// Stops a process and proves that a transaction of its is open. `None`, and a violation, when none was after many
    /// tries.
    fn stop_inside(&mut self, slot: usize) -> Result<Option<Open>> {
        let ids = transactions::ids(slot);
        for _ in 0..STOPS_MAX {
            wait::pass(Duration::from_millis(self.random.between(20, 500)));
            let Some(process) = self.fleet.get(slot) else { break };
            if process.ended()?.is_some() {
                break;
            }
            process.signal(libc::SIGSTOP)?;
            let bootstrap = self.fleet.setting.bootstrap.clone();
            let first = transactions::open(&bootstrap, &ids);
            if !first.is_empty() {
                wait::pass(LOOKS_APART);
                let second = transactions::open(&bootstrap, &ids);
                if let Some(open) = first.into_iter().find(|open| second.contains(open)) {
                    return Ok(Some(open));
                }
            }
            self.fleet.wake()?;
        }
        self.tally.violation(format!("process {slot} had no transaction open in {STOPS_MAX} stops"));
        Ok(None)
    }

    fn pause_transaction(&mut self, slot: usize) -> Result<()> {
        let began = Instant::now();
        let Some(open) = self.stop_inside(slot)? else { return Ok(()) };
        wait::pass(TRANSACTION_PAUSE.saturating_sub(began.elapsed()));
        let ids = [open.transactional_id.clone()];
        let bootstrap = self.fleet.setting.bootstrap.clone();
        let aborted = || (!transactions::open(&bootstrap, &ids).contains(&open)).then_some(());
        match wait::until(EFFECT_MAX, aborted) {
            Some(()) => self.tally.transaction_pauses += 1,
            None => self.tally.violation(format!("{} is still open long after its timeout", open.transactional_id)),
        }
        self.fleet.wake()
    }

    fn pause_session(&mut self, slot: usize) -> Result<()> {
        self.fleet.wait_whole(&mut self.tally);
        let began = Instant::now();
        if self.stop_inside(slot)?.is_none() {
            return Ok(());
        }
        wait::pass(SESSION_PAUSE.saturating_sub(began.elapsed()));
        let moved = || self.fleet.own_all(|other| other != slot).then_some(());
        match wait::until(EFFECT_MAX, moved) {
            Some(()) => self.tally.session_pauses += 1,
            None => self.tally.violation(format!("the partitions of process {slot} did not move while it was stopped")),
        }
        self.fleet.wake()
    }

    /// Proven by what the process says of it.
    fn full_disk(&mut self, slot: usize, killed: bool) -> Result<()> {
        self.fleet.wait_whole(&mut self.tally);
        let directory = self.fleet.setting.directory.clone();
        let Some(process) = self.fleet.get(slot) else { return Ok(()) };
        let before = process.logged();
        caches::fill(&directory, slot)?;
        match wait::until(EFFECT_MAX, || process.has_logged(FULL_DISK, before).then_some(())) {
            Some(()) => self.tally.full_disks += 1,
            None => self.tally.violation(format!("process {slot} has not noticed a full disk in {EFFECT_MAX:?}")),
        }
        wait::pass(Duration::from_millis(self.random.between(0, 2000)));
        if killed {
            self.fleet.kill(slot)?;
        }
        caches::make_room(&directory, slot)
    }

    /// Proven by why state is rebuilt: what is cached is old under the clock that is ahead, and of the future once it is back.
    fn wrong_clock(&mut self, slot: usize) -> Result<()> {
        let mut seen = 0;
        for (ahead, reason) in [(DAYS_AHEAD, TOO_OLD), (Duration::ZERO, OF_THE_FUTURE)] {
            self.fleet.wait_whole(&mut self.tally);
            self.fleet.terminate(slot, &mut self.tally)?;
            self.fleet.start_ahead(slot, None, ahead)?;
            let Some(process) = self.fleet.get(slot) else { break };
            seen += u64::from(wait::until(CRASH_MAX, || process.has_logged(reason, 0).then_some(())).is_some());
        }
        match seen {
            2 => self.tally.wrong_clocks += 1,
            _ => self.tally.violation(format!("process {slot} has not noticed that its clock was set")),
        }
        Ok(())
    }

    /// Guests and residents come and go faster than the group can settle.
    fn storm(&mut self, moves: u64) -> Result<()> {
        for _ in 0..moves {
            let slot = self.random.below((SLOTS + GUESTS) as u64) as usize;
            if self.fleet.is_running(slot) {
                self.fleet.terminate(slot, &mut self.tally)?;
            } else {
                self.fleet.start(slot, None)?;
            }
            wait::pass(Duration::from_millis(self.random.between(50, 800)));
        }
        for guest in SLOTS..SLOTS + GUESTS {
            self.fleet.terminate(guest, &mut self.tally)?;
        }
        self.tally.storms += 1;
        Ok(())
    }
}
