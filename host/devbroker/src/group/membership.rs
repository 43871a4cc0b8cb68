//! One group: who is in it, under which generation and protocol, and who its leader is.
//!
//! ```text
//! Empty ──join──> PreparingRebalance ──all joined, or time is up──> CompletingRebalance ──leader syncs──> Stable
//!   ^                 │    ^                                            │                                   │
//!   └──nobody joined──┘    └────────── join, leave, session over ───────┴───────────────────────────────────┘
//! ```

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Buf as _, Bytes};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::ConsumerProtocolSubscription;
use kafka_protocol::protocol::Decodable as _;

use super::member::Member;
use super::offsets::Offsets;
use crate::directory::Journal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}

impl State {
    /// As the protocol spells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// The end of a join phase.
pub(super) struct JoinTimer {
    pub(super) at: i64,
    /// Set in an empty group's first rebalance: by how much newcomers can still put the end off.
    pub(super) extendable_ms: Option<i64>,
}

pub(super) struct Group<W> {
    pub(super) id: String,
    pub(super) state: State,
    pub(super) previous: State,
    /// When the state was entered; none for a group that never had a member.
    pub(super) since: Option<i64>,
    pub(super) protocol_type: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) generation: i32,
    pub(super) leader: Option<String>,
    pub(super) members: BTreeMap<String, Member<W>>,
    /// Ids handed out with MEMBER_ID_REQUIRED and not yet used, with the time they are forgotten.
    pub(super) pending: BTreeMap<String, i64>,
    /// Static members: instance id to member id.
    pub(super) statics: BTreeMap<String, String>,
    /// Topics of the generation's subscriptions; none when they are not known.
    pub(super) subscribed: Option<BTreeSet<String>>,
    pub(super) unsynced: BTreeSet<String>,
    pub(super) newcomer: bool,
    pub(super) join: Option<JoinTimer>,
    pub(super) sync_ends: Option<i64>,
    pub(super) offsets: Offsets,
    /// Its deadline in the index of all groups.
    pub(super) indexed: Option<i64>,
}

impl<W> Group<W> {
    pub(super) fn new(id: &str, journal: Journal) -> Self {
        Self {
            id: id.to_owned(),
            state: State::Empty,
            previous: State::Empty,
            since: None,
            protocol_type: None,
            protocol: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            pending: BTreeMap::new(),
            statics: BTreeMap::new(),
            subscribed: None,
            unsynced: BTreeSet::new(),
            newcomer: false,
            join: None,
            sync_ends: None,
            offsets: Offsets::new(id, journal),
            indexed: None,
        }
    }

    pub(super) fn enter(&mut self, state: State, now: i64) {
        self.previous = self.state;
        self.state = state;
        self.since = Some(now);
    }

    pub(super) fn is_leader(&self, member: &str) -> bool {
        self.leader.as_deref() == Some(member)
    }

    pub(super) fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type.as_deref() == Some("consumer")
    }

    /// A member under this id, and the current holder of its instance id when it names one.
    pub(super) fn check_member(&self, member: &str, instance: Option<&str>) -> Result<(), ResponseError> {
        if let Some(instance) = instance {
            match self.statics.get(instance) {
                None => return Err(ResponseError::UnknownMemberId),
                Some(holder) if holder != member => return Err(ResponseError::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member) { Ok(()) } else { Err(ResponseError::UnknownMemberId) }
    }

    pub(super) fn check_generation(&self, generation: i32) -> Result<(), ResponseError> {
        if generation == self.generation { Ok(()) } else { Err(ResponseError::IllegalGeneration) }
    }

    pub(super) fn heard_of(&mut self, member: &str, now: i64) {
        if let Some(member) = self.members.get_mut(member) {
            member.heard_of(now);
        }
    }

    /// A member's type fits the group's, and all members know at least one of its protocols.
    pub(super) fn supports(&self, protocol_type: &str, protocols: &[(String, Bytes)]) -> bool {
        if self.state == State::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(protocol_type) && protocols.iter().any(|(name, _)| self.all_support(name))
    }

    fn all_support(&self, protocol: &str) -> bool {
        self.members.values().all(|member| member.supports(protocol))
    }

    /// Each member votes for the first of its protocols that all support; the leader's preference breaks a tie.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            if let Some((vote, _)) = member.protocols.iter().find(|(name, _)| self.all_support(name)) {
                *votes.entry(vote).or_default() += 1;
            }
        }
        let most = votes.values().copied().max()?;
        let leader = self.leader.as_ref().and_then(|leader| self.members.get(leader));
        let preferred = leader.into_iter().flat_map(|leader| &leader.protocols).map(|(name, _)| name.as_str());
        preferred.chain(votes.keys().copied()).find(|name| votes.get(name) == Some(&most)).map(str::to_owned)
    }

    /// What the members of a generation subscribe to, read by version 0, which begins every later one.
    pub(super) fn read_subscriptions(&self) -> Option<BTreeSet<String>> {
        if !self.uses_consumer_protocol() {
            return None;
        }
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            let mut bytes = member.metadata(self.protocol.as_deref()?);
            bytes.try_get_i16().ok()?;
            let subscription = ConsumerProtocolSubscription::decode(&mut bytes, 0).ok()?;
            topics.extend(subscription.topics.iter().map(|topic| topic.to_string()));
        }
        Some(topics)
    }

    /// While the subscriptions of a consumer group are not known, it counts as subscribed to everything.
    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        self.subscribed.as_ref().map_or(self.uses_consumer_protocol(), |topics| topics.contains(topic))
    }
}
