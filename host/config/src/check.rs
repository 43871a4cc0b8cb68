//! Raw sections to the checked configuration: defaults filled in, references resolved, values compared with each other.
//!
//! Goes on after a problem, so that all are found; parts that can't be built are `None`. Called by [`crate::load_str`].

mod cluster;
mod inputs;
mod limits;
mod pipeline;
mod plugin;
mod state;

use std::path::Path;

use crate::Checks;
use crate::checked::{Admin, Cluster, Config, Pipeline};
use crate::problem::Problems;
use crate::raw::Raw;
use crate::tree::{At, Node};

/// What every check may need.
pub(crate) struct Context<'a> {
    /// The file, for the digest.
    pub(crate) tree: &'a Node,
    /// What paths are relative to.
    pub(crate) folder: &'a Path,
    pub(crate) checks: &'a Checks<'a>,
    pub(crate) problems: &'a Problems,
}

/// The configuration; complete only when no problem has been reported.
pub(crate) fn config(raw: Raw, context: &Context<'_>) -> Option<Config> {
    let problems = context.problems;
    let version = raw.version.required(problems, "version: 1");
    let clusters = clusters(
        raw.clusters.required(problems, "clusters: { main: { bootstrap_servers: \"localhost:9092\" } }"),
        context,
    );
    let plugins = plugin::Plugins::read(raw.plugins, context);
    let pipelines = pipelines(raw.pipelines.required(problems, "pipelines:"), clusters.as_ref(), &plugins, context);
    let (state_directory, state) = state::state(raw.state, context);
    let admin = raw.admin.value().and_then(|admin| admin.listen.required(problems, "listen: \"127.0.0.1:8090\""));
    version?;
    let pipelines = pipelines?;
    Some(Config {
        warnings: plugins.unused(&pipelines, context),
        plugins: plugins.into_checked(),
        pipelines,
        admin: admin.map(|(listen, _)| Admin { listen: listen.0 }),
        state_directory,
        state,
    })
}

/// Every cluster of the file by name; `None` for one that has problems of its own.
type Clusters = Vec<(String, Option<Cluster>)>;

fn clusters(raw: Option<(crate::raw::Clusters, At)>, context: &Context<'_>) -> Option<Clusters> {
    let (raw, at) = raw?;
    if raw.items.is_empty() {
        let hint = "add for example `main: { bootstrap_servers: \"localhost:9092\" }`";
        context.problems.push(&at, "there is no cluster", Some(hint.to_owned()));
        return None;
    }
    Some(raw.items.into_iter().map(|item| (item.name.clone(), cluster::cluster(item, context))).collect())
}

fn pipelines(
    raw: Option<(crate::raw::Pipelines, At)>,
    clusters: Option<&Clusters>,
    plugins: &plugin::Plugins,
    context: &Context<'_>,
) -> Option<Vec<Pipeline>> {
    let (raw, at) = raw?;
    if raw.items.is_empty() {
        context.problems.push(&at, "there is no pipeline", Some("add one".to_owned()));
    }
    let mut groups = pipeline::Groups::default();
    let built: Vec<Option<Pipeline>> =
        raw.items.into_iter().map(|item| pipeline::pipeline(item, clusters, plugins, &mut groups, context)).collect();
    built.into_iter().collect()
}
