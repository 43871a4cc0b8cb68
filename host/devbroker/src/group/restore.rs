//! Groups after a restart: their positions. Members are gone, and join again.

use super::Groups;
use super::membership::Group;
use super::offsets::Position;
use crate::directory::Fact;

impl<W> Groups<W> {
    /// Every position, those of one group in the order of writing.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Fact> {
        self.groups.values().flat_map(|group| group.offsets.facts())
    }

    /// A position that was written then; its time begins anew.
    pub(crate) fn restore_position(
        &mut self,
        group: &str,
        topic: &str,
        partition: i32,
        position: Position,
        pending: Option<i64>,
        now: i64,
    ) {
        let position = Position { committed_at: now, ..position };
        let journal = self.journal.clone();
        let group = self.groups.entry(group.to_owned()).or_insert_with(|| Group::new(group, journal));
        match pending {
            Some(producer) => group.offsets.commit_pending(producer, topic, partition, position),
            None => group.offsets.commit(topic, partition, position),
        }
    }

    pub(crate) fn restore_no_position(&mut self, group: &str, topic: &str, partition: i32) {
        if let Some(group) = self.groups.get_mut(group) {
            group.offsets.delete(topic, partition);
        }
    }

    /// Restored groups are looked at like others.
    pub(crate) fn watch_expiry(&mut self, now: i64) {
        if !self.groups.is_empty() {
            self.next_expiry.get_or_insert(now.saturating_add(self.options.expiry_interval_ms));
        }
    }
}
