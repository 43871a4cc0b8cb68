//! SyncGroup: the leader brings the assignment, everybody takes theirs.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{SyncGroupRequest, SyncGroupResponse};

use super::membership::{Group, State};
use super::rebalance::sync_error;
use super::{Answers, Groups, Turn, text};

impl<W> Groups<W> {
    pub fn sync_group(&mut self, waiter: W, request: &SyncGroupRequest, now: i64, out: &mut Answers<W>) {
        if request.group_id.is_empty() {
            return out.push((waiter, sync_error(ResponseError::InvalidGroupId).into()));
        }
        if !self.groups.contains_key(request.group_id.as_str()) {
            return out.push((waiter, sync_error(ResponseError::UnknownMemberId).into()));
        }
        self.step(&request.group_id, now, out, |group, turn| {
            if let Err((waiter, error)) = group.sync(waiter, request, turn) {
                turn.out.push((waiter, sync_error(error).into()));
            }
        });
    }
}

impl<W> Group<W> {
    fn sync(
        &mut self,
        waiter: W,
        request: &SyncGroupRequest,
        turn: &mut Turn<'_, W>,
    ) -> Result<(), (W, ResponseError)> {
        if let Err(error) = self.check_sync(request) {
            return Err((waiter, error));
        }
        let Some(member) = self.members.get_mut(request.member_id.as_str()) else {
            return Err((waiter, ResponseError::UnknownMemberId));
        };
        match self.state {
            State::Empty => return Err((waiter, ResponseError::UnknownMemberId)),
            State::PreparingRebalance => return Err((waiter, ResponseError::RebalanceInProgress)),
            State::CompletingRebalance => {
                if let Some(earlier) = member.syncing.replace(waiter) {
                    turn.out.push((earlier, sync_error(ResponseError::RebalanceInProgress).into()));
                }
                self.synced(&request.member_id);
                if self.is_leader(&request.member_id) {
                    self.take_assignment(request, turn);
                }
            }
            State::Stable => {
                member.heard_of(turn.now);
                let assignment = member.assignment.clone();
                self.synced(&request.member_id);
                let answer = self.assigned(assignment);
                turn.out.push((waiter, answer.into()));
            }
        }
        Ok(())
    }

    fn check_sync(&self, request: &SyncGroupRequest) -> Result<(), ResponseError> {
        self.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        self.check_generation(request.generation_id)?;
        let differs = |sent: Option<&str>, ours: &Option<String>| match (sent, ours) {
            (Some(sent), Some(ours)) => sent != ours,
            _ => false,
        };
        if differs(request.protocol_type.as_deref(), &self.protocol_type)
            || differs(request.protocol_name.as_deref(), &self.protocol)
        {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        Ok(())
    }

    fn synced(&mut self, member: &str) {
        self.unsynced.remove(member);
        if self.unsynced.is_empty() {
            self.sync_ends = None;
        }
    }

    /// The group is stable; who is not named by the leader gets nothing.
    fn take_assignment(&mut self, request: &SyncGroupRequest, turn: &mut Turn<'_, W>) {
        let assignments: BTreeMap<&str, &Bytes> =
            request.assignments.iter().map(|sent| (sent.member_id.as_str(), &sent.assignment)).collect();
        self.enter(State::Stable, turn.now);
        let mut waiting = Vec::new();
        for member in self.members.values_mut() {
            let assignment = assignments.get(member.id.as_str()).copied();
            member.assignment = assignment.map(|bytes| Bytes::copy_from_slice(bytes)).unwrap_or_default();
            if let Some(waiter) = member.syncing.take() {
                // While it waited its session did not run.
                member.heard_of(turn.now);
                waiting.push((waiter, member.assignment.clone()));
            }
        }
        for (waiter, assignment) in waiting {
            let answer = self.assigned(assignment);
            turn.out.push((waiter, answer.into()));
        }
    }

    fn assigned(&self, assignment: Bytes) -> SyncGroupResponse {
        SyncGroupResponse::default()
            .with_protocol_type(self.protocol_type.as_deref().map(text))
            .with_protocol_name(self.protocol.as_deref().map(text))
            .with_assignment(assignment)
    }
}
