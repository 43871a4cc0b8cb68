//! The group coordinator: membership by the classic protocol, and the committed offsets of every group.
//!
//! No IO and no clock: a request comes with a waiter (whatever its answer is to be sent to) and the time, and answers
//! leave through `out`, at once or on a later call. Every waiter gets exactly one answer. The caller asks
//! [`Groups::next_deadline`] when to call [`Groups::tick`]. What needs other books stays with the caller: authorisation,
//! who coordinates which group, and whether a transactional producer is the current one (`TxnOffsetCommit` is handed in
//! after that check). The rules are those of Apache Kafka 4 (`ClassicGroup`, `GroupMetadataManager`,
//! `OffsetMetadataManager`), including the ones that surprise; KIP-848 is left out.

mod admin;
mod commit;
mod expiry;
mod fetch;
mod heartbeat;
mod join;
mod leave;
mod member;
mod membership;
mod offsets;
mod options;
mod rebalance;
mod restore;
mod static_member;
mod sync;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::ResponseKind;
use kafka_protocol::protocol::StrBytes;

pub use commit::Exists;
pub use member::Caller;
use membership::Group;
pub use offsets::Position;
pub use options::Options;

use crate::directory::{Fact, Journal};

/// Answers and whom they are for, in the order in which they were decided.
pub type Answers<W> = Vec<(W, ResponseKind)>;

/// All groups of the cluster. Times are milliseconds of one clock that never goes back.
pub struct Groups<W> {
    options: Options,
    /// Part of every member id, so that ids of an earlier run are unknown to this one.
    run: u64,
    member_ids: u64,
    groups: BTreeMap<String, Group<W>>,
    /// The earliest deadline of each group that has one.
    deadlines: BTreeSet<(i64, String)>,
    next_expiry: Option<i64>,
    journal: Journal,
}

/// What a step of one group needs from outside.
struct Turn<'a, W> {
    now: i64,
    options: &'a Options,
    out: &'a mut Answers<W>,
}

impl<W> Groups<W> {
    /// `run` differs from start to start.
    pub fn new(options: Options, run: u64) -> Self {
        let (groups, deadlines, journal) = (BTreeMap::new(), BTreeSet::new(), Journal::default());
        Self { options, run, member_ids: 0, groups, deadlines, next_expiry: None, journal }
    }

    pub(crate) fn noting(self, journal: Journal) -> Self {
        Self { journal, ..self }
    }

    /// When [`Self::tick`] has something to do; nothing before a request when `None`.
    pub fn next_deadline(&self) -> Option<i64> {
        let rebalance = self.deadlines.first().map(|(at, _)| *at);
        rebalance.into_iter().chain(self.next_expiry).min()
    }

    /// Carries out what is due: sessions that ended, joins and syncs that took too long, offsets that expired.
    pub fn tick(&mut self, now: i64, out: &mut Answers<W>) {
        while let Some((at, _)) = self.deadlines.first()
            && *at <= now
            && let Some((_, group)) = self.deadlines.pop_first()
        {
            // Each step moves the deadline past `now`, since no timer of ours is shorter than a millisecond.
            self.step(&group, now, out, |_, _| ());
        }
        self.expire_offsets(now);
    }

    /// The coordinator of this group is another broker now: whoever waits must look it up again and come back.
    ///
    /// Offsets and members move with it; a rebalance that was going on starts over.
    pub fn moved(&mut self, group: &str, now: i64, out: &mut Answers<W>) {
        self.step(group, now, out, |group, turn| group.move_away(turn));
    }

    /// One step of an existing group, then whatever became due by it, then its place among the deadlines.
    fn step<R>(
        &mut self,
        id: &str,
        now: i64,
        out: &mut Answers<W>,
        act: impl FnOnce(&mut Group<W>, &mut Turn<'_, W>) -> R,
    ) -> Option<R> {
        let group = self.groups.get_mut(id)?;
        let mut turn = Turn { now, options: &self.options, out };
        let result = act(group, &mut turn);
        group.expire_timers(&mut turn);
        if let Some(before) = group.indexed.take() {
            self.deadlines.remove(&(before, id.to_owned()));
        }
        group.indexed = group.next_timer();
        if let Some(at) = group.indexed {
            self.deadlines.insert((at, id.to_owned()));
        }
        if self.next_expiry.is_none() {
            self.next_expiry = Some(now.saturating_add(self.options.expiry_interval_ms));
        }
        Some(result)
    }

    /// Makes room for a group that a request brings into being.
    fn ensure(&mut self, id: &str) -> Result<(), ResponseError> {
        if id.is_empty() {
            return Err(ResponseError::InvalidGroupId);
        }
        if !self.groups.contains_key(id) {
            if self.groups.len() >= self.options.groups_max {
                return Err(ResponseError::PolicyViolation);
            }
            self.groups.insert(id.to_owned(), Group::new(id, self.journal.clone()));
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.journal.note(|| Fact::GroupGone { group: id.to_owned() });
        if let Some(at) = self.groups.remove(id).and_then(|group| group.indexed) {
            self.deadlines.remove(&(at, id.to_owned()));
        }
    }
}

/// The number an error has on the wire, 0 for none.
fn code(result: Result<(), ResponseError>) -> i16 {
    result.err().map_or(0, |error| error.code())
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
