//! What was done, what was proven, and what went wrong: the memory of a run.

use std::collections::BTreeMap;
use std::fmt;

use crate::plan::{CrashPoint, Quota, Role};

/// Counts over one run.
#[derive(Debug, Default)]
pub struct Tally {
    pub crashes: BTreeMap<CrashPoint, u64>,
    /// `kill -9` with a transaction that the coordinator called ongoing.
    pub kills_inside: u64,
    pub kills: u64,
    /// Stops after which the broker had aborted the open transaction.
    pub transaction_pauses: u64,
    /// Stops during which the others took all partitions.
    pub session_pauses: u64,
    pub terminations: u64,
    /// Full disks that held a process up.
    pub full_disks: u64,
    /// Clocks that were set ahead and back, and had state rebuilt both times.
    pub wrong_clocks: u64,
    pub storms: u64,
    /// Kills of brokers, by what they were at that moment.
    pub broker_kills: BTreeMap<Role, u64>,
    /// Processes that found no cache where one had been, and those that found an old one.
    pub caches_gone: u64,
    pub caches_old: u64,
    /// Times the group was not whole half a minute after a fault. Legal, but worth a look.
    pub slow_recoveries: u64,
    /// What breaks a promise, or leaves it unproven.
    pub violations: Vec<String>,
}

impl Tally {
    pub fn violation(&mut self, what: impl Into<String>) {
        let what = what.into();
        println!("!! {what}");
        self.violations.push(what);
    }

    /// Adds a violation for everything that was hit less often than it was due.
    pub fn check(&mut self, quota: &Quota) {
        for point in CrashPoint::ALL {
            let hits = self.crashes.get(&point).copied().unwrap_or(0);
            self.at_least(&format!("hits of crash point {}", point.name()), hits, quota.each_crash_point);
        }
        self.at_least("kills inside a transaction", self.kills_inside, quota.kills_inside);
        self.at_least("kills at any time", self.kills, quota.kills);
        self.at_least("stops past the transaction timeout", self.transaction_pauses, quota.transaction_pauses);
        self.at_least("stops past the session timeout", self.session_pauses, quota.session_pauses);
        self.at_least("terminations", self.terminations, quota.terminations);
        self.at_least("full disks", self.full_disks, quota.full_disks);
        self.at_least("wrong clocks", self.wrong_clocks, quota.wrong_clocks);
        self.at_least("storms", self.storms, quota.storms);
        self.at_least("broker kills", self.broker_kills.values().sum(), quota.broker_kills);
        self.at_least("starts without the cache", self.caches_gone, quota.caches_gone);
        self.at_least("starts with an old cache", self.caches_old, quota.caches_old);
    }

    fn at_least(&mut self, what: &str, found: u64, due: u64) {
        if found < due {
            self.violation(format!("{found} {what}, {due} are due"));
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let crashes: Vec<_> = self.crashes.iter().map(|(point, hits)| format!("{} {hits}", point.name())).collect();
        writeln!(f, "crash points:  {}", if crashes.is_empty() { "none".into() } else { crashes.join(", ") })?;
        writeln!(f, "kill -9:       {} inside a transaction, {} at any time", self.kills_inside, self.kills)?;
        writeln!(
            f,
            "stops:         {} past the transaction timeout, {} past the session timeout (partitions moved)",
            self.transaction_pauses, self.session_pauses
        )?;
        writeln!(f, "caches:        {} gone, {} old", self.caches_gone, self.caches_old)?;
        writeln!(
            f,
            "others:        {} terminations, {} full disks, {} wrong clocks, {} storms, {} slow recoveries",
            self.terminations, self.full_disks, self.wrong_clocks, self.storms, self.slow_recoveries
        )?;
        let kills: Vec<_> = self.broker_kills.iter().map(|(role, kills)| format!("{} {kills}", role.name())).collect();
        writeln!(f, "broker kills:  {}", if kills.is_empty() { "none".into() } else { kills.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_hit_nothing_fails_on_every_account() {
        let mut tally = Tally::default();
        tally.check(&Quota::new(8, 3));
        assert_eq!(tally.violations.len(), 18, "{:?}", tally.violations);
    }

    #[test]
    fn a_missing_hit_is_named() {
        let quota = Quota::new(3, 3);
        let mut tally = Tally {
            crashes: CrashPoint::ALL.into_iter().map(|point| (point, 1)).collect(),
            kills_inside: 2,
            transaction_pauses: 1,
            session_pauses: 1,
            terminations: 1,
            full_disks: 1,
            storms: 1,
            broker_kills: BTreeMap::from([(Role::ChangelogLeader, 1)]),
            caches_gone: 1,
            caches_old: 1,
            ..Tally::default()
        };
        tally.check(&quota);
        assert!(tally.violations.is_empty(), "{:?}", tally.violations);
        tally.crashes.remove(&CrashPoint::InRevoke);
        tally.check(&quota);
        assert_eq!(tally.violations, ["0 hits of crash point in-revoke, 1 are due"]);
    }
}
