//! A journal becomes state again, change by change.
//!
//! The bytes are ours by their checksums, and still believed in nothing that could panic or take memory: what does not fit
//! the state before it is damage.

use bytes::{Buf as _, Bytes};
use uuid::Uuid;

use super::fact::Fact;
use super::journal::{APPENDED, FACT, KEPT};
use crate::clock::Moment;
use crate::core::Core;
use crate::log::partition::Partition;

/// One change.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn replay(core: &mut Core, mut content: Bytes, now: Moment) -> Result<(), String> {
    match content.try_get_u8() {
        Ok(FACT) => {
            let fact = serde_json::from_slice(&content).map_err(|error| format!("no fact: {error}"))?;
            replay_fact(core, fact, now)
        }
        Ok(kind @ (APPENDED | KEPT)) => {
            let address = (content.try_get_u128(), content.try_get_i32());
            let (Ok(topic), Ok(partition)) = address else { return Err("a batch of nowhere".to_owned()) };
            let log = log(core, Uuid::from_u128(topic), partition)?;
            let restored = if kind == APPENDED { log.restore_appended(content) } else { log.restore_kept(content) };
            restored.ok_or_else(|| format!("a batch that does not fit behind offset {}", log.end))
        }
        _ => Err("a change of an unknown kind".to_owned()),
    }
}

fn replay_fact(core: &mut Core, fact: Fact, now: Moment) -> Result<(), String> {
    match fact {
        Fact::Cluster { id } => core.cluster.id = id,
        Fact::Topic { name, id, partitions, configs } => {
            if core.cluster.topic(&name).is_ok() || core.cluster.name_of(id).is_some() {
                return Err(format!("topic `{name}` a second time"));
            }
            let made = core.cluster.make_topic(&name, id, partitions, configs, false);
            made.map_err(|(_, said)| format!("topic `{name}` can't be: {said}"))?;
        }
        Fact::TopicGone { name } => {
            core.delete_topic(&name).map_err(|_| unknown(&name))?;
        }
        Fact::Partitions { topic, count } => {
            core.cluster
                .make_partitions(&topic, count, false)
                .map_err(|(_, said)| format!("topic `{topic}`: {said}"))?;
        }
        Fact::Configs { topic, configs } => {
            core.cluster.set_configs(&topic, configs, false).map_err(|(_, said)| format!("topic `{topic}`: {said}"))?;
        }
        Fact::Epoch { topic, partition, epoch, offset } => log(core, topic, partition)?.epochs.push((epoch, offset)),
        Fact::Start { topic, partition, offset } => {
            log(core, topic, partition)?.restore_start(offset).ok_or("a partition that begins behind its end")?;
        }
        Fact::Log { topic, partition, log: facts } => {
            log(core, topic, partition)?.restore(facts).ok_or("a log that ends before its beginning")?;
        }
        Fact::ProducerId { next } => core.transactions.restore_next_producer_id(next),
        Fact::Transaction { id, producer, last_epoch, timeout_ms, state, partitions, groups } => {
            core.transactions.restore(id, (producer, last_epoch), timeout_ms, state, (partitions, groups));
        }
        Fact::Position { group, topic, partition, position, pending } => {
            core.groups.restore_position(&group, &topic, partition, position, pending, now.monotonic_ms);
        }
        Fact::PositionGone { group, topic, partition } => core.groups.restore_no_position(&group, &topic, partition),
        Fact::Settled { group, producer, commit } => core.groups.complete_transaction(&group, producer, commit),
        Fact::GroupGone { group } => core.groups.remove(&group),
    }
    Ok(())
}

fn log(core: &mut Core, topic: Uuid, partition: i32) -> Result<&mut Partition, String> {
    let name = core.cluster.name_of(topic).map(str::to_owned).ok_or_else(|| unknown(&topic.to_string()))?;
    core.cluster.partition_mut(&name, partition).ok_or_else(|| format!("topic `{name}` without partition {partition}"))
}

fn unknown(topic: &str) -> String {
    format!("topic `{topic}` is not there")
}
