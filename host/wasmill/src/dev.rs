//! `wasmill dev`: the pipelines of a configuration on a Kafka in this process, for trying things out.
//!
//! The clusters of the file are not touched: every one of them is replaced by the embedded broker, their addresses, properties
//! and tokens are left aside, and the topics that the pipelines name are created. Everything is in memory and gone at the end.
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
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use wasmill_config::Config;
use wasmill_devbroker::{Broker, Options};

/// Runs the pipelines until SIGTERM or SIGINT.
pub(crate) fn dev(options: &Dev) -> anyhow::Result<()> {
    let mut config = lint::load(&options.file)?;
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
    options.fault.iter().for_each(|fault| fault.inject(&broker.faults()));
    redirect(&mut config, &broker.bootstrap());
    tracing::info!(
        bootstrap = broker.bootstrap(),
        topics = topics.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        "a Kafka for development, in memory and on this machine only"
    );

    let stop = Arc::new(AtomicBool::new(false));
    for topic in &options.print {
        print::follow(Arc::clone(&broker), topic.clone(), options.partitions, Arc::clone(&stop))?;
    }
    for feed in feeds {
        feed.start(Arc::clone(&broker), options.partitions, Arc::clone(&stop))?;
    }
    let plugins = config.plugins.clone();
    let watched = options.watch;
    let stopped = Arc::clone(&stop);
    run::pipelines(config, options.instance_id.clone(), stop, move |swapper| {
        if watched { watch::start(plugins, swapper, stopped) } else { Ok(()) }
    })
}

fn start_broker(options: &Dev) -> anyhow::Result<Broker> {
    Broker::start(Options { port: options.port, ..Options::default() }).map_err(|error| {
        let again = format!("{:#}; take another one with --port, 0 for any", anyhow::Error::from(error));
        UserFault(again).into()
    })
}

/// Every topic that a pipeline reads or writes.
fn topics_of(config: &Config) -> BTreeSet<String> {
    let of_one = |pipeline: &wasmill_config::Pipeline| {
        let inputs = pipeline.inputs.iter().map(|input| input.topic.clone());
        let outputs = pipeline.outputs.iter().map(|output| output.topic.clone());
        inputs.chain(outputs).chain([pipeline.dead_letters.topic.clone()]).collect::<Vec<_>>()
    };
    config.pipelines.iter().flat_map(of_one).collect()
}

fn create_topics(broker: &Broker, topics: &BTreeSet<String>, partitions: i32) -> anyhow::Result<()> {
    for topic in topics {
        broker
            .create_topic(topic, partitions, &[])
            .map_err(|error| UserFault(format!("topic `{topic}` can't be created: {error:?}")))?;
    }
    Ok(())
}

/// All pipelines to the embedded broker; what belongs to the file's own clusters would not fit it.
fn redirect(config: &mut Config, bootstrap: &str) {
    for pipeline in &mut config.pipelines {
        pipeline.cluster.bootstrap_servers = bootstrap.to_owned();
        pipeline.cluster.properties.clear();
        pipeline.cluster.oauthbearer_token_file = None;
    }
}

/// A thread that ends by itself or with the process.
fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).context("failed to start a thread")?;
    Ok(())
}
