//! One pipeline: defaults, the cluster it names, and what its values must be to each other.

use std::time::Duration;

use super::inputs::{self, TOPIC};
use super::plugin::Plugins;
use super::{Clusters, Context};
use crate::checked::{Batch, Cluster, Commit, DeadLetters, Delivery, Input, Output, Pipeline, Retry};
use crate::digest::digest;
use crate::nearest::nearest;
use crate::raw;
use crate::reader::{Field, Item};
use crate::scalar::{Int, RetryOrder, TOPIC_CHARS_MAX};
use crate::tree::At;

/// The groups of the pipelines so far.
#[derive(Default)]
pub(super) struct Groups(Vec<Group>);

struct Group {
    name: String,
    cluster: Cluster,
    pipeline: String,
    line: usize,
}

/// The pipeline; `None` when a part is missing, which has been reported.
pub(super) fn pipeline(
    item: Item<raw::Pipeline>,
    clusters: Option<&Clusters>,
    plugins: &Plugins,
    groups: &mut Groups,
    context: &Context<'_>,
) -> Option<Pipeline> {
    let problems = context.problems;
    let (name, raw) = (item.name, item.value?);
    let cluster = clusters.and_then(|clusters| cluster(&raw.cluster, clusters, &item.at, context));
    let group_at = raw.group.given().map_or(&item.at, |(_, at)| at).clone();
    let group = raw.group.value().map_or_else(|| name.clone(), |group| group.0);
    if let Some(cluster) = &cluster {
        groups.enter(
            Group { name: group.clone(), cluster: cluster.clone(), pipeline: name.clone(), line: group_at.line },
            &group_at,
            context,
        );
    }
    let inputs = raw.inputs.required(problems, "inputs: { records: { topic: ... } }");
    let inputs_place = inputs.as_ref().map_or(&item.at, |(_, at)| at).clone();
    let inputs = inputs.and_then(|(inputs, at)| inputs::inputs(inputs, &at, context));
    let known = inputs.as_deref().unwrap_or_default();
    let plugin = raw.plugin.required(problems, "plugin: ...");
    let plugin = plugin.and_then(|(plugin, at)| plugins.resolve(&plugin, &at, context));
    let outputs = raw.outputs.required(problems, "outputs: { results: { topic: ... } }");
    let outputs_place = outputs.as_ref().map_or(&item.at, |(_, at)| at).clone();
    let outputs = outputs.and_then(|(outputs, _)| self::outputs(outputs, known, context));
    let dead_letters = dead_letters(raw.dead_letters, known, &item.at, context);
    let commit = commit(raw.commit, context);
    let retry = retry(raw.retry, context);
    let cores = Int(context.checks.cores.clamp(1, 64) as u64);
    let delivery = raw.delivery.value().unwrap_or_default().0;
    let stores = super::state::stores(raw.stores, delivery, context);
    let (cluster, plugin) = (cluster?, plugin?);
    if delivery == Delivery::ExactlyOnce {
        super::limits::against_transaction(&plugin, commit.transaction_timeout, context);
    }
    let section = context.tree.get("pipelines")?.get(&name)?;
    let digest = digest(&name, section, &cluster.bootstrap_servers, super::plugin::part(&plugin, context).as_ref());
    Some(Pipeline {
        name,
        cluster,
        group,
        session_timeout: milliseconds(raw.session_timeout_ms.value().unwrap_or_default()),
        delivery,
        workers: size(raw.workers.value().unwrap_or(cores)),
        inputs: inputs?,
        inputs_place: problems.place(&inputs_place),
        plugin,
        outputs: outputs?,
        outputs_place: problems.place(&outputs_place),
        dead_letters: dead_letters?,
        batch: batch(raw.batch),
        commit,
        retry,
        stores,
        digest,
    })
}

fn cluster(
    wanted: &Field<raw::ClusterName>,
    clusters: &Clusters,
    pipeline_at: &At,
    context: &Context<'_>,
) -> Option<Cluster> {
    let names: Vec<&str> = clusters.iter().map(|(name, _)| name.as_str()).collect();
    match wanted {
        Field::Wrong => None,
        Field::Absent(_) => match clusters.as_slice() {
            [(_, only)] => only.clone(),
            _ => {
                let message = format!("there are {} clusters: the pipeline must say which is its own", clusters.len());
                let hint =
                    names.first().map(|first| format!("add `cluster: {first}`; there are: {}", names.join(", ")));
                context.problems.push(pipeline_at, message, hint);
                None
            }
        },
        Field::Given(raw::ClusterName(wanted), at) => match clusters.iter().find(|(name, _)| *name == wanted.text) {
            Some((_, cluster)) => cluster.clone(),
            None => {
                let meant = if wanted.substituted() { None } else { nearest(&wanted.text, &names) };
                let hint = match meant {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("there are: {}", names.join(", ")),
                };
                context.problems.push(at, format!("there is no cluster {}", wanted.shown()), Some(hint));
                None
            }
        },
    }
}

impl Groups {
    /// Two pipelines of one group would hand each other partitions that they can't read.
    fn enter(&mut self, group: Group, at: &At, context: &Context<'_>) {
        let same_kafka = |a: &Cluster, b: &Cluster| a.name == b.name || a.bootstrap_servers == b.bootstrap_servers;
        let other = self.0.iter().find(|other| other.name == group.name && same_kafka(&other.cluster, &group.cluster));
        if let Some(other) = other {
            let message = format!(
                "the pipelines `{}` (line {}) and `{}` (line {}) have the same group on one cluster",
                other.pipeline, other.line, group.pipeline, group.line
            );
            context.problems.push(at, message, Some("give one of them another `group`".to_owned()));
        }
        self.0.push(group);
    }
}

fn outputs(outputs: raw::Outputs, inputs: &[Input], context: &Context<'_>) -> Option<Vec<Output>> {
    let output = |item: Item<raw::Output>| {
        let raw = item.value?;
        let (topic, at) = raw.topic.required(context.problems, TOPIC)?;
        refuse_loop(&topic.0, "output", inputs, &at, context);
        let partition = raw.partition.value().unwrap_or_default().0;
        Some(Output { name: item.name, topic: topic.0, partition, place: context.problems.place(&item.at) })
    };
    let built: Vec<Option<Output>> = outputs.items.into_iter().map(output).collect();
    built.into_iter().collect()
}

fn refuse_loop(topic: &str, what: &str, inputs: &[Input], at: &At, context: &Context<'_>) {
    let Some(input) = inputs.iter().find(|input| input.topic == topic) else { return };
    let message = format!(
        "the {what} topic and the topic of input `{}` are both `{topic}`: records would go round for ever",
        input.name
    );
    context.problems.push(at, message, Some(format!("write to another topic than `{topic}`")));
}

fn dead_letters(
    raw: Field<raw::DeadLetters>,
    inputs: &[Input],
    pipeline_at: &At,
    context: &Context<'_>,
) -> Option<DeadLetters> {
    match raw {
        Field::Given(raw::DeadLetters { topic: Field::Given(topic, at) }, _) => {
            refuse_loop(&topic.0, "dead-letter", inputs, &at, context);
            Some(DeadLetters { topic: topic.0 })
        }
        Field::Given(raw::DeadLetters { topic: Field::Wrong }, _) | Field::Wrong => None,
        Field::Given(raw::DeadLetters { topic: Field::Absent(_) }, _) | Field::Absent(_) => {
            let topic = format!("{}.dlq", inputs.first()?.topic);
            refuse_loop(&topic, "dead-letter", inputs, pipeline_at, context);
            if topic.len() > TOPIC_CHARS_MAX {
                let message = format!(
                    "the dead-letter topic would be the first input's with `.dlq` behind it: {} characters, and Kafka takes {TOPIC_CHARS_MAX}",
                    topic.len()
                );
                context.problems.push(pipeline_at, message, Some("add `dead_letters: { topic: ... }`".to_owned()));
            }
            Some(DeadLetters { topic })
        }
    }
}

fn batch(raw: Field<raw::Batch>) -> Batch {
    let (records_max, bytes_max) = match raw.value() {
        Some(raw) => (raw.records_max.value(), raw.bytes_max.value()),
        None => (None, None),
    };
    Batch { records_max: size(records_max.unwrap_or_default()), bytes_max: size(bytes_max.unwrap_or_default()) }
}

fn commit(raw: Field<raw::Commit>, context: &Context<'_>) -> Commit {
    let raw = raw.value().unwrap_or_default();
    let interval_at = raw.interval_ms.given().map(|(_, at)| at.clone());
    let timeout_at = raw.transaction_timeout_ms.given().map(|(_, at)| at.clone());
    let (interval_ms, timeout_ms) =
        (raw.interval_ms.value().unwrap_or_default().0, raw.transaction_timeout_ms.value().unwrap_or_default().0);
    // With the defaults alone it holds, so one of the two is in the file.
    if let Some(at) = interval_at.or(timeout_at).filter(|_| interval_ms >= timeout_ms / 2) {
        let message = format!(
            "`interval_ms` is {interval_ms}, and the commit deadline is {} (half of `transaction_timeout_ms`, {timeout_ms}): \
             the interval must be less",
            timeout_ms / 2
        );
        let longer = interval_ms * 2 + 1;
        let hint = match longer <= 60_000 {
            true => {
                format!("set `interval_ms` below {}, or `transaction_timeout_ms` to {longer} or more", timeout_ms / 2)
            }
            false => format!("set `interval_ms` below {}", timeout_ms / 2),
        };
        context.problems.push(&at, message, Some(hint));
    }
    Commit {
        interval: Duration::from_millis(interval_ms),
        transaction_timeout: Duration::from_millis(timeout_ms),
        records_max: size(raw.records_max.value().unwrap_or_default()),
        bytes_max: size(raw.bytes_max.value().unwrap_or_default()),
        refresh_interval: milliseconds(raw.refresh_interval_ms.value().unwrap_or_default()),
    }
}

fn retry(raw: Field<raw::Retry>, context: &Context<'_>) -> Retry {
    let raw = raw.value().unwrap_or_default();
    // There is one order so far: that it was taken says it all.
    let _: Option<RetryOrder> = raw.order.value();
    let backoff = raw.backoff_ms.value().unwrap_or_default();
    let initial_at = backoff.initial.given().map(|(_, at)| at.clone());
    let max_at = backoff.max.given().map(|(_, at)| at.clone());
    let (initial, max) = (backoff.initial.value().unwrap_or_default().0, backoff.max.value().unwrap_or_default().0);
    if let Some(at) = max_at.or(initial_at).filter(|_| max < initial) {
        let message =
            format!("`max` is {max} and `initial` is {initial}: the longest wait can't be less than the first");
        context.problems.push(&at, message, Some(format!("set `max` to {initial} or more")));
    }
    Retry {
        attempts: u32::try_from(raw.attempts.value().unwrap_or_default().0).unwrap_or(u32::MAX),
        backoff_initial: Duration::from_millis(initial),
        backoff_max: Duration::from_millis(max),
    }
}

pub(super) fn milliseconds<const MIN: u64, const MAX: u64, const DEFAULT: u64>(
    number: Int<MIN, MAX, DEFAULT>,
) -> Duration {
    Duration::from_millis(number.0)
}

/// Every size here has a bound that fits, whatever the platform.
pub(super) fn size<const MIN: u64, const MAX: u64, const DEFAULT: u64>(number: Int<MIN, MAX, DEFAULT>) -> usize {
    usize::try_from(number.0).unwrap_or(usize::MAX)
}
