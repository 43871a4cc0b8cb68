//! A static member that comes back under its instance id takes its own place, without a rebalance where that is possible.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::JoinGroupResponse;

use super::Turn;
use super::join::{Join, everybody, joined, refused};
use super::membership::{Group, State};
use super::rebalance::sync_error;

/// From this version on a leader can be told that the assignment stands.
const CAN_SKIP_ASSIGNMENT: i16 = 9;

impl<W> Group<W> {
    pub(super) fn replace_static(&mut self, old: &str, join: Join<'_, W>, turn: &mut Turn<'_, W>) {
        let new = join.fresh_id.clone();
        let old_leader = self.leader.clone();
        if !self.rename_static(old, &new, turn) {
            return join.refuse(ResponseError::UnknownMemberId, turn);
        }
        match self.state {
            State::Stable => {
                if let Some(member) = self.members.get_mut(&new) {
                    member.take_terms(&join.request);
                }
                // The next generation would be built by the same assignor, so this one stands.
                if self.select_protocol() == self.protocol {
                    let answer = self.rejoined(&new, old_leader, join.caller.version);
                    return turn.out.push((join.waiter, answer.into()));
                }
                self.await_generation(&new, join, turn);
                self.prepare(turn);
            }
            // The leader may be assigning partitions to the old id already.
            State::CompletingRebalance => {
                self.await_generation(&new, join, turn);
                self.prepare(turn);
            }
            State::PreparingRebalance | State::Empty => {
                self.await_generation(&new, join, turn);
                self.complete_if_all_joined(turn);
            }
        }
    }

    /// The same member under another id; whoever still waits under the old one is a second process, and fenced.
    fn rename_static(&mut self, old: &str, new: &str, turn: &mut Turn<'_, W>) -> bool {
        let Some(mut member) = self.members.remove(old) else { return false };
        if let Some(joining) = member.joining.take() {
            let answer = refused(ResponseError::FencedInstanceId, old, joining.version);
            turn.out.push((joining.waiter, answer.into()));
        }
        if let Some(waiter) = member.syncing.take() {
            turn.out.push((waiter, sync_error(ResponseError::FencedInstanceId).into()));
        }
        if let Some(instance) = &member.instance {
            self.statics.insert(instance.clone(), new.to_owned());
        }
        if self.is_leader(old) {
            self.leader = Some(new.to_owned());
        }
        if self.unsynced.remove(old) {
            self.unsynced.insert(new.to_owned());
        }
        member.id = new.to_owned();
        member.heard_of(turn.now);
        self.members.insert(new.to_owned(), member);
        true
    }

    /// A leader that is back must not assign again: it is told so, or by the older versions that another one leads.
    fn rejoined(&self, id: &str, old_leader: Option<String>, version: i16) -> JoinGroupResponse {
        let answer = joined(self, id, version).with_members(Vec::new());
        if version < CAN_SKIP_ASSIGNMENT {
            return answer.with_leader(super::text(old_leader.as_deref().unwrap_or_default()));
        }
        match self.is_leader(id) {
            true => answer.with_members(everybody(self)).with_skip_assignment(true),
            false => answer,
        }
    }
}
