//! Who is where: the nodes this process poses as, the topics with their leaders, the coordinators of groups and
//! transactions. All nodes share one state; what a node answers depends on whether it is the one in charge.

use std::collections::{BTreeMap, HashMap};

use kafka_protocol::ResponseError;
use uuid::Uuid;

use crate::log::budget::Budget;
use crate::log::partition::Partition;
use crate::topics::{BadConfig, Settings, Topic, check_name};

/// Of one topic. Kafka has no such bound; this one keeps a stray number from taking the machine's memory.
pub(crate) const PARTITIONS_MAX: i32 = 20_000;
/// The partitions of Kafka's own topics for offsets and transactions: what coordinators are spread by.
pub(crate) const INTERNAL_PARTITIONS: i32 = 50;

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
}

impl Cluster {
    pub(crate) fn new(nodes: i32, budget: Budget) -> Self {
        let id = Uuid::new_v4().simple().to_string().chars().take(22).collect();
        Self { id, nodes, topics: BTreeMap::new(), names: HashMap::new(), moved: HashMap::new(), budget }
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
    /// What Kafka answers, with a text for the ones that have something to say.
    pub(crate) fn create_topic(
        &mut self,
        name: &str,
        partitions: i32,
        configs: BTreeMap<String, String>,
        validate_only: bool,
    ) -> Result<Uuid, (ResponseError, String)> {
        check_name(name).map_err(|error| (error, format!("`{name}` is no legal topic name")))?;
        if self.topics.contains_key(name) {
            return Err((ResponseError::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
        }
        if !(1..=PARTITIONS_MAX).contains(&partitions) {
            let said = format!("{partitions} partitions: at least 1, at most {PARTITIONS_MAX}");
            return Err((ResponseError::InvalidPartitions, said));
        }
        let settings = Settings::of(&configs).map_err(|BadConfig(said)| (ResponseError::InvalidConfig, said))?;
        let id = Uuid::new_v4();
        if !validate_only {
            let partitions = (0..partitions).map(|index| self.new_partition(index)).collect();
            self.topics.insert(name.to_owned(), Topic { id, partitions, configs, settings });
            self.names.insert(id, name.to_owned());
        }
        Ok(id)
    }

    pub(crate) fn delete_topic(&mut self, name: &str) -> Result<Topic, ResponseError> {
        let topic = self.topics.remove(name).ok_or(ResponseError::UnknownTopicOrPartition)?;
        self.names.remove(&topic.id);
        Ok(topic)
    }

    /// # Errors
    /// What Kafka answers, and why.
    pub(crate) fn add_partitions(
        &mut self,
        name: &str,
        count: i32,
        validate_only: bool,
    ) -> Result<(), (ResponseError, String)> {
        let unknown = (ResponseError::UnknownTopicOrPartition, format!("no topic `{name}`"));
        let present = self.topics.get(name).ok_or(unknown)?.partitions.len();
        let present = i32::try_from(present).unwrap_or(i32::MAX);
        if count <= present || count > PARTITIONS_MAX {
            let said =
                format!("Topic currently has {present} partitions; {count} is not more, or above {PARTITIONS_MAX}.");
            return Err((ResponseError::InvalidPartitions, said));
        }
        if !validate_only {
            let added: Vec<Partition> = (present..count).map(|index| self.new_partition(index)).collect();
            if let Some(topic) = self.topics.get_mut(name) {
                topic.partitions.extend(added);
            }
        }
        Ok(())
    }

    fn new_partition(&self, index: i32) -> Partition {
        Partition::new(index % self.nodes + 1, self.budget.clone())
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

/// The partition of Kafka's internal topic that a group or a transactional id belongs to.
pub(crate) fn internal_partition(id: &str) -> i32 {
    // Java's String.hashCode, on UTF-16 units.
    let hash = id.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    (hash & i32::MAX) % INTERNAL_PARTITIONS
}

#[cfg(test)]
mod tests {
    use super::internal_partition;

    #[test]
    fn ids_are_spread_as_java_does() {
        // "Aa" and "BB" are the classic pair with one hash: 2112.
        assert_eq!((internal_partition("Aa"), internal_partition("BB")), (12, 12));
        // A negative hash: "polygenelubricants" is i32::MIN, whose absolute value Kafka takes as 0.
        assert_eq!(internal_partition("polygenelubricants"), 0);
    }
}
