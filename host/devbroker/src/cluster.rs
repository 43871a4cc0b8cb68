//! Who is where: the nodes this process poses as, the topics with their leaders, the coordinators of groups and
//! transactions. All nodes share one state; what a node answers depends on whether it is the one in charge.

use std::collections::{BTreeMap, HashMap};

use kafka_protocol::ResponseError;
use uuid::Uuid;

use crate::directory::{Fact, Journal, LogJournal};
use crate::log::budget::Budget;
use crate::log::partition::Partition;
use crate::offsets_topic;
use crate::topics::{BadConfig, Settings, Topic, check_name};

/// Of one topic. Kafka has no such bound; this one keeps a stray number from taking the machine's memory.
pub(crate) const PARTITIONS_MAX: i32 = 20_000;
/// The partitions of Kafka's own topics for offsets and transactions: what coordinators are spread by.
pub(crate) const INTERNAL_PARTITIONS: i32 = 50;

/// What Kafka answers, and why, for people.
pub(crate) type Refused = (ResponseError, String);

/// What a coordinator coordinates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Coordinated {
    Group(String),
    Transaction(String),
}

#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) id: String,
    nodes: i32,
    pub(crate) topics: BTreeMap<String, Topic>,
    names: HashMap<Uuid, String>,
    moved: HashMap<Coordinated, i32>,
    pub(crate) budget: Budget,
    /// Of all topics together; the broker's own is not counted.
    partitions_max: usize,
    journal: Journal,
}

impl Cluster {
    pub(crate) fn new(nodes: i32, budget: Budget, partitions_max: usize, journal: Journal) -> Self {
        let id = Uuid::new_v4().simple().to_string().chars().take(22).collect();
        let (topics, names, moved) = (BTreeMap::new(), HashMap::new(), HashMap::new());
        Self { id, nodes, topics, names, moved, budget, partitions_max, journal }
    }

    /// Node ids count from 1.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = i32> + use<> {
        1..=self.nodes
    }

    pub(crate) fn topic(&self, name: &str) -> Result<&Topic, ResponseError> {
        self.topics.get(name).ok_or(ResponseError::UnknownTopicOrPartition)
    }

    pub(crate) fn name_of(&self, id: Uuid) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    pub(crate) fn partition(&self, topic: &str, partition: i32) -> Result<&Partition, ResponseError> {
        self.topic(topic)?.partition(partition).ok_or(ResponseError::UnknownTopicOrPartition)
    }

    pub(crate) fn partition_mut(&mut self, topic: &str, partition: i32) -> Option<&mut Partition> {
        self.topics.get_mut(topic)?.partition_mut(partition)
    }

    /// The partition, if this node leads it and the client's idea of its epoch is right (-1: it has none).
    pub(crate) fn led(&self, node: i32, topic: &str, index: i32, epoch: i32) -> Result<&Partition, ResponseError> {
        let partition = self.partition(topic, index)?;
        if partition.leader != node {
            return Err(ResponseError::NotLeaderOrFollower);
        }
        match epoch {
            _ if epoch < 0 || epoch == partition.leader_epoch() => Ok(partition),
            _ if epoch < partition.leader_epoch() => Err(ResponseError::FencedLeaderEpoch),
            _ => Err(ResponseError::UnknownLeaderEpoch),
        }
    }

    /// # Errors
    /// What Kafka answers.
    pub(crate) fn create_topic(
        &mut self,
        name: &str,
        partitions: i32,
        configs: BTreeMap<String, String>,
        validate_only: bool,
    ) -> Result<Uuid, Refused> {
        let id = Uuid::new_v4();
        check_name(name).map_err(|error| (error, format!("`{name}` is no legal topic name")))?;
        if self.topics.contains_key(name) {
            return Err((ResponseError::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
        }
        self.leave_room_for(name, partitions)?;
        self.make_topic(name, id, partitions, configs, validate_only)?;
        Ok(id)
    }

    /// Under a name that is not taken, and however many partitions there are in all.
    ///
    /// # Errors
    /// What Kafka answers.
    pub(crate) fn make_topic(
        &mut self,
        name: &str,
        id: Uuid,
        partitions: i32,
        configs: BTreeMap<String, String>,
        validate_only: bool,
    ) -> Result<(), Refused> {
        check_count(partitions)?;
        let settings = settings_of(&configs)?;
        if !validate_only {
            let note = || Fact::Topic { name: name.to_owned(), id, partitions, configs: configs.clone() };
            self.journal.note(note);
            let partitions = (0..partitions).map(|index| self.new_partition(id, index)).collect();
            self.topics.insert(name.to_owned(), Topic { id, partitions, configs, settings });
            self.names.insert(id, name.to_owned());
        }
        Ok(())
    }

    pub(crate) fn delete_topic(&mut self, name: &str) -> Result<Topic, ResponseError> {
        let topic = self.topics.remove(name).ok_or(ResponseError::UnknownTopicOrPartition)?;
        self.names.remove(&topic.id);
        self.journal.note(|| Fact::TopicGone { name: name.to_owned() });
        Ok(topic)
    }

    /// # Errors
    /// What Kafka answers.
    pub(crate) fn add_partitions(&mut self, name: &str, count: i32, validate_only: bool) -> Result<(), Refused> {
        let present = self.topics.get(name).ok_or_else(|| unknown(name))?.partitions.len();
        let added = count.saturating_sub(i32::try_from(present).unwrap_or(i32::MAX));
        self.leave_room_for(name, added)?;
        self.make_partitions(name, count, validate_only)
    }

    /// However many there are in all.
    ///
    /// # Errors
    /// What Kafka answers.
    pub(crate) fn make_partitions(&mut self, name: &str, count: i32, validate_only: bool) -> Result<(), Refused> {
        let topic = self.topics.get(name).ok_or_else(|| unknown(name))?;
        let (id, present) = (topic.id, i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX));
        if count <= present || count > PARTITIONS_MAX {
            let said =
                format!("Topic currently has {present} partitions; {count} is not more, or above {PARTITIONS_MAX}.");
            return Err((ResponseError::InvalidPartitions, said));
        }
        if !validate_only {
            self.journal.note(|| Fact::Partitions { topic: name.to_owned(), count });
            let added: Vec<Partition> = (present..count).map(|index| self.new_partition(id, index)).collect();
            if let Some(topic) = self.topics.get_mut(name) {
                topic.partitions.extend(added);
            }
        }
        Ok(())
    }

    /// # Errors
    /// What Kafka answers.
    pub(crate) fn set_configs(
        &mut self,
        name: &str,
        configs: BTreeMap<String, String>,
        validate_only: bool,
    ) -> Result<(), Refused> {
        let topic = self.topics.get_mut(name).ok_or_else(|| unknown(name))?;
        let settings = settings_of(&configs)?;
        if !validate_only {
            self.journal.note(|| Fact::Configs { topic: name.to_owned(), configs: configs.clone() });
            (topic.configs, topic.settings) = (configs, settings);
        }
        Ok(())
    }

    /// POLICY_VIOLATION is what managed Kafkas answer past their limit of partitions.
    fn leave_room_for(&self, name: &str, partitions: i32) -> Result<(), Refused> {
        // Without it nobody would see that positions are pending, and clients don't make it.
        if name == offsets_topic::NAME {
            return Ok(());
        }
        let counted = self.topics.iter().filter(|(name, _)| *name != offsets_topic::NAME);
        let present: usize = counted.map(|(_, topic)| topic.partitions.len()).sum();
        let wanted = present.saturating_add(usize::try_from(partitions).unwrap_or_default());
        if wanted <= self.partitions_max {
            return Ok(());
        }
        let max = self.partitions_max;
        let said = format!("{wanted} partitions in all would be more than the {max} that this dev broker may have");
        Err((ResponseError::PolicyViolation, said))
    }

    fn new_partition(&self, topic: Uuid, index: i32) -> Partition {
        let journal = LogJournal { journal: self.journal.clone(), topic, partition: index };
        Partition::new(index % self.nodes + 1, self.budget.clone()).noting(journal)
    }

    /// Partitions that had another leader get it from where a start puts it, which is one more change of leaders.
    pub(crate) fn elect_again(&mut self) {
        for partition in self.topics.values_mut().flat_map(|topic| &mut topic.partitions) {
            if partition.leader_epoch() > 0 {
                partition.lead(partition.leader);
            }
        }
    }

    /// The node that coordinates it.
    pub(crate) fn coordinator(&self, what: &Coordinated) -> i32 {
        let (Coordinated::Group(id) | Coordinated::Transaction(id)) = what;
        self.moved.get(what).copied().unwrap_or_else(|| internal_partition(id) % self.nodes + 1)
    }

    pub(crate) fn move_coordinator(&mut self, what: Coordinated, node: i32) {
        self.moved.insert(what, node);
    }
}

fn check_count(partitions: i32) -> Result<(), Refused> {
    if (1..=PARTITIONS_MAX).contains(&partitions) {
        return Ok(());
    }
    Err((ResponseError::InvalidPartitions, format!("{partitions} partitions: at least 1, at most {PARTITIONS_MAX}")))
}

fn settings_of(configs: &BTreeMap<String, String>) -> Result<Settings, Refused> {
    Settings::of(configs).map_err(|BadConfig(said)| (ResponseError::InvalidConfig, said))
}

fn unknown(topic: &str) -> Refused {
    (ResponseError::UnknownTopicOrPartition, format!("no topic `{topic}`"))
}

/// The partition of Kafka's internal topic that a group or a transactional id belongs to.
pub(crate) fn internal_partition(id: &str) -> i32 {
    // Java's String.hashCode, on UTF-16 units.
    let hash = id.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    (hash & i32::MAX) % INTERNAL_PARTITIONS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kafka_protocol::ResponseError;

    use super::{Cluster, internal_partition};
    use crate::directory::Journal;
    use crate::log::budget::Budget;
    use crate::offsets_topic;

    #[test]
    fn all_topics_together_have_so_many_partitions_and_no_more() {
        let mut cluster = Cluster::new(1, Budget::new(1 << 20), 5, Journal::default());
        let mut create = |name: &str, count| cluster.create_topic(name, count, BTreeMap::new(), false).map(|_| ());
        assert_eq!((create("a", 2), create("b", 2)), (Ok(()), Ok(())));
        assert_eq!(create(offsets_topic::NAME, 50), Ok(()), "the broker's own is not counted");
        let (error, said) = create("c", 2).unwrap_err();
        assert_eq!(error, ResponseError::PolicyViolation);
        assert!(said.starts_with("6 partitions in all would be more than the 5"), "{said}");
        assert_eq!(create("c", 1), Ok(()));
        assert_eq!(cluster.add_partitions("a", 3, false).unwrap_err().0, ResponseError::PolicyViolation);
        cluster.delete_topic("b").unwrap();
        assert_eq!(cluster.add_partitions("a", 4, false), Ok(()));
    }

    #[test]
    fn ids_are_spread_as_java_does() {
        // "Aa" and "BB" are the classic pair with one hash: 2112.
        assert_eq!((internal_partition("Aa"), internal_partition("BB")), (12, 12));
        // A negative hash: "polygenelubricants" is i32::MIN, whose absolute value Kafka takes as 0.
        assert_eq!(internal_partition("polygenelubricants"), 0);
    }
}
