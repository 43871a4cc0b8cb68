//! A group's positions: those that are committed, and those that a transaction may yet commit.

use std::collections::{BTreeMap, BTreeSet};

/// Where a group goes on in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub offset: i64,
    pub leader_epoch: i32,
    pub metadata: String,
    pub committed_at: i64,
    /// Set by the older requests that bring a retention of their own.
    pub expires_at: Option<i64>,
}

type Partitions<T> = BTreeMap<String, BTreeMap<i32, T>>;

/// In the order of writing: a transaction that completes does not undo what was committed after its own commit.
struct Written {
    order: u64,
    position: Position,
}

#[derive(Default)]
pub(super) struct Offsets {
    committed: Partitions<Written>,
    /// By producer id.
    pending: BTreeMap<i64, Partitions<Written>>,
    written: u64,
}

impl Offsets {
    pub(super) fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.pending.is_empty()
    }

    pub(super) fn get(&self, topic: &str, partition: i32) -> Option<&Position> {
        self.committed.get(topic)?.get(&partition).map(|written| &written.position)
    }

    pub(super) fn commit(&mut self, topic: &str, partition: i32, position: Position) {
        let written = self.write(position);
        self.committed.entry(topic.to_owned()).or_default().insert(partition, written);
    }

    pub(super) fn commit_pending(&mut self, producer: i64, topic: &str, partition: i32, position: Position) {
        let written = self.write(position);
        let topics = self.pending.entry(producer).or_default();
        topics.entry(topic.to_owned()).or_default().insert(partition, written);
    }

    fn write(&mut self, position: Position) -> Written {
        self.written += 1;
        Written { order: self.written, position }
    }

    /// The marker of a producer's transaction.
    pub(super) fn complete(&mut self, producer: i64, commit: bool) {
        let pending = self.pending.remove(&producer).unwrap_or_default();
        for (topic, partitions) in pending.into_iter().filter(|_| commit) {
            let committed = self.committed.entry(topic).or_default();
            for (partition, written) in partitions {
                if committed.get(&partition).is_none_or(|current| current.order < written.order) {
                    committed.insert(partition, written);
                }
            }
        }
    }

    pub(super) fn has_pending_of(&self, producer: i64) -> bool {
        self.pending.get(&producer).is_some_and(|pending| !pending.is_empty())
    }

    pub(super) fn is_pending(&self, topic: &str, partition: i32) -> bool {
        let holds = |topics: &Partitions<Written>| topics.get(topic).is_some_and(|held| held.contains_key(&partition));
        self.pending.values().any(holds)
    }

    /// Forgets a partition, with what transactions wrote for it.
    pub(super) fn delete(&mut self, topic: &str, partition: i32) {
        remove(&mut self.committed, topic, partition);
        self.pending.values_mut().for_each(|topics| remove(topics, topic, partition));
        self.pending.retain(|_, topics| !topics.is_empty());
    }

    pub(super) fn delete_topic(&mut self, topic: &str) {
        self.committed.remove(topic);
        self.pending.values_mut().for_each(|topics| _ = topics.remove(topic));
        self.pending.retain(|_, topics| !topics.is_empty());
    }

    /// Forgets what `expired` says; never a partition that a transaction has written to.
    pub(super) fn expire(&mut self, expired: impl Fn(&str, &Position) -> bool) {
        let pending = self.pending.values().flat_map(|topics| {
            topics.iter().flat_map(|(topic, held)| held.keys().map(move |partition| (topic.clone(), *partition)))
        });
        let pending: BTreeSet<_> = pending.collect();
        for (topic, partitions) in &mut self.committed {
            partitions.retain(|partition, written| {
                pending.contains(&(topic.clone(), *partition)) || !expired(topic, &written.position)
            });
        }
        self.committed.retain(|_, partitions| !partitions.is_empty());
    }

    /// Everything committed, by topic.
    pub(super) fn topics(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = (i32, &Position)>)> {
        self.committed.iter().map(|(topic, partitions)| {
            (topic.as_str(), partitions.iter().map(|(partition, written)| (*partition, &written.position)))
        })
    }
}

fn remove(topics: &mut Partitions<Written>, topic: &str, partition: i32) {
    if let Some(partitions) = topics.get_mut(topic) {
        partitions.remove(&partition);
        if partitions.is_empty() {
            topics.remove(topic);
        }
    }
}
