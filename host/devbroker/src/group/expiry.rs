//! Positions that nobody came back for, and groups that have nothing left.

use super::Groups;
use super::membership::{Group, State};
use super::offsets::Position;
use super::options::Options;

impl<W> Groups<W> {
    /// Looks at every group once an interval.
    pub(super) fn expire_offsets(&mut self, now: i64) {
        if self.next_expiry.is_none_or(|at| at > now) {
            return;
        }
        let mut over = Vec::new();
        for (id, group) in &mut self.groups {
            group.expire_offsets(&self.options, now);
            if group.state == State::Empty && group.pending.is_empty() && group.offsets.is_empty() {
                over.push(id.clone());
            }
        }
        over.iter().for_each(|id| self.remove(id));
        let next = now.saturating_add(self.options.expiry_interval_ms.max(1));
        self.next_expiry = (!self.groups.is_empty()).then_some(next);
    }

    /// A topic is gone, and with it every group's position in it.
    pub fn topic_deleted(&mut self, topic: &str) {
        self.groups.values_mut().for_each(|group| group.offsets.delete_topic(topic));
    }
}

impl<W> Group<W> {
    /// Since when a position is out of use depends on the group: without members since the last one left, in a stable
    /// one since its commit, and there only in topics that nobody subscribes to. While a group rebalances none expires.
    fn expire_offsets(&mut self, options: &Options, now: i64) {
        let since = match (&self.protocol_type, self.state) {
            (Some(_), State::Empty) => self.since,
            (None, _) => None,
            (Some(_), State::Stable) if self.uses_consumer_protocol() && self.subscribed.is_some() => None,
            _ => return,
        };
        let mut offsets = std::mem::take(&mut self.offsets);
        offsets.expire(|topic, position: &Position| {
            let unused_since = since.unwrap_or(position.committed_at);
            let over = position.expires_at.unwrap_or(unused_since.saturating_add(options.retention_ms));
            !self.is_subscribed(topic) && over <= now
        });
        self.offsets = offsets;
    }
}
