//! A group's positions: those that are committed, and those that a transaction may yet commit.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::directory::{Fact, Journal};

/// Where a group goes on in a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub offset: i64,
    pub leader_epoch: i32,
    pub metadata: String,
    /// By a clock that begins with the process.
    #[serde(skip)]
    pub committed_at: i64,
    /// Set by the older requests that bring a retention of their own.
    #[serde(skip)]
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
    group: String,
    journal: Journal,
}

impl Offsets {
    pub(super) fn new(group: &str, journal: Journal) -> Self {
        Self { group: group.to_owned(), journal, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.pending.is_empty()
    }

    pub(super) fn get(&self, topic: &str, partition: i32) -> Option<&Position> {
        self.committed.get(topic)?.get(&partition).map(|written| &written.position)
    }

    pub(super) fn commit(&mut self, topic: &str, partition: i32, position: Position) {
        self.note(topic, partition, &position, None);
        let written = self.write(position);
        self.committed.entry(topic.to_owned()).or_default().insert(partition, written);
    }

    pub(super) fn commit_pending(&mut self, producer: i64, topic: &str, partition: i32, position: Position) {
        self.note(topic, partition, &position, Some(producer));
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
        let Some(pending) = self.pending.remove(&producer) else { return };
        self.journal.note(|| Fact::Settled { group: self.group.clone(), producer, commit });
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
        self.note_gone(topic, partition);
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
        let (group, journal) = (&self.group, &self.journal);
        let pending = self.pending.values().flat_map(|topics| {
            topics.iter().flat_map(|(topic, held)| held.keys().map(move |partition| (topic.clone(), *partition)))
        });
        let pending: BTreeSet<_> = pending.collect();
        for (topic, partitions) in &mut self.committed {
            partitions.retain(|partition, written| {
                let stays = pending.contains(&(topic.clone(), *partition)) || !expired(topic, &written.position);
                if !stays {
                    let (group, topic, partition) = (group.clone(), topic.clone(), *partition);
                    journal.note(|| Fact::PositionGone { group, topic, partition });
                }
                stays
            });
        }
        self.committed.retain(|_, partitions| !partitions.is_empty());
    }

    /// Everything, in the order of writing.
    pub(super) fn facts(&self) -> Vec<Fact> {
        let pending = self.pending.iter().map(|(producer, topics)| (Some(*producer), topics));
        let all = std::iter::once((None, &self.committed)).chain(pending);
        let all = all.flat_map(|(pending, topics)| {
            topics.iter().flat_map(move |(topic, partitions)| {
                partitions.iter().map(move |(partition, written)| (written.order, topic, *partition, written, pending))
            })
        });
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(order, ..)| *order);
        let fact = |(_, topic, partition, written, pending): (u64, &String, i32, &Written, Option<i64>)| {
            self.fact(topic, partition, &written.position, pending)
        };
        all.into_iter().map(fact).collect()
    }

    fn fact(&self, topic: &str, partition: i32, position: &Position, pending: Option<i64>) -> Fact {
        let (group, topic, position) = (self.group.clone(), topic.to_owned(), position.clone());
        Fact::Position { group, topic, partition, position, pending }
    }

    fn note(&self, topic: &str, partition: i32, position: &Position, pending: Option<i64>) {
        self.journal.note(|| self.fact(topic, partition, position, pending));
    }

    fn note_gone(&self, topic: &str, partition: i32) {
        self.journal.note(|| Fact::PositionGone { group: self.group.clone(), topic: topic.to_owned(), partition });
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
