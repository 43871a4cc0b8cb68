//! The plugins of a configuration, behind the seam that workers know.
//!
//! [`Plugins::load`] finds everything that is wrong with them before a broker is asked, as problems with a place in the file;
//! what it returns is loaded for as long as the process lives, whatever becomes of the files. Says nothing about what a plugin
//! may do; that is the sandbox's. Called by the verbs `run` and `lint`; `start` takes one [`BoundPlugin`] for its workers.

use crate::letters::HOST_CODES;
#[cfg(feature = "native-plugins")]
use crate::native::Native;
use std::collections::BTreeMap;
use std::path::Path;
use wasmill_config::{Config, Pipeline, PluginKind, Problem, WasmPlugin};
use wasmill_record::{Batch, Invoke};
use wasmill_sandbox::{BindProblem, Binding, Cache, Engine, LoadError, Plugin, Request};
use wasmill_telemetry::PipelineMetrics;

#[cfg(feature = "native-plugins")]
pub use crate::native::NATIVE_PLUGINS;

/// The native plugins that this build has: none without the feature `native-plugins`.
#[cfg(not(feature = "native-plugins"))]
pub const NATIVE_PLUGINS: &[&str] = &[];

/// The plugin of every pipeline.
#[derive(Default)]
pub struct Plugins {
    /// By the pipeline's name.
    bound: BTreeMap<String, BoundPlugin>,
}

/// Why plugins can't be run.
#[derive(Debug, thiserror::Error)]
pub enum PluginsError {
    /// The user's to fix: all of them, in the order of the file.
    #[error("{}", joined(.0))]
    Problems(Vec<Problem>),
    /// The machine's, or ours.
    #[error("{0}")]
    Host(String),
}

fn joined(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Plugins {
    /// Loads each plugin of the file once, used or not, and looks whether it fits the pipelines that name it. Compiled code is
    /// kept in the folder `cache` and taken from there; without one everything is compiled. Runs code of the plugins.
    pub fn load(config: &Config, cache: Option<&Path>) -> Result<Plugins, PluginsError> {
        let mut loaded: BTreeMap<&str, Plugin> = BTreeMap::new();
        let mut problems = Vec::new();
        if !config.plugins.is_empty() {
            let engine = Engine::new().map_err(|error| PluginsError::Host(error.to_string()))?;
            let cache = cache.map(|folder| open_cache(folder, config)).transpose()?;
            for plugin in &config.plugins {
                match load(&engine, cache.as_ref(), plugin) {
                    Ok(ready) => drop(loaded.insert(&plugin.name, ready)),
                    Err(error) if error.is_users() => problems.extend(placed(plugin, &error)),
                    Err(error) => return Err(PluginsError::Host(error.to_string())),
                }
            }
        }
        let mut bound = BTreeMap::new();
        for pipeline in &config.pipelines {
            match bind(pipeline, &loaded) {
                Ok(Some(plugin)) => drop(bound.insert(pipeline.name.clone(), plugin)),
                Ok(None) => {} // its plugin did not load
                Err(unfit) => problems.extend(unfit),
            }
        }
        if problems.is_empty() {
            return Ok(Plugins { bound });
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        Err(PluginsError::Problems(problems))
    }

    /// The plugin of the pipeline with this name.
    pub fn of(&self, pipeline: &str) -> Option<&BoundPlugin> {
        self.bound.get(pipeline)
    }
}

fn open_cache(folder: &Path, config: &Config) -> Result<Cache, PluginsError> {
    Cache::open(folder).map_err(|error| {
        // It belongs to all plugins: the first one stands for them.
        let place = config.plugins.first().map(|plugin| plugin.place.problem(error.to_string(), None));
        PluginsError::Problems(place.into_iter().collect())
    })
}

fn load(engine: &Engine, cache: Option<&Cache>, plugin: &WasmPlugin) -> Result<Plugin, LoadError> {
    let request = Request { file: &plugin.file, config: &plugin.config, limits: plugin.limits, log: None };
    Plugin::load(engine, cache, request)
}

/// What is wrong with a configuration has its line there, everything else that of the file's name.
fn placed(plugin: &WasmPlugin, error: &LoadError) -> Vec<Problem> {
    match error.config_problems() {
        Some(problems) => {
            problems.0.iter().map(|problem| plugin.places.problem(&problem.pointer, &problem.message, None)).collect()
        }
        None => vec![plugin.place.problem(error.to_string(), None)],
    }
}

/// `None`: the pipeline's plugin is not among `loaded`.
fn bind(pipeline: &Pipeline, loaded: &BTreeMap<&str, Plugin>) -> Result<Option<BoundPlugin>, Vec<Problem>> {
    let wasm = match &pipeline.plugin.kind {
        PluginKind::Wasm(wasm) => wasm,
        PluginKind::Native(name) => return native(name, pipeline).map(Some),
    };
    let Some(plugin) = loaded.get(wasm.name.as_str()) else { return Ok(None) };
    let inputs: Vec<(&str, &str)> =
        pipeline.inputs.iter().map(|input| (input.name.as_str(), input.topic.as_str())).collect();
    let outputs: Vec<&str> = pipeline.outputs.iter().map(|output| output.name.as_str()).collect();
    match plugin.bind(&pipeline.name, &inputs, &outputs) {
        Ok(binding) => {
            let (name, plugin) = (wasm.name.clone(), plugin.clone());
            Ok(Some(BoundPlugin(Kind::Wasm { name, plugin, binding })))
        }
        Err(unfit) => Err(unfit.iter().map(|unfit| misfit(unfit, pipeline)).collect()),
    }
}

/// At the name that the plugin has not got, or where a missing one would be.
fn misfit(unfit: &BindProblem, pipeline: &Pipeline) -> Problem {
    let place = match unfit {
        BindProblem::UnknownInput { name, .. } => {
            pipeline.inputs.iter().find(|input| input.name == *name).map(|input| &input.place)
        }
        BindProblem::UnknownOutput { name, .. } => {
            pipeline.outputs.iter().find(|output| output.name == *name).map(|output| &output.place)
        }
        BindProblem::MissingOutput { .. } => Some(&pipeline.outputs_place),
        BindProblem::MissingInput { .. } | BindProblem::OneInput { .. } => Some(&pipeline.inputs_place),
    };
    place.unwrap_or(&pipeline.plugin.place).problem(unfit.to_string(), None)
}

#[cfg(feature = "native-plugins")]
fn native(name: &str, pipeline: &Pipeline) -> Result<BoundPlugin, Vec<Problem>> {
    match Native::find(name) {
        Some(native) => Ok(BoundPlugin(Kind::Native(native))),
        None => Err(vec![pipeline.plugin.place.problem(format!("`{name}` is not a native plugin"), None)]),
    }
}

#[cfg(not(feature = "native-plugins"))]
fn native(name: &str, pipeline: &Pipeline) -> Result<BoundPlugin, Vec<Problem>> {
    let message = format!("`{name}` is not in this build of wasmill, which has no native plugins");
    Err(vec![pipeline.plugin.place.problem(message, None)])
}

/// A plugin with the inputs and outputs of one pipeline.
#[derive(Clone)]
pub struct BoundPlugin(Kind);

#[derive(Clone)]
enum Kind {
    #[cfg(feature = "native-plugins")]
    Native(Native),
    Wasm {
        /// In the configuration.
        name: String,
        plugin: Plugin,
        binding: Binding,
    },
}

impl BoundPlugin {
    /// For one worker.
    pub(crate) fn instance<B: Batch>(&self) -> Box<dyn Invoke<B>> {
        match &self.0 {
            #[cfg(feature = "native-plugins")]
            Kind::Native(native) => Box::new(*native),
            Kind::Wasm { plugin, binding, .. } => Box::new(plugin.instance(binding.clone())),
        }
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        match &self.0 {
            #[cfg(feature = "native-plugins")]
            Kind::Native(native) => native.name(),
            Kind::Wasm { name, .. } => name,
        }
    }

    /// `sha256:<hex>` of the plugin's file; native ones have none.
    pub fn digest(&self) -> Option<&str> {
        match &self.0 {
            #[cfg(feature = "native-plugins")]
            Kind::Native(_) => None,
            Kind::Wasm { plugin, .. } => Some(plugin.digest()),
        }
    }

    /// Tells the metrics which plugin runs, and which codes it may have as a label.
    pub(crate) fn introduce(&self, metrics: &PipelineMetrics) {
        match &self.0 {
            #[cfg(feature = "native-plugins")]
            Kind::Native(_) => {}
            Kind::Wasm { name, plugin, .. } => {
                metrics.plugin(name, plugin.digest());
                let own = plugin.manifest().codes.iter().cloned();
                metrics.codes(own.chain(HOST_CODES.iter().map(|code| (*code).to_owned())));
            }
        }
    }
}
