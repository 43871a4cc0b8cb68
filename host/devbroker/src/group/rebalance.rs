//! How one generation ends and the next begins, and the timers that keep a silent member from holding it up.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::SyncGroupResponse;

use super::Turn;
use super::join::{joined, refused};
use super::member::Member;
use super::membership::{Group, JoinTimer, State};

impl<W> Group<W> {
    pub(super) fn rebalance_or_complete(&mut self, turn: &mut Turn<'_, W>) {
        match self.state {
            State::PreparingRebalance => self.complete_if_all_joined(turn),
            _ => self.prepare(turn),
        }
    }

    /// The membership changed: everyone is to join again.
    pub(super) fn prepare(&mut self, turn: &mut Turn<'_, W>) {
        if self.state == State::CompletingRebalance {
            self.fail_syncs(ResponseError::RebalanceInProgress, turn);
        }
        self.sync_ends = None;
        let first = self.state == State::Empty;
        self.enter(State::PreparingRebalance, turn.now);
        if first {
            let delay = turn.options.initial_rebalance_delay_ms;
            let extendable_ms = Some((self.rebalance_ms() - delay).max(0));
            self.newcomer = false;
            self.join = Some(JoinTimer { at: turn.now.saturating_add(delay), extendable_ms });
        } else if self.all_joined() {
            self.complete_join(turn);
        } else {
            self.await_members(turn.now);
        }
    }

    /// An empty group's first rebalance ends by its timer alone, to give more members the time to come.
    pub(super) fn complete_if_all_joined(&mut self, turn: &mut Turn<'_, W>) {
        if self.state == State::PreparingRebalance && self.previous != State::Empty && self.all_joined() {
            self.complete_join(turn);
        }
    }

    fn all_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some())
    }

    fn await_members(&mut self, now: i64) {
        self.join = Some(JoinTimer { at: now.saturating_add(self.rebalance_ms()), extendable_ms: None });
    }

    /// The longest that any member asks for.
    fn rebalance_ms(&self) -> i64 {
        self.members.values().map(|member| member.rebalance_ms).max().unwrap_or(0).max(1)
    }

    /// The next generation begins with those who joined. Static members keep their place until their session ends.
    fn complete_join(&mut self, turn: &mut Turn<'_, W>) {
        self.join = None;
        let silent = |member: &&Member<W>| member.joining.is_none() && member.instance.is_none();
        let silent: Vec<_> = self.members.values().filter(silent).map(|member| member.id.clone()).collect();
        silent.iter().for_each(|member| self.remove_member(member, turn));
        if !self.members.is_empty() && !self.elect() {
            return self.await_members(turn.now);
        }
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        self.unsynced.clear();
        self.protocol = self.select_protocol();
        self.subscribed = self.read_subscriptions();
        if self.members.is_empty() {
            // A consumer group without members is known to subscribe to nothing.
            self.subscribed = self.uses_consumer_protocol().then(Default::default);
            return self.enter(State::Empty, turn.now);
        }
        self.enter(State::CompletingRebalance, turn.now);
        self.unsynced.extend(self.members.keys().cloned());
        self.sync_ends = Some(turn.now.saturating_add(self.rebalance_ms()));
        let joining = self.members.values_mut().filter_map(|member| {
            member.heard_of(turn.now);
            member.is_new = false;
            member.joining.take().map(|joining| (member.id.clone(), joining))
        });
        for (id, joining) in joining.collect::<Vec<_>>() {
            let answer = joined(self, &id, joining.version);
            turn.out.push((joining.waiter, answer.into()));
        }
    }

    /// The leader is one who joined. False when nobody did.
    fn elect(&mut self) -> bool {
        let has_joined = |id: &String| self.members.get(id).is_some_and(|member| member.joining.is_some());
        if !self.leader.as_ref().is_some_and(has_joined) {
            match self.members.keys().find(|id| has_joined(id)).cloned() {
                Some(next) => self.leader = Some(next),
                None => return false,
            }
        }
        true
    }

    /// Takes a member out of the books; a request of its that waits is told that nobody knows it.
    pub(super) fn remove_member(&mut self, id: &str, turn: &mut Turn<'_, W>) {
        let Some(member) = self.members.remove(id) else { return };
        if let Some(joining) = member.joining {
            let answer = refused(ResponseError::UnknownMemberId, id, joining.version);
            turn.out.push((joining.waiter, answer.into()));
        }
        if let Some(waiter) = member.syncing {
            turn.out.push((waiter, sync_error(ResponseError::UnknownMemberId).into()));
        }
        self.unsynced.remove(id);
        if let Some(instance) = &member.instance
            && self.statics.get(instance).is_some_and(|holder| holder == id)
        {
            self.statics.remove(instance);
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    pub(super) fn fail_syncs(&mut self, error: ResponseError, turn: &mut Turn<'_, W>) {
        for member in self.members.values_mut() {
            member.assignment.clear();
            if let Some(waiter) = member.syncing.take() {
                member.heard_of(turn.now);
                turn.out.push((waiter, sync_error(error).into()));
            }
        }
    }

    pub(super) fn move_away(&mut self, turn: &mut Turn<'_, W>) {
        if matches!(self.state, State::Empty | State::Stable) {
            return;
        }
        self.fail_syncs(ResponseError::NotCoordinator, turn);
        for member in self.members.values_mut() {
            if let Some(joining) = member.joining.take() {
                member.heard_of(turn.now);
                let answer = refused(ResponseError::NotCoordinator, &member.id, joining.version);
                turn.out.push((joining.waiter, answer.into()));
            }
        }
        self.sync_ends = None;
        self.enter(State::PreparingRebalance, turn.now);
        self.await_members(turn.now);
    }

    pub(super) fn next_timer(&self) -> Option<i64> {
        let sessions = self.members.values().filter_map(|member| member.expires);
        let rebalance = self.join.as_ref().map(|join| join.at).into_iter().chain(self.sync_ends);
        sessions.chain(self.pending.values().copied()).chain(rebalance).min()
    }

    pub(super) fn expire_timers(&mut self, turn: &mut Turn<'_, W>) {
        self.expire_sessions(turn);
        if self.join.as_ref().is_some_and(|join| join.at <= turn.now) {
            self.end_join(turn);
        }
        if self.sync_ends.is_some_and(|at| at <= turn.now) {
            // Whoever did not ask for its assignment is out, the leader too; the others try again.
            let late: Vec<_> = std::mem::take(&mut self.unsynced).into_iter().collect();
            self.sync_ends = None;
            if !late.is_empty() {
                late.iter().for_each(|member| self.remove_member(member, turn));
                self.prepare(turn);
            }
        }
    }

    fn end_join(&mut self, turn: &mut Turn<'_, W>) {
        match self.join.take().and_then(|join| join.extendable_ms) {
            Some(left) if self.newcomer && left > 0 => {
                self.newcomer = false;
                let delay = turn.options.initial_rebalance_delay_ms.clamp(1, left);
                self.join = Some(JoinTimer { at: turn.now.saturating_add(delay), extendable_ms: Some(left - delay) });
            }
            _ => self.complete_join(turn),
        }
    }
}

pub(super) fn sync_error(error: ResponseError) -> SyncGroupResponse {
    SyncGroupResponse::default().with_error_code(error.code())
}
