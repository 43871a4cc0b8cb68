//! The plugins of a configuration, behind the seam that workers know.
//!
//! [`Plugins::load`] finds everything that is wrong with them before a broker is asked, as problems with a place in the file;
//! what it returns stays loaded, whatever becomes of the files, until [`crate::Swapper`] replaces it. Says nothing about what a plugin
//! may do; that is the sandbox's. Called by the verbs `run` and `lint`; `start` takes one [`BoundPlugin`] for its workers.

use crate::letters::HOST_CODES;
#[cfg(feature = "native-plugins")]
use crate::native::Native;
use std::collections::BTreeMap;
use std::path::Path;
use wasmill_config::{Config, Delivery, Pipeline, PluginKind, Problem, WasmPlugin};
use wasmill_record::{Batch, Invoke};
use wasmill_sandbox::{BindProblem, Binding, Cache, CacheError, Engine, LoadError, Plugin, Request};
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
    /// The user's to fix, too, but nowhere in the file.
    #[error("{0}")]
    Cache(CacheError),
    /// The machine's, or ours.
    #[error("{0}")]
    Host(String),
}

fn joined(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Plugins {
    /// Loads each plugin of the file once, used or not, and looks whether it fits the pipelines that name it. Runs code of
    /// the plugins.
    pub fn load(config: &Config, loader: &Loader) -> Result<Plugins, PluginsError> {
        let mut loaded: BTreeMap<&str, Plugin> = BTreeMap::new();
        let mut problems = Vec::new();
        for plugin in &config.plugins {
            match loader.load(plugin) {
                Ok(ready) => drop(loaded.insert(&plugin.name, ready)),
                Err(error) if error.is_users() => problems.extend(placed(plugin, &error)),
                Err(error) => return Err(PluginsError::Host(error.to_string())),
            }
        }
        let mut bound = BTreeMap::new();
        for pipeline in &config.pipelines {
            match bind(pipeline, &loaded) {
                Ok(Some(plugin)) => {
                    problems.extend(state_problems(config, pipeline, plugin.stores()));
                    bound.insert(pipeline.name.clone(), plugin);
                }
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

/// What is wrong with a pipeline that keeps state in these stores.
fn state_problems(config: &Config, pipeline: &Pipeline, stores: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let place = &pipeline.plugin.place;
    let names = stores.join(", ");
    if !stores.is_empty() && config.state_directory.is_none() {
        let hint = "add at the end of the file: `state: { directory: /var/lib/wasmill }`".to_owned();
        problems
            .push(place.problem(format!("the plugin keeps state ({names}) and there is no place for it"), Some(hint)));
    }
    if !stores.is_empty() && pipeline.delivery == Delivery::AtLeastOnce {
        let message = format!("the plugin keeps state ({names}); records that come twice would be counted twice");
        problems.push(place.problem(message, Some("take `delivery: at_least_once` out".to_owned())));
    }
    for options in pipeline.stores.iter().filter(|options| !stores.contains(&options.name)) {
        let known = if stores.is_empty() { "it has none".to_owned() } else { format!("there are: {names}") };
        problems.push(options.place.problem(format!("the plugin has no store `{}`; {known}", options.name), None));
    }
    problems
}

/// A folder that others can write to is refused; one that can't be had costs only time.
fn open_cache(folder: &Path) -> Result<Option<Cache>, PluginsError> {
    match Cache::open(folder) {
        Ok(cache) => Ok(Some(cache)),
        Err(error @ CacheError::Open { .. }) => {
            tracing::warn!("{error}; plugins are compiled at every start");
            Ok(None)
        }
        Err(error @ CacheError::Untrusted { .. }) => Err(PluginsError::Cache(error)),
    }
}

/// What every load of a plugin needs.
pub struct Loader {
    engine: Engine,
    cache: Option<Cache>,
}

impl Loader {
    /// Compiled code is kept in the folder `cache` and taken from there; without one everything is compiled.
    pub fn new(cache: Option<&Path>) -> Result<Loader, PluginsError> {
        let engine = Engine::new().map_err(|error| PluginsError::Host(error.to_string()))?;
        Ok(Loader { engine, cache: cache.map(open_cache).transpose()?.flatten() })
    }

    pub(crate) fn load(&self, plugin: &WasmPlugin) -> Result<Plugin, LoadError> {
        let request = Request { file: &plugin.file, config: &plugin.config, limits: plugin.limits, log: None };
        Plugin::load(&self.engine, self.cache.as_ref(), request)
    }
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
    loaded.get(wasm.name.as_str()).map(|plugin| BoundPlugin::bind(pipeline, plugin, None)).transpose()
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
        BindProblem::UnknownStore { .. } => None,
    };
    place.unwrap_or(&pipeline.plugin.place).problem(unfit.to_string(), None)
}

#[cfg(feature = "native-plugins")]
fn native(name: &str, pipeline: &Pipeline) -> Result<BoundPlugin, Vec<Problem>> {
    BoundPlugin::native(name)
        .ok_or_else(|| vec![pipeline.plugin.place.problem(format!("`{name}` is not a native plugin"), None)])
}

#[cfg(not(feature = "native-plugins"))]
fn native(name: &str, pipeline: &Pipeline) -> Result<BoundPlugin, Vec<Problem>> {
    let message = format!("`{name}` is not in this build of wasmill, which has no native plugins");
    Err(vec![pipeline.plugin.place.problem(message, None)])
}

/// How a store's keys and values are written, as the manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreForm {
    pub name: String,
    pub key: String,
    pub value: String,
}

/// A plugin with the inputs and outputs of one pipeline.
#[derive(Clone)]
pub struct BoundPlugin(Kind);

impl std::fmt::Debug for BoundPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoundPlugin").field("name", &self.name()).field("digest", &self.digest()).finish()
    }
}

#[derive(Clone)]
enum Kind {
    #[cfg(feature = "native-plugins")]
    Native {
        native: Native,
        /// Of the pipeline, by its numbers.
        stores: Vec<String>,
    },
    Wasm {
        /// In the configuration.
        name: String,
        plugin: Plugin,
        binding: Binding,
        /// Of the pipeline, by its numbers.
        stores: Vec<String>,
    },
}

impl BoundPlugin {
    /// One of [`NATIVE_PLUGINS`].
    #[cfg(feature = "native-plugins")]
    pub fn native(name: &str) -> Option<BoundPlugin> {
        Native::find(name).map(|native| BoundPlugin(Kind::Native { native, stores: native.stores() }))
    }

    /// With the names of its inputs, outputs and stores looked up. `stores` are those that a running pipeline has opened;
    /// `None`: it will open what the plugin uses.
    ///
    /// # Errors
    /// Everything that does not fit, with its place in the file.
    pub(crate) fn bind(
        pipeline: &Pipeline,
        plugin: &Plugin,
        stores: Option<&[String]>,
    ) -> Result<BoundPlugin, Vec<Problem>> {
        let inputs: Vec<(&str, &str)> =
            pipeline.inputs.iter().map(|input| (input.name.as_str(), input.topic.as_str())).collect();
        let outputs: Vec<&str> = pipeline.outputs.iter().map(|output| output.name.as_str()).collect();
        let used = || plugin.manifest().used_stores().map(|store| store.name.clone()).collect();
        let stores: Vec<String> = stores.map_or_else(used, <[String]>::to_vec);
        let names: Vec<&str> = stores.iter().map(String::as_str).collect();
        let bound = plugin.bind(&pipeline.name, &inputs, &outputs, &names);
        let binding = bound.map_err(|unfit| unfit.iter().map(|it| misfit(it, pipeline)).collect::<Vec<_>>())?;
        let name = pipeline.plugin.name().to_owned();
        Ok(BoundPlugin(Kind::Wasm { name, plugin: plugin.clone(), binding, stores }))
    }

    /// Names of the pipeline's stores, by number.
    pub fn stores(&self) -> &[String] {
        match &self.0 {
            #[cfg(feature = "native-plugins")]
            Kind::Native { stores, .. } => stores,
            Kind::Wasm { stores, .. } => stores,
        }
    }

    /// How the keys and values of its stores are written, for tools that show them.
    pub fn store_forms(&self) -> Vec<StoreForm> {
        match &self.0 {
            #[cfg(feature = "native-plugins")]
            Kind::Native { stores, .. } => {
                let form = |name: &String| StoreForm { name: name.clone(), key: "string".into(), value: "json".into() };
                stores.iter().map(form).collect()
            }
            Kind::Wasm { plugin, .. } => {
                let stores = plugin.manifest().used_stores();
                stores
                    .map(|it| StoreForm { name: it.name.clone(), key: it.key.clone(), value: it.value.clone() })
                    .collect()
            }
        }
    }

    /// For one worker.
    pub(crate) fn instance<B: Batch>(&self) -> Box<dyn Invoke<B>> {
        match &self.0 {
            #[cfg(feature = "native-plugins")]
            Kind::Native { native, .. } => native.instance(),
            Kind::Wasm { plugin, binding, .. } => Box::new(plugin.instance(binding.clone())),
        }
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        match &self.0 {
            #[cfg(feature = "native-plugins")]
            Kind::Native { native, .. } => native.name(),
            Kind::Wasm { name, .. } => name,
        }
    }

    /// `sha256:<hex>` of the plugin's file; native ones have none.
    pub fn digest(&self) -> Option<&str> {
        match &self.0 {
            #[cfg(feature = "native-plugins")]
            Kind::Native { .. } => None,
            Kind::Wasm { plugin, .. } => Some(plugin.digest()),
        }
    }

    /// Tells the metrics that it is not this plugin any more.
    pub(crate) fn retire(&self, metrics: &PipelineMetrics) {
        if let Some(digest) = self.digest() {
            metrics.not_plugin(self.name(), digest);
        }
    }

    /// Tells the metrics which plugin runs, and which codes it may have as a label.
    pub(crate) fn introduce(&self, metrics: &PipelineMetrics) {
        match &self.0 {
            #[cfg(feature = "native-plugins")]
            Kind::Native { .. } => {}
            Kind::Wasm { name, plugin, .. } => {
                metrics.plugin(name, plugin.digest());
                let own = plugin.manifest().codes.iter().cloned();
                metrics.codes(own.chain(HOST_CODES.iter().map(|code| (*code).to_owned())));
            }
        }
    }
}
