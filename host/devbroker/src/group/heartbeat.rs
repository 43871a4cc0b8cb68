//! Heartbeats and the sessions they keep alive.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{HeartbeatRequest, HeartbeatResponse};

use super::membership::{Group, State};
use super::{Answers, Groups, Turn, code};

impl<W> Groups<W> {
    pub fn heartbeat(&mut self, waiter: W, request: &HeartbeatRequest, now: i64, out: &mut Answers<W>) {
        let answered = match request.group_id.is_empty() {
            true => Some(Err(ResponseError::InvalidGroupId)),
            false => self.step(&request.group_id, now, out, |group, turn| group.heartbeat(request, turn)),
        };
        let answered = answered.unwrap_or(Err(ResponseError::UnknownMemberId));
        out.push((waiter, HeartbeatResponse::default().with_error_code(code(answered)).into()));
    }
}

impl<W> Group<W> {
    fn heartbeat(&mut self, request: &HeartbeatRequest, turn: &mut Turn<'_, W>) -> Result<(), ResponseError> {
        self.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        self.check_generation(request.generation_id)?;
        match self.state {
            State::Empty => return Err(ResponseError::UnknownMemberId),
            State::PreparingRebalance => {
                self.heard_of(&request.member_id, turn.now);
                return Err(ResponseError::RebalanceInProgress);
            }
            // A member may send them from the answer to its join on.
            State::CompletingRebalance | State::Stable => self.heard_of(&request.member_id, turn.now),
        }
        Ok(())
    }

    /// A member that waits for the others is alive by that; only a newcomer can go while it does.
    pub(super) fn expire_sessions(&mut self, turn: &mut Turn<'_, W>) {
        let now = turn.now;
        let unused = self.pending.len();
        self.pending.retain(|_, forgotten| *forgotten > now);
        let mut over = Vec::new();
        for member in self.members.values_mut() {
            if member.expires.is_some_and(|at| at <= now) {
                member.expires = None;
                if member.is_new || !member.is_waiting() {
                    over.push(member.id.clone());
                }
            }
        }
        over.iter().for_each(|member| self.remove_member(member, turn));
        if !over.is_empty() {
            self.rebalance_or_complete(turn);
        } else if self.pending.len() < unused {
            self.complete_if_all_joined(turn);
        }
    }
}
