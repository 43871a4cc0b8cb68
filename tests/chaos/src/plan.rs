//! What will be done to whom, drawn from the seed before anything runs.
//!
//! The first part of a plan is due in every run; the rest fills the time that is left. The same seed, length and number
//! of nodes give the same plan; how far apart its steps fall depends on the machine.

use std::fmt;

use crate::random::Random;

/// Processes that run throughout. Storms add [`GUESTS`].
pub const SLOTS: usize = 3;
/// Processes that only take part in rebalance storms.
pub const GUESTS: usize = 2;
/// Steps beyond the ones that are due; no run gets through them.
const EXTRA_STEPS: usize = 300;

/// The places in the product's code where a process can be made to kill itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CrashPoint {
    AfterDrain,
    AfterSendOffsets,
    AfterEndTxn,
    InRevoke,
    MidBatch,
    MidApply,
    MidRestore,
}

impl CrashPoint {
    pub const ALL: [CrashPoint; 7] = [
        CrashPoint::AfterDrain,
        CrashPoint::AfterSendOffsets,
        CrashPoint::AfterEndTxn,
        CrashPoint::InRevoke,
        CrashPoint::MidBatch,
        CrashPoint::MidApply,
        CrashPoint::MidRestore,
    ];

    /// As in `WASMILL_CRASH_POINT` and in the log line.
    pub fn name(self) -> &'static str {
        match self {
            CrashPoint::AfterDrain => "after-drain",
            CrashPoint::AfterSendOffsets => "after-send-offsets",
            CrashPoint::AfterEndTxn => "after-end-txn",
            CrashPoint::InRevoke => "in-revoke",
            CrashPoint::MidBatch => "mid-batch",
            CrashPoint::MidApply => "mid-apply",
            CrashPoint::MidRestore => "mid-restore",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process kills itself at the `nth` pass of the point.
    Crash { point: CrashPoint, nth: u64 },
    /// `kill -9` while a transaction of the process is open.
    KillInside,
    /// `kill -9` at any time.
    Kill,
    /// SIGSTOP until the broker has aborted the open transaction, then SIGCONT.
    PauseTransaction,
    /// SIGSTOP until the session has timed out and the others own all partitions, then SIGCONT.
    PauseSession,
    /// SIGTERM, then a new process.
    Terminate,
    /// The cache of the process takes no write until it has felt that; then there is room again, or, where it is `killed`,
    /// only for the next process.
    FullDisk { killed: bool },
    /// The next process of the slot has a clock that is days ahead, and the one after it a right one.
    WrongClock,
    /// Processes join and leave quickly.
    Storm { moves: u64 },
    /// `kill -9` of a broker (an embedded one is cut off), back after a while.
    Broker { role: Role, down_ms: u64 },
}

/// What a broker is to the pipeline that counts when it is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    ChangelogLeader,
    GroupCoordinator,
    TransactionCoordinator,
    OutputLeader,
}

impl Role {
    pub const ALL: [Role; 4] =
        [Role::ChangelogLeader, Role::GroupCoordinator, Role::TransactionCoordinator, Role::OutputLeader];

    fn at(number: u64) -> Role {
        Role::ALL[(number % Role::ALL.len() as u64) as usize]
    }

    pub fn name(self) -> &'static str {
        match self {
            Role::ChangelogLeader => "leader of a changelog",
            Role::GroupCoordinator => "group coordinator",
            Role::TransactionCoordinator => "transaction coordinator",
            Role::OutputLeader => "leader of an output",
        }
    }
}

impl Fault {
    /// Whether the process of the step's slot has another one after it.
    fn ends_process(self) -> bool {
        use Fault::{Crash, FullDisk, Kill, KillInside, Terminate};
        matches!(self, Crash { .. } | KillInside | Kill | Terminate | FullDisk { killed: true })
    }
}

/// What the next process of a slot finds of the state that the last one has cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cache {
    #[default]
    Kept,
    Gone,
    /// As it was at an earlier stop.
    Old,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub slot: usize,
    pub fault: Fault,
    pub cache: Cache,
    /// Wait before the step.
    pub gap_ms: u64,
    /// Whether the group must be whole again before the step; otherwise this fault falls into the last one's recovery.
    pub whole: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub due: Vec<Step>,
    pub extra: Vec<Step>,
}

/// How often each kind of fault is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub each_crash_point: u64,
    pub kills_inside: u64,
    pub kills: u64,
    pub transaction_pauses: u64,
    pub session_pauses: u64,
    pub terminations: u64,
    pub full_disks: u64,
    pub wrong_clocks: u64,
    pub storms: u64,
    pub broker_kills: u64,
    pub caches_gone: u64,
    pub caches_old: u64,
}

/// Runs of up to this many minutes are short: there is time for one of each.
pub const SHORT_MINUTES_MAX: u64 = 4;

impl Quota {
    /// A lone broker is never killed: Apache Kafka 4.3.1 restarts it as a transaction coordinator whose partitions have
    /// no leader for a moment, and then skips transaction markers for good (docs/decisions/0003).
    pub fn new(minutes: u64, nodes: usize) -> Quota {
        let quota = if minutes <= SHORT_MINUTES_MAX { Quota::SHORT } else { Quota::FULL };
        Quota { broker_kills: if nodes > 1 { quota.broker_kills } else { 0 }, ..quota }
    }

    const SHORT: Quota = Quota {
        each_crash_point: 1,
        kills_inside: 2,
        kills: 0,
        transaction_pauses: 1,
        session_pauses: 1,
        terminations: 1,
        full_disks: 1,
        wrong_clocks: 0,
        storms: 1,
        broker_kills: 1,
        caches_gone: 1,
        caches_old: 1,
    };

    const FULL: Quota = Quota {
        each_crash_point: 3,
        kills_inside: 8,
        kills: 2,
        transaction_pauses: 2,
        session_pauses: 2,
        terminations: 2,
        full_disks: 2,
        wrong_clocks: 1,
        storms: 2,
        broker_kills: Role::ALL.len() as u64,
        caches_gone: 3,
        caches_old: 3,
    };
}

impl Plan {
    /// The plan of a seed.
    pub fn new(seed: u64, quota: Quota, nodes: usize) -> Plan {
        let mut random = Random::new(seed);
        let mut due = Vec::new();
        let mut add = |fault: Fault, times: u64| due.extend((0..times).map(|_| fault));
        for point in CrashPoint::ALL {
            add(Fault::Crash { point, nth: 0 }, quota.each_crash_point);
        }
        add(Fault::KillInside, quota.kills_inside);
        add(Fault::Kill, quota.kills);
        add(Fault::PauseTransaction, quota.transaction_pauses);
        add(Fault::PauseSession, quota.session_pauses);
        add(Fault::Terminate, quota.terminations);
        add(Fault::FullDisk { killed: false }, quota.full_disks);
        add(Fault::WrongClock, quota.wrong_clocks);
        add(Fault::Storm { moves: 0 }, quota.storms);
        // Each role in turn, from a drawn one on.
        let first = random.below(Role::ALL.len() as u64);
        due.extend((first..first + quota.broker_kills).map(|at| Fault::Broker { role: Role::at(at), down_ms: 0 }));
        random.shuffle(&mut due);
        let mut due: Vec<Step> = due.into_iter().map(|fault| step(fault, &mut random)).collect();
        assign_caches(&mut due, quota, &mut random);
        let extra = (0..EXTRA_STEPS).map(|_| any(nodes, &mut random)).collect();
        Plan { due, extra }
    }
}

/// Chooses the steps after which a cache is gone or old. Old ones need an earlier stop of the slot.
fn assign_caches(due: &mut [Step], quota: Quota, random: &mut Random) {
    let ends: Vec<usize> = (0..due.len()).filter(|at| due[*at].fault.ends_process()).collect();
    let was_stopped = |at: &usize| ends.iter().any(|other| other < at && due[*other].slot == due[*at].slot);
    let free = ends.iter().filter(|at| due[**at].cache == Cache::Kept);
    let (mut second, mut first): (Vec<usize>, Vec<usize>) = free.partition(|at| was_stopped(at));
    random.shuffle(&mut second);
    let old = second.split_off(second.len().saturating_sub(quota.caches_old as usize));
    first.extend(second);
    random.shuffle(&mut first);
    old.into_iter().for_each(|at| due[at].cache = Cache::Old);
    first.into_iter().take(quota.caches_gone as usize).for_each(|at| due[at].cache = Cache::Gone);
}

/// Draws what a fault leaves open.
fn step(fault: Fault, random: &mut Random) -> Step {
    let fault = match fault {
        // A revoke is rare, a restore is so, too; the others pass by tens of times a second.
        Fault::Crash { point: point @ (CrashPoint::InRevoke | CrashPoint::MidRestore), .. } => {
            Fault::Crash { point, nth: 1 }
        }
        Fault::Crash { point, .. } => Fault::Crash { point, nth: random.between(1, 25) },
        Fault::FullDisk { .. } => Fault::FullDisk { killed: random.chance(50) },
        Fault::Storm { .. } => Fault::Storm { moves: random.between(5, 9) },
        // Longer than the commit deadline, half of the transaction timeout: then nobody knows what became of a commit.
        Fault::Broker { role: role @ Role::TransactionCoordinator, .. } => {
            Fault::Broker { role, down_ms: random.between(2500, 5000) }
        }
        Fault::Broker { role, .. } => Fault::Broker { role, down_ms: random.between(500, 4000) },
        other => other,
    };
    Step {
        slot: random.below(SLOTS as u64) as usize,
        fault,
        cache: cache_of(fault),
        gap_ms: random.between(0, 1500),
        whole: random.chance(70),
    }
}

/// A process that comes back soon enough finds its cache exact, and has nothing to restore.
fn cache_of(fault: Fault) -> Cache {
    match fault {
        Fault::Crash { point: CrashPoint::MidRestore, .. } => Cache::Gone,
        _ => Cache::Kept,
    }
}

fn any(nodes: usize, random: &mut Random) -> Step {
    let fault = match random.below(100) {
        0..40 => {
            let point = CrashPoint::ALL[random.below(CrashPoint::ALL.len() as u64) as usize];
            Fault::Crash { point, nth: 0 }
        }
        40..60 => Fault::KillInside,
        60..70 => Fault::Kill,
        70..78 => Fault::PauseTransaction,
        78..84 => Fault::PauseSession,
        84..88 => Fault::Terminate,
        88..91 => Fault::FullDisk { killed: false },
        91..92 => Fault::WrongClock,
        92..97 => Fault::Storm { moves: 0 },
        _ if nodes > 1 => Fault::Broker { role: Role::at(random.below(4)), down_ms: 0 },
        _ => Fault::Kill,
    };
    let cache = match random.below(10) {
        0 => Cache::Gone,
        1..4 => Cache::Old,
        _ => Cache::Kept,
    };
    let step = step(fault, random);
    // A clock that is wrong is told by a cache.
    let is_free = step.cache == Cache::Kept && fault != Fault::WrongClock;
    if is_free { Step { cache, ..step } } else { step }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step { slot, fault, cache, gap_ms, whole } = self;
        match fault {
            Fault::Crash { point, nth } => write!(f, "process {slot}: crash at {}:{nth}", point.name())?,
            Fault::KillInside => write!(f, "process {slot}: kill -9 inside a transaction")?,
            Fault::Kill => write!(f, "process {slot}: kill -9")?,
            Fault::PauseTransaction => write!(f, "process {slot}: stop past the transaction timeout")?,
            Fault::PauseSession => write!(f, "process {slot}: stop past the session timeout")?,
            Fault::Terminate => write!(f, "process {slot}: terminate and start anew")?,
            Fault::FullDisk { killed: false } => write!(f, "process {slot}: full disk for a while")?,
            Fault::FullDisk { killed: true } => write!(f, "process {slot}: full disk, kill -9")?,
            Fault::WrongClock => write!(f, "process {slot}: clock days ahead, and back")?,
            Fault::Storm { moves } => write!(f, "rebalance storm of {moves} moves")?,
            Fault::Broker { role, down_ms } => write!(f, "{}: gone, back after {down_ms} ms", role.name())?,
        }
        let cache = match cache {
            Cache::Kept => "",
            Cache::Gone => ", cache gone",
            Cache::Old => ", cache old",
        };
        write!(f, "{cache} (after {gap_ms} ms{})", if *whole { ", group whole" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_names_one_plan() {
        let plan = |seed| Plan::new(seed, Quota::FULL, 3);
        assert_eq!(plan(4), plan(4));
        assert_ne!(plan(4), plan(5));
    }

    #[test]
    fn a_full_plan_holds_every_crash_point_three_times_and_eight_kills() {
        for seed in 0..50 {
            let plan = Plan::new(seed, Quota::new(8, 3), 3);
            let count = |wanted: fn(&Fault) -> bool| plan.due.iter().filter(|step| wanted(&step.fault)).count();
            for point in CrashPoint::ALL {
                let hits = plan.due.iter().filter(|s| matches!(s.fault, Fault::Crash { point: p, .. } if p == point));
                assert_eq!(hits.count(), 3, "seed {seed} {point:?}");
            }
            assert_eq!(count(|fault| *fault == Fault::KillInside), 8, "seed {seed}");
            assert_eq!(count(|fault| *fault == Fault::PauseSession), 2, "seed {seed}");
            let role = |step: &Step| if let Fault::Broker { role, .. } = step.fault { Some(role) } else { None };
            let roles: BTreeSet<Role> = plan.due.iter().filter_map(role).collect();
            assert_eq!(roles, BTreeSet::from(Role::ALL), "seed {seed}");
        }
    }

    #[test]
    fn a_short_plan_holds_each_crash_point_once() {
        let plan = Plan::new(1, Quota::new(3, 1), 1);
        for point in CrashPoint::ALL {
            let hits = plan.due.iter().filter(|step| matches!(step.fault, Fault::Crash { point: p, .. } if p == point));
            assert_eq!(hits.count(), 1, "{point:?}");
        }
        assert!(plan.due.len() <= 15, "{} steps will not fit", plan.due.len());
    }

    #[test]
    fn caches_are_gone_or_old_as_often_as_is_due_and_old_ones_were_there_before() {
        for (seed, minutes) in (0..50).flat_map(|seed| [(seed, 2), (seed, 8)]) {
            let quota = Quota::new(minutes, 3);
            let plan = Plan::new(seed, quota, 3);
            let count = |cache| plan.due.iter().filter(|step| step.cache == cache).count() as u64;
            // And each restore that is to be hit.
            let gone = quota.caches_gone + quota.each_crash_point;
            assert_eq!((count(Cache::Gone), count(Cache::Old)), (gone, quota.caches_old), "seed {seed}");
            for (at, step) in plan.due.iter().enumerate().filter(|(_, step)| step.cache != Cache::Kept) {
                assert!(step.fault.ends_process(), "seed {seed}: {step}");
                let stopped = plan.due[..at].iter().any(|other| other.fault.ends_process() && other.slot == step.slot);
                assert!(step.cache == Cache::Gone || stopped, "seed {seed}: {step}");
            }
        }
    }

    #[test]
    fn only_brokers_that_have_company_are_killed() {
        for (seed, nodes) in [(1, 1), (2, 3), (3, 3)] {
            let plan = Plan::new(seed, Quota::new(8, nodes), nodes);
            for step in plan.due.iter().chain(&plan.extra) {
                assert!(step.slot < SLOTS);
                assert!(nodes > 1 || !matches!(step.fault, Fault::Broker { .. }));
            }
        }
    }
}
