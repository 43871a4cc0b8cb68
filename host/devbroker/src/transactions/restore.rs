//! The coordinator after a restart: what is written down of each transactional id, and what becomes of what was open.

use std::collections::BTreeSet;

use tracing::info;

use super::state::{State, Transaction};
use super::{ProducerId, Transactions};
use crate::clock::Moment;
use crate::directory::Fact;

impl Transactions {
    /// Everything that is to be known again.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Fact> {
        let ids = Fact::ProducerId { next: self.next_producer_id };
        std::iter::once(ids).chain(self.by_id.iter().map(|(id, transaction)| transaction.fact(id)))
    }

    pub(crate) fn restore_next_producer_id(&mut self, next: i64) {
        self.next_producer_id = next;
    }

    /// The present state of an id, in the place of what was known of it before.
    pub(crate) fn restore(
        &mut self,
        id: String,
        (producer, last_epoch): (ProducerId, i16),
        timeout_ms: i32,
        state: State,
        (partitions, groups): (BTreeSet<(String, i32)>, BTreeSet<String>),
    ) {
        let (producer_id, epoch) = producer;
        let restored =
            Transaction { producer_id, epoch, last_epoch, timeout_ms, state, partitions, groups, began: None };
        self.by_id.insert(id, restored);
    }

    /// Ends what an earlier run has not ended. An open transaction is aborted in a new epoch, as one is that has passed its
    /// timeout: its producer is most likely gone, and is turned away if it is not. One whose end was answered gets its
    /// markers, those that it had already a second time, as from a coordinator of Kafka that takes over.
    pub(crate) fn resume(&mut self, now: Moment) {
        let in_state = |it: &Self, wanted: fn(State) -> bool| -> Vec<String> {
            it.by_id.iter().filter(|(_, it)| wanted(it.state)).map(|(id, _)| id.clone()).collect()
        };
        let ended = in_state(self, |state| matches!(state, State::PrepareCommit | State::PrepareAbort));
        let open = in_state(self, |state| state == State::Ongoing);
        for id in ended {
            self.send_markers(&id, now);
            self.note(&id);
        }
        for id in open {
            info!(transactional_id = id, "a transaction was open when the dev broker ended, and is aborted");
            self.fence(&id, now);
        }
    }
}

impl Transaction {
    pub(super) fn fact(&self, id: &str) -> Fact {
        Fact::Transaction {
            id: id.to_owned(),
            producer: (self.producer_id, self.epoch),
            last_epoch: self.last_epoch,
            timeout_ms: self.timeout_ms,
            state: self.state,
            partitions: self.partitions.clone(),
            groups: self.groups.clone(),
        }
    }
}
