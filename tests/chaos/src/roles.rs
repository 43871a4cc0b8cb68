//! Which broker has a role at this moment: the leader of a partition, the coordinator of a group or of a transactional id.
//!
//! FindCoordinator is written out by hand: the client library keeps its answers to itself.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::plan::Role;
use crate::transactions::{self, Bytes};

const FIND_COORDINATOR: i16 = 10;
const VERSION: i16 = 1;
const OF_GROUP: i8 = 0;
const OF_TRANSACTION: i8 = 1;
const METADATA_MAX: Duration = Duration::from_secs(5);

/// The id of the broker that has the role for the pipeline that counts.
///
/// # Errors
/// Nobody says so: an election is under way.
pub fn broker(bootstrap: &str, role: Role, slot: usize) -> Result<i32> {
    match role {
        Role::ChangelogLeader => leader(bootstrap, "wasmill.count.counts.changelog"),
        Role::OutputLeader => leader(bootstrap, "count.out"),
        Role::GroupCoordinator => coordinator(bootstrap, "count", OF_GROUP),
        Role::TransactionCoordinator => {
            let instance = crate::process::instance(slot);
            coordinator(bootstrap, &format!("wasmill.count.{instance}.0"), OF_TRANSACTION)
        }
    }
}

/// Of partition 0.
fn leader(bootstrap: &str, topic: &str) -> Result<i32> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set_log_level(RDKafkaLogLevel::Critical)
        .create()
        .context("failed to create a consumer")?;
    let metadata = consumer.fetch_metadata(Some(topic), METADATA_MAX).context("no metadata")?;
    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
    let leader = partitions.filter(|partition| partition.id() == 0).map(|partition| partition.leader()).next();
    leader.filter(|id| *id >= 0).with_context(|| format!("{topic}[0] has no leader"))
}

fn coordinator(bootstrap: &str, key: &str, of: i8) -> Result<i32> {
    let answers = bootstrap.split(',').filter_map(|broker| ask(broker, key, of).ok());
    answers.into_iter().next().with_context(|| format!("nobody names the coordinator of {key}"))
}

fn ask(broker: &str, key: &str, of: i8) -> Result<i32> {
    let answer = transactions::exchange(broker, &request(key, of)?)?;
    let (error, node) = read(&answer).context("an answer that can't be read")?;
    ensure!(error == 0, "error {error}");
    Ok(node)
}

fn request(key: &str, of: i8) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    body.extend(FIND_COORDINATOR.to_be_bytes());
    body.extend(VERSION.to_be_bytes());
    body.extend(0_i32.to_be_bytes()); // correlation id
    body.extend((-1_i16).to_be_bytes()); // no client id
    body.extend(i16::try_from(key.len())?.to_be_bytes());
    body.extend(key.as_bytes());
    body.extend(of.to_be_bytes());
    Ok(body)
}

/// Error and node; `None` when it ends too early.
fn read(answer: &[u8]) -> Option<(i16, i32)> {
    let mut bytes = Bytes(answer);
    bytes.take(8)?; // correlation id, throttle time
    let error = i16::from_be_bytes(bytes.array()?);
    // Null is -1.
    let message = i16::from_be_bytes(bytes.array()?);
    bytes.take(usize::try_from(message).unwrap_or(0))?;
    Some((error, i32::from_be_bytes(bytes.array()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_a_node_or_an_error_or_is_refused() {
        let answer = |error: i16, message: &[u8]| {
            let mut bytes = vec![0; 8];
            bytes.extend(error.to_be_bytes());
            bytes.extend(message);
            bytes.extend(3_i32.to_be_bytes());
            bytes
        };
        assert_eq!(read(&answer(0, &[0xff, 0xff])), Some((0, 3)));
        assert_eq!(read(&answer(15, &[0, 2, b'n', b'o'])), Some((15, 3)));
        let whole = answer(0, &[0, 2, b'n', b'o']);
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), None, "{length}");
        }
    }
}
