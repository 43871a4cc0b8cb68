//! Between the pipeline's (input, partition) and librdkafka's lists of topic, partition, offset.

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use wasmill_record::{CommitOffset, InputPartition};

/// Topic of each input, by its number.
#[derive(Debug, Clone)]
pub(crate) struct InputTopics(Vec<String>);

impl InputTopics {
    pub(crate) fn new(topics: Vec<String>) -> InputTopics {
        InputTopics(topics)
    }

    pub(crate) fn topics(&self) -> &[String] {
        &self.0
    }

    /// `None` for an input that is not configured: a caller's bug, and nothing to crash for.
    pub(crate) fn topic(&self, partition: InputPartition) -> Option<&str> {
        self.0.get(usize::from(partition.input)).map(String::as_str)
    }

    pub(crate) fn partition(&self, topic: &str, partition: i32) -> Option<InputPartition> {
        let input = self.0.iter().position(|known| known == topic)?;
        Some(InputPartition::new(u16::try_from(input).ok()?, partition))
    }

    /// Without offsets.
    pub(crate) fn list(&self, partitions: &[InputPartition]) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            if let Some(topic) = self.topic(*partition) {
                list.add_partition(topic, partition.partition);
            }
        }
        list
    }

    /// With the next offset to read of each, and a token in its metadata when there is one.
    pub(crate) fn list_at<'a>(
        &self,
        positions: impl Iterator<Item = &'a (InputPartition, CommitOffset)>,
        token: Option<&str>,
    ) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for (partition, next) in positions {
            if let Some(topic) = self.topic(*partition) {
                let mut element = list.add_partition(topic, partition.partition);
                // Fails only for negative offsets, which a CommitOffset can't hold.
                let _ = element.set_offset(Offset::Offset(next.next()));
                if let Some(token) = token.filter(|token| !token.is_empty()) {
                    element.set_metadata(token);
                }
            }
        }
        list
    }
}

/// The first error among the elements of a list.
pub(crate) fn first_error(list: &TopicPartitionList) -> Option<(String, i32, RDKafkaErrorCode)> {
    list.elements().iter().find_map(|element| match element.error() {
        Ok(()) => None,
        Err(error) => Some((
            element.topic().to_owned(),
            element.partition(),
            error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown),
        )),
    })
}
