//! `wasmill lint --online`: what the brokers say about a configuration.
//!
//! Can each cluster be reached and does it let us in, are the topics there and as they must be. Changes nothing. Called by `lint` once the file
//! itself is right.

use anyhow::Context;
use std::time::Duration;
use wasmill_config::Config;
use wasmill_pipeline::Plugins;
use wasmill_pipeline::start::{Stopped, check_brokers};

/// How long a cluster may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Every complaint; empty when the clusters agree with the file. An error when the asking itself went wrong.
pub(crate) fn online(config: &Config, plugins: &Plugins) -> anyhow::Result<Vec<String>> {
    let mut complaints = Vec::new();
    for pipeline in &config.pipelines {
        let plugin = plugins.of(&pipeline.name).context("a pipeline without its plugin")?;
        match check_brokers(pipeline, plugin, TIMEOUT) {
            Ok(()) => {}
            Err(Stopped::Thread(error)) => return Err(error.into()),
            Err(complaint) => complaints.push(format!("pipelines.{}: {complaint}", pipeline.name)),
        }
    }
    Ok(complaints)
}
