//! `wasmill dev`: the pipelines of a configuration on a Kafka in this process, for trying things out.
//!
//! The clusters of the file are not touched: every one of them is replaced by the embedded broker, their addresses, properties
//! and tokens are left aside, and the topics that the pipelines name are created. Everything is in memory and gone at the end, unless
//! `--data-dir` names a directory that keeps it; and the cache of compiled plugins stays.
//! What runs on it is what [`crate::run`] runs.

pub(crate) mod fault;
pub(crate) mod feed;
mod print;
mod watch;

use crate::cli::Dev;
use crate::exit::UserFault;
use crate::{lint, run};
use anyhow::Context;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use wasmill_config::{Config, Pipeline};
use wasmill_devbroker::{Broker, DirectoryError, Options, ResponseError, StartError};

/// Runs the pipelines until SIGTERM or SIGINT.
pub(crate) fn dev(options: &Dev) -> anyhow::Result<()> {
    let mut config = lint::load(&options.file)?;
    one_cluster_will_do(&config)?;
    options.fault.iter().try_for_each(|fault| fault.check(options.brokers))?;
    let feeds = options.feed.iter().map(feed::Feed::open).collect::<Result<Vec<_>, _>>()?;
    let broker = Arc::new(start_broker(options)?);
    let topics = topics_of(&config);
    create_topics(&broker, &topics, options.partitions)?;
    for topic in options.print.iter().chain(feeds.iter().map(|feed| &feed.topic)) {
        if !topics.contains(topic) {
            let known = topics.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(UserFault(format!("no pipeline has the topic `{topic}`; there are: {known}")).into());
        }
    }
    options.fault.iter().try_for_each(|fault| fault.inject(&broker.faults()))?;
    let state = tempfile::tempdir().context("failed to make a folder for state")?;
    redirect(&mut config, &broker.bootstrap(), state.path());
    tracing::info!(
        bootstrap = broker.bootstrap(),
        topics = topics.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        data_dir = options.data_dir.as_ref().map(|directory| directory.display().to_string()),
        "a Kafka for development, on this machine only"
    );

    let (stop, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let print = |topic: &String| print::follow(Arc::clone(&broker), topic.clone(), Arc::clone(&over));
    let printers = options.print.iter().map(print).collect::<anyhow::Result<Vec<_>>>()?;
    for feed in feeds {
        feed.start(Arc::clone(&broker), Arc::clone(&stop))?;
    }
    let plugins = config.plugins.clone();
    let watched = options.watch;
    let stopped = Arc::clone(&stop);
    let ended = run::pipelines(config, options.instance_id.clone(), false, stop, move |swapper| {
        if watched { watch::start(plugins, swapper, stopped) } else { Ok(()) }
    });
    // What the pipelines have committed on their way out is printed, too.
    over.store(true, Ordering::Relaxed);
    for printer in printers {
        if printer.join().is_err() {
            tracing::error!("a thread that prints panicked");
        }
    }
    ended
}

/// What is apart on two clusters must not meet on one: a group would be shared, a topic read by who should not.
fn one_cluster_will_do(config: &Config) -> anyhow::Result<()> {
    for (at, one) in config.pipelines.iter().enumerate() {
        for other in config.pipelines.iter().skip(at + 1).filter(|other| other.cluster.name != one.cluster.name) {
            let (topics, others) = (topics_of_one(one), topics_of_one(other));
            let shared = topics.iter().find(|topic| others.contains(topic)).map(|topic| format!("the topic `{topic}`"));
            let shared = shared.or_else(|| (one.group == other.group).then(|| format!("the group `{}`", one.group)));
            if let Some(shared) = shared {
                let (one, other) = (&one.name, &other.name);
                let apart = "are on different clusters and both have";
                let text = format!("pipelines `{one}` and `{other}` {apart} {shared}; `dev` has one cluster for all");
                return Err(UserFault(text).into());
            }
        }
    }
    Ok(())
}

fn start_broker(options: &Dev) -> anyhow::Result<Broker> {
    let (port, nodes, directory) = (options.port, options.brokers, options.data_dir.clone());
    Broker::start(Options { port, nodes, directory, ..Options::default() }).map_err(|error| {
        let hint = match &error {
            StartError::Port { .. } => "; take another one with --port, 0 for any",
            StartError::Directory(DirectoryError::InUse { .. }) => "; take another directory with --data-dir",
            _ => "",
        };
        UserFault(format!("{:#}{hint}", anyhow::Error::from(error))).into()
    })
}

/// Every topic that a pipeline reads or writes.
fn topics_of(config: &Config) -> BTreeSet<String> {
    config.pipelines.iter().flat_map(topics_of_one).collect()
}

fn topics_of_one(pipeline: &Pipeline) -> Vec<String> {
    let inputs = pipeline.inputs.iter().map(|input| input.topic.clone());
    let outputs = pipeline.outputs.iter().map(|output| output.topic.clone());
    inputs.chain(outputs).chain([pipeline.dead_letters.topic.clone()]).collect()
}

fn create_topics(broker: &Broker, topics: &BTreeSet<String>, partitions: i32) -> anyhow::Result<()> {
    for topic in topics {
        match broker.create_topic(topic, partitions, &[]) {
            Ok(()) => {}
            Err(ResponseError::TopicAlreadyExists) => warn_of_other_partitions(broker, topic, partitions),
            Err(error) => return Err(UserFault(format!("topic `{topic}` can't be created: {error:?}")).into()),
        }
    }
    Ok(())
}

fn warn_of_other_partitions(broker: &Broker, topic: &str, partitions: i32) {
    let present = broker.partitions(topic).unwrap_or_default();
    if present != partitions {
        tracing::warn!(topic, present, "the topic is there from an earlier run and keeps its number of partitions");
    }
}

/// All pipelines to the embedded broker; what belongs to the file's own clusters would not fit it, and an instance id of theirs
/// is not ours to take.
fn redirect(config: &mut Config, bootstrap: &str, state: &Path) {
    config.state_directory = Some(state.to_owned());
    for pipeline in &mut config.pipelines {
        pipeline.cluster.bootstrap_servers = bootstrap.to_owned();
        pipeline.cluster.properties.clear();
        pipeline.cluster.oauthbearer_token_file = None;
    }
}

/// A thread that ends by itself or with the process.
fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> anyhow::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).context("failed to start a thread")
}
