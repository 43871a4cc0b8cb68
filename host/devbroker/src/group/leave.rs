//! LeaveGroup: one member by its id, or several at once, static ones by their instance id.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};

use super::membership::{Group, State};
use super::{Answers, Caller, Groups, Turn, code};

/// From this version on a request names several members, and each has its answer.
const BATCHED: i16 = 3;

impl<W> Groups<W> {
    pub fn leave_group(
        &mut self,
        waiter: W,
        caller: Caller<'_>,
        request: &LeaveGroupRequest,
        now: i64,
        out: &mut Answers<W>,
    ) {
        let single = [MemberIdentity::default().with_member_id(request.member_id.clone())];
        let members = if caller.version < BATCHED { &single[..] } else { &request.members };
        let left = self.step(&request.group_id, now, out, |group, turn| group.leave(members, turn));
        let answer = LeaveGroupResponse::default();
        let answer = match left {
            None if request.group_id.is_empty() => answer.with_error_code(ResponseError::InvalidGroupId.code()),
            None => answer.with_error_code(ResponseError::UnknownMemberId.code()),
            Some(left) if caller.version >= BATCHED => answer.with_members(left),
            Some(left) => answer.with_error_code(left.first().map_or(0, |member| member.error_code)),
        };
        out.push((waiter, answer.into()));
    }
}

impl<W> Group<W> {
    fn leave(&mut self, members: &[MemberIdentity], turn: &mut Turn<'_, W>) -> Vec<MemberResponse> {
        let mut any = false;
        let mut answers = Vec::new();
        for member in members {
            let left = self.leave_one(member, turn);
            any |= left.is_ok();
            answers.push(
                MemberResponse::default()
                    .with_member_id(member.member_id.clone())
                    .with_group_instance_id(member.group_instance_id.clone())
                    .with_error_code(code(left)),
            );
        }
        if any && self.state != State::Empty {
            self.rebalance_or_complete(turn);
        }
        answers
    }

    fn leave_one(&mut self, member: &MemberIdentity, turn: &mut Turn<'_, W>) -> Result<(), ResponseError> {
        let instance = member.group_instance_id.as_deref();
        let id = match instance {
            Some(instance) if member.member_id.is_empty() => {
                self.statics.get(instance).cloned().ok_or(ResponseError::UnknownMemberId)?
            }
            _ => member.member_id.to_string(),
        };
        if self.pending.remove(&id).is_none() {
            self.check_member(&id, instance)?;
            self.remove_member(&id, turn);
        }
        Ok(())
    }
}
