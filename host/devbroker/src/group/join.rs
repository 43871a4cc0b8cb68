//! JoinGroup: an id first, then a wait until the group is complete.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::{JoinGroupRequest, JoinGroupResponse};

use super::member::{Caller, Joining, Member, protocols};
use super::membership::{Group, State};
use super::{Answers, Groups, Turn, text};

/// A newcomer that cannot know its id sends no heartbeats; a join of its that nobody waits for any more ends here.
const NEW_MEMBER_JOIN_TIMEOUT_MS: i64 = 5 * 60_000;

/// From this version on a newcomer gets its id first, so that an answer that is lost leaves no ghost in the group.
const KNOWN_ID_REQUIRED: i16 = 4;

/// One join on its way into the group.
pub(super) struct Join<'a, W> {
    pub(super) waiter: W,
    pub(super) caller: Caller<'a>,
    pub(super) request: JoinGroupRequest,
    /// The id a newcomer gets.
    pub(super) fresh_id: String,
}

impl<W> Groups<W> {
    pub fn join_group(
        &mut self,
        waiter: W,
        caller: Caller<'_>,
        request: JoinGroupRequest,
        now: i64,
        out: &mut Answers<W>,
    ) {
        let group = request.group_id.to_string();
        if let Err(error) = self.admit(&group, &request) {
            return out.push((waiter, refused(error, &request.member_id, caller.version).into()));
        }
        self.member_ids += 1;
        let name = request.group_instance_id.as_deref().unwrap_or(caller.client_id);
        let fresh_id = format!("{name}-{:016x}-{}", self.run, self.member_ids);
        let join = Join { waiter, caller, request, fresh_id };
        self.step(&group, now, out, |group, turn| group.join(join, turn));
    }

    fn admit(&mut self, group: &str, request: &JoinGroupRequest) -> Result<(), ResponseError> {
        let allowed = self.options.session_timeout_min_ms..=self.options.session_timeout_max_ms;
        if group.is_empty() {
            Err(ResponseError::InvalidGroupId)
        } else if !allowed.contains(&request.session_timeout_ms) {
            Err(ResponseError::InvalidSessionTimeout)
        } else if request.member_id.is_empty() {
            self.ensure(group)
        } else if self.groups.contains_key(group) {
            Ok(())
        } else {
            Err(ResponseError::UnknownMemberId)
        }
    }
}

impl<W> Group<W> {
    fn join(&mut self, join: Join<'_, W>, turn: &mut Turn<'_, W>) {
        let id = join.request.member_id.to_string();
        if !self.has_room(&id, turn.options.group_size_max) {
            self.remove_member(&id, turn);
            join.refuse(ResponseError::GroupMaxSizeReached, turn);
            return self.complete_if_all_joined(turn);
        }
        if !self.supports(&join.request.protocol_type, &protocols(&join.request.protocols)) {
            return join.refuse(ResponseError::InconsistentGroupProtocol, turn);
        }
        if !id.is_empty() {
            return self.join_again(id, join, turn);
        }
        let holder = join.request.group_instance_id.as_deref().and_then(|instance| self.statics.get(instance)).cloned();
        match holder {
            Some(holder) => self.replace_static(&holder, join, turn),
            None if join.request.group_instance_id.is_none() && join.caller.version >= KNOWN_ID_REQUIRED => {
                self.hand_out_id(join, turn);
            }
            None => {
                let id = join.fresh_id.clone();
                self.add(id, join, turn);
            }
        }
    }

    /// While members gather, places are taken by those who have joined; later by the members.
    fn has_room(&self, id: &str, size_max: usize) -> bool {
        let member = self.members.get(id);
        match self.state {
            State::Empty => self.pending.len() < size_max || self.pending.contains_key(id),
            State::PreparingRebalance => {
                let joined = self.members.values().filter(|member| member.joining.is_some()).count();
                member.is_some_and(|member| member.joining.is_some()) || joined < size_max
            }
            _ => member.is_some() || self.members.len() < size_max,
        }
    }

    fn hand_out_id(&mut self, join: Join<'_, W>, turn: &mut Turn<'_, W>) {
        if self.pending.len() >= turn.options.group_size_max {
            return join.refuse(ResponseError::GroupMaxSizeReached, turn);
        }
        let forgotten = turn.now.saturating_add(i64::from(join.request.session_timeout_ms));
        self.pending.insert(join.fresh_id.clone(), forgotten);
        let answer = refused(ResponseError::MemberIdRequired, &join.fresh_id, join.caller.version);
        turn.out.push((join.waiter, answer.into()));
    }

    fn add(&mut self, id: String, join: Join<'_, W>, turn: &mut Turn<'_, W>) {
        let Join { waiter, caller, request, .. } = join;
        self.pending.remove(&id);
        if self.members.is_empty() {
            self.protocol_type = Some(request.protocol_type.to_string());
        }
        if self.state == State::PreparingRebalance && self.previous == State::Empty {
            self.newcomer = true;
        }
        let instance = request.group_instance_id.as_ref().map(|instance| instance.to_string());
        if let Some(instance) = &instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        self.leader.get_or_insert_with(|| id.clone());
        let mut member = Member {
            id: id.clone(),
            instance,
            client_id: caller.client_id.to_owned(),
            client_host: caller.client_host.to_owned(),
            protocols: Vec::new(),
            session_ms: 0,
            rebalance_ms: 0,
            assignment: Default::default(),
            is_new: true,
            joining: Some(Joining { waiter, version: caller.version }),
            syncing: None,
            expires: Some(turn.now.saturating_add(NEW_MEMBER_JOIN_TIMEOUT_MS)),
        };
        member.take_terms(&request);
        self.members.insert(id, member);
        self.rebalance_or_complete(turn);
    }

    /// A join under an id that was handed out, or of a member that is in the group.
    fn join_again(&mut self, id: String, join: Join<'_, W>, turn: &mut Turn<'_, W>) {
        if self.pending.contains_key(&id) && join.request.group_instance_id.is_none() {
            return self.add(id, join, turn);
        }
        if let Err(error) = self.check_member(&id, join.request.group_instance_id.as_deref()) {
            return join.refuse(error, turn);
        }
        let Some(member) = self.members.get(&id) else { return join.refuse(ResponseError::UnknownMemberId, turn) };
        let unchanged = member.protocols == protocols(&join.request.protocols);
        let answered = match self.state {
            // It may have missed the answer to its first join.
            State::CompletingRebalance => unchanged,
            State::Stable => unchanged && !self.is_leader(&id),
            State::PreparingRebalance => false,
            State::Empty => return join.refuse(ResponseError::UnknownMemberId, turn),
        };
        if answered {
            let answer = joined(self, &id, join.caller.version);
            return turn.out.push((join.waiter, answer.into()));
        }
        self.await_generation(&id, join, turn);
        self.rebalance_or_complete(turn);
    }

    /// The member's join waits; an earlier one of the same member that still does is told to come again.
    pub(super) fn await_generation(&mut self, id: &str, join: Join<'_, W>, turn: &mut Turn<'_, W>) {
        let Some(member) = self.members.get_mut(id) else { return join.refuse(ResponseError::UnknownMemberId, turn) };
        member.take_terms(&join.request);
        let joining = Joining { waiter: join.waiter, version: join.caller.version };
        if let Some(earlier) = member.joining.replace(joining) {
            let answer = refused(ResponseError::RebalanceInProgress, id, earlier.version);
            turn.out.push((earlier.waiter, answer.into()));
        }
    }
}

impl<W> Member<W> {
    pub(super) fn take_terms(&mut self, request: &JoinGroupRequest) {
        self.protocols = protocols(&request.protocols);
        self.session_ms = i64::from(request.session_timeout_ms);
        // Version 0 has no rebalance timeout.
        let rebalance_ms = request.rebalance_timeout_ms;
        self.rebalance_ms = i64::from(if rebalance_ms < 0 { request.session_timeout_ms } else { rebalance_ms });
    }
}

impl<W> Join<'_, W> {
    pub(super) fn refuse(self, error: ResponseError, turn: &mut Turn<'_, W>) {
        let answer = refused(error, &self.request.member_id, self.caller.version);
        turn.out.push((self.waiter, answer.into()));
    }
}

pub(super) fn refused(error: ResponseError, member: &str, version: i16) -> JoinGroupResponse {
    JoinGroupResponse::default()
        .with_error_code(error.code())
        .with_member_id(text(member))
        .with_protocol_name((version < NULLABLE_PROTOCOL).then(Default::default))
}

/// Before it, "no protocol" is an empty name.
const NULLABLE_PROTOCOL: i16 = 7;

/// The generation as one of its members is told: the leader gets to know everybody.
pub(super) fn joined<W>(group: &Group<W>, id: &str, version: i16) -> JoinGroupResponse {
    let leader = group.is_leader(id);
    JoinGroupResponse::default()
        .with_generation_id(group.generation)
        .with_protocol_type(group.protocol_type.as_deref().filter(|_| version >= NULLABLE_PROTOCOL).map(text))
        .with_protocol_name(Some(text(group.protocol.as_deref().unwrap_or_default())))
        .with_leader(text(group.leader.as_deref().unwrap_or_default()))
        .with_member_id(text(id))
        .with_members(if leader { everybody(group) } else { Vec::new() })
}

pub(super) fn everybody<W>(group: &Group<W>) -> Vec<JoinGroupResponseMember> {
    let protocol = group.protocol.as_deref().unwrap_or_default();
    let described = group.members.values().map(|member| {
        JoinGroupResponseMember::default()
            .with_member_id(text(&member.id))
            .with_group_instance_id(member.instance.as_deref().map(text))
            .with_metadata(member.metadata(protocol))
    });
    described.collect()
}
