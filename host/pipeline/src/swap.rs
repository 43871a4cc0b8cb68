//! Gives running pipelines the plugin that its file holds now: docs/decisions/0008.
//!
//! Called on a thread of the control plane, by a signal, the admin port or a changed file. Does not know who asked.

use crate::current::Current;
use crate::plugin::{BoundPlugin, Loader};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wasmill_config::{Pipeline, PluginKind, WasmPlugin};
use wasmill_sandbox::Plugin;
use wasmill_telemetry::Metrics;

/// How long workers are waited for; a commit takes less. A worker that is later swaps all the same.
pub const ADOPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Swaps the plugins of a process, one swap at a time.
pub struct Swapper {
    pipelines: Vec<(Pipeline, Arc<Current>)>,
    metrics: Metrics,
    /// Locked for the length of a swap.
    loader: Mutex<Loader>,
}

/// What became of one pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swapped {
    pub pipeline: String,
    /// The plugin's name in the configuration.
    pub plugin: String,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// `sha256:<hex>` of the files; `late` workers have not got there within [`ADOPT_TIMEOUT`]; `pause` is the longest time
    /// that a worker spent on it between two batches.
    Swapped { before: String, after: String, workers: usize, late: usize, pause: Duration },
    /// The file is the one that runs.
    Same { digest: String },
    /// The last good version goes on; one line for each thing that is wrong with the new one.
    Refused { problems: Vec<String> },
    /// It has no file.
    Native,
}

/// There is no pipeline of this name in the process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no pipeline `{name}`; there are: {}", .known.join(", "))]
pub struct UnknownPipeline {
    pub name: String,
    pub known: Vec<String>,
}

impl Swapper {
    pub fn new(pipelines: Vec<(Pipeline, Arc<Current>)>, loader: Loader, metrics: Metrics) -> Swapper {
        Swapper { pipelines, metrics, loader: Mutex::new(loader) }
    }

    /// Swaps the pipelines of these names, or all. Takes as long as the plugins take to compile, and at most
    /// [`ADOPT_TIMEOUT`] for each pipeline on top; waits for a swap that is under way.
    ///
    /// # Errors
    /// For a name that is not there; nothing is swapped then.
    pub fn swap(&self, names: &[String]) -> Result<Vec<Swapped>, UnknownPipeline> {
        if let Some(name) = names.iter().find(|name| !self.pipelines.iter().any(|(it, _)| it.name == **name)) {
            let known = self.pipelines.iter().map(|(pipeline, _)| pipeline.name.clone()).collect();
            return Err(UnknownPipeline { name: name.clone(), known });
        }
        let loader = self.loader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut loaded = BTreeMap::new();
        let wanted = self.pipelines.iter().filter(|(it, _)| names.is_empty() || names.contains(&it.name));
        Ok(wanted.map(|(pipeline, current)| self.swap_one(&loader, &mut loaded, pipeline, current)).collect())
    }

    /// The pipelines that run one of these plugins, by the names of the configuration.
    pub fn pipelines_of(&self, plugins: &[&str]) -> Vec<String> {
        let runs = |it: &&(Pipeline, Arc<Current>)| plugins.contains(&it.0.plugin.name());
        self.pipelines.iter().filter(runs).map(|(pipeline, _)| pipeline.name.clone()).collect()
    }

    /// Each file is read once, however many pipelines run it.
    fn swap_one(
        &self,
        loader: &Loader,
        loaded: &mut BTreeMap<String, Result<Plugin, Vec<String>>>,
        pipeline: &Pipeline,
        current: &Current,
    ) -> Swapped {
        let (plugin, verdict) = match &pipeline.plugin.kind {
            PluginKind::Native(name) => (name.clone(), Verdict::Native),
            PluginKind::Wasm(wasm) => {
                let plugin = loaded.entry(wasm.name.clone()).or_insert_with(|| load(loader, wasm));
                (wasm.name.clone(), self.give(pipeline, current, plugin))
            }
        };
        let swapped = Swapped { pipeline: pipeline.name.clone(), plugin, verdict };
        self.tell(&swapped);
        swapped
    }

    fn give(&self, pipeline: &Pipeline, current: &Current, plugin: &Result<Plugin, Vec<String>>) -> Verdict {
        let plugin = match plugin {
            Ok(plugin) => plugin,
            Err(problems) => return Verdict::Refused { problems: problems.clone() },
        };
        let before = current.plugin();
        let digest = |plugin: &BoundPlugin| plugin.digest().unwrap_or_default().to_owned();
        if digest(&before) == plugin.digest() {
            return Verdict::Same { digest: plugin.digest().to_owned() };
        }
        let after = match BoundPlugin::bind(pipeline, plugin, Some(before.stores())) {
            Ok(after) => after,
            Err(problems) => return Verdict::Refused { problems: problems.iter().map(ToString::to_string).collect() },
        };
        let (told, adopted) = current.replace(&after);
        let metrics = self.metrics.pipeline(&pipeline.name);
        before.retire(&metrics);
        after.introduce(&metrics);
        let deadline = Instant::now() + ADOPT_TIMEOUT;
        let pauses: Vec<Duration> =
            (0..told).map_while(|_| adopted.recv_deadline(deadline).ok()).map(|adopted| adopted.pause).collect();
        let (workers, late) = (pauses.len(), told - pauses.len());
        let pause = pauses.into_iter().max().unwrap_or_default();
        Verdict::Swapped { before: digest(&before), after: digest(&after), workers, late, pause }
    }

    fn tell(&self, swapped: &Swapped) {
        let Swapped { pipeline, plugin, verdict } = swapped;
        let metrics = self.metrics.pipeline(pipeline);
        match verdict {
            Verdict::Swapped { before, after, workers, late, pause } => {
                metrics.swaps.swapped.inc();
                let pause_ms = pause.as_secs_f64() * 1e3;
                tracing::info!(pipeline, plugin, digest = after, before, workers, late, pause_ms, "swapped");
            }
            Verdict::Same { digest } => {
                tracing::info!(pipeline, plugin, digest, "not swapped: its file is the one that runs")
            }
            Verdict::Refused { problems } => {
                metrics.swaps.refused.inc();
                for problem in problems {
                    tracing::error!(pipeline, plugin, "not swapped, the last good version goes on: {problem}");
                }
            }
            Verdict::Native => tracing::info!(pipeline, plugin, "not swapped: it is native"),
        }
    }
}

fn load(loader: &Loader, wasm: &WasmPlugin) -> Result<Plugin, Vec<String>> {
    loader.load(wasm).map_err(|error| match error.config_problems() {
        Some(problems) => problems.0.iter().map(|it| format!("config{}: {}", it.pointer, it.message)).collect(),
        None => vec![error.to_string()],
    })
}
