//! A plugin, from its file to the point where instances can be started. Everything that can be wrong with it is found here,
//! so that a worker never finds it.

use crate::bind::{BindProblem, Binding};
use crate::cache::Cache;
use crate::compile::{Compiled, compile};
use crate::configuration::ConfigProblems;
use crate::configure;
use crate::engine::Engine;
use crate::exports::{Exports, World};
use crate::file::{Code, LoadError};
use crate::imports::Imports;
use crate::instance::Instance;
use crate::lifecycle::{Linked, Started};
use crate::manifest::Manifest;
use crate::schema::Schema;
use crate::telemetry::Counters;
use crate::wasi::log::{Log, LogSink, to_tracing};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use wasmill_config::PluginLimits;
use wasmill_record::InvokeError;

/// What a configuration file says about a plugin.
#[derive(Clone)]
pub struct Request<'a> {
    pub file: &'a Path,
    /// The plugin's own section; where there is none, an empty object.
    pub config: &'a Value,
    pub limits: PluginLimits,
    /// Where its lines go; `None`: into the process's log.
    pub log: Option<LogSink>,
}

/// A loaded and configured plugin. Clones share it; it may be used from any thread.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) loaded: Arc<Loaded>,
}

pub(crate) struct Loaded {
    pub(crate) linked: Linked,
    pub(crate) manifest: Manifest,
    pub(crate) digest: String,
    pub(crate) config: String,
    pub(crate) log: LogSink,
    cached: bool,
    compile_time: std::time::Duration,
}

impl Plugin {
    /// Reads, compiles, checks and configures it. Runs code of the plugin, on this thread, which must not be one of an
    /// async runtime.
    ///
    /// # Errors
    /// The first stage that fails; within a stage everything that is wrong.
    pub fn load(engine: &Engine, cache: Option<&Cache>, request: Request<'_>) -> Result<Plugin, LoadError> {
        let Request { file, config, limits, log } = request;
        let log = log.unwrap_or_else(to_tracing);
        let code = Code::read(file, limits.module_bytes_max)?;
        let compiled = compile(engine, cache, code, limits.compile_deadline)?;
        let Introduced { linked, mut started, mut manifest, .. } = introduce(engine, &compiled, limits, &log)?;
        let Compiled { file, digest, took, cached, .. } = compiled;

        check_config(&file, &manifest, config)?;
        let config = config.to_string();
        match started.configure(&linked, &config).map_err(|error| failed(&file, "configure", error))? {
            Ok(None) => {}
            Ok(Some(answer)) => configure::apply(&mut manifest, &answer)
                .map_err(|problems| LoadError::Manifest { file: file.clone(), problems })?,
            Err(problems) => {
                let problems = ConfigProblems::of(problems.into_iter().map(|it| (it.path, it.message)));
                // An author who says no without a reason still says no.
                let none = || ConfigProblems::one("", "is refused by the plugin, which does not say why");
                let problems = if problems.is_empty() { none() } else { problems };
                return Err(LoadError::Config { file, problems });
            }
        }
        tracing::debug!(plugin = manifest.name, file, digest, cached, took_ms = took.as_millis() as u64, "loaded");
        let loaded = Loaded { linked, manifest, digest, config, log, cached, compile_time: took };
        Ok(Plugin { loaded: Arc::new(loaded) })
    }

    /// What it says about itself with this configuration.
    pub fn manifest(&self) -> &Manifest {
        &self.loaded.manifest
    }

    /// `sha256:<hex>` of the file.
    pub fn digest(&self) -> &str {
        &self.loaded.digest
    }

    pub fn world(&self) -> World {
        self.loaded.linked.exports.world
    }

    pub fn limits(&self) -> &PluginLimits {
        &self.loaded.linked.limits
    }

    /// Wall time to machine code, and whether it came out of the cache.
    pub fn compile_time(&self) -> (std::time::Duration, bool) {
        (self.loaded.compile_time, self.loaded.cached)
    }

    /// Numbers for the names of a pipeline: `inputs` are (name, topic), `outputs` and `stores` names, all by the pipeline's
    /// numbers.
    ///
    /// # Errors
    /// Everything that does not fit, at once.
    pub fn bind(
        &self,
        pipeline: &str,
        inputs: &[(&str, &str)],
        outputs: &[&str],
        stores: &[&str],
    ) -> Result<Binding, Vec<BindProblem>> {
        Binding::new(&self.loaded.manifest, pipeline, inputs, outputs, stores)
    }

    /// One worker's. Nothing is started yet: the first call does.
    pub fn instance(&self, binding: Binding) -> Instance {
        Instance::new(self.clone(), binding)
    }
}

/// A plugin that has said what it is.
pub(crate) struct Introduced {
    pub(crate) linked: Linked,
    pub(crate) started: Started,
    pub(crate) manifest: Manifest,
    pub(crate) said: String,
}

/// Checks imports and exports, links, starts and asks `describe`.
pub(crate) fn introduce(
    engine: &Engine,
    compiled: &Compiled,
    limits: PluginLimits,
    log: &LogSink,
) -> Result<Introduced, LoadError> {
    let file = || compiled.file.clone();
    let contract = |what: String| LoadError::Contract { file: file(), what };
    let names = Imports::of(engine.wasmtime(), &compiled.component).refused;
    if !names.is_empty() {
        return Err(LoadError::Imports { file: file(), names });
    }
    let exports = Exports::find(&compiled.component).map_err(contract)?;
    // What is left are functions and versions that an interface of a known name has not got.
    let pre = engine.linker().instantiate_pre(&compiled.component);
    let pre = pre.map_err(|error| contract(format!("imports what wasmill has not got: {error:#}")))?;
    let linked = Linked { engine: engine.clone(), pre, exports, limits };
    let log = Log::new(&compiled.file, limits.log_bytes_per_s, Arc::clone(log));
    // No manifest, no counters: adding to one before it is described is a breach.
    let started = Started::new(&linked, log, Counters::default());
    let mut started = started.map_err(|error| failed(&compiled.file, "its start", error))?;
    started.check_types(exports.world).map_err(contract)?;
    let said = started.describe(&linked).map_err(|error| failed(&compiled.file, "describe", error))?;
    let manifest = Manifest::parse(&said).map_err(|problems| LoadError::Manifest { file: file(), problems })?;
    Ok(Introduced { linked, started, manifest, said })
}

/// Against the plugin's own schema, before any code of the plugin sees it.
fn check_config(file: &str, manifest: &Manifest, config: &Value) -> Result<(), LoadError> {
    let Some(schema) = &manifest.config_schema else { return Ok(()) };
    let manifest = |message| LoadError::Manifest {
        file: file.to_owned(),
        problems: ConfigProblems::one("/config-schema", message),
    };
    let problems = Schema::new(schema).map_err(manifest)?.check(config);
    if problems.is_empty() { Ok(()) } else { Err(LoadError::Config { file: file.to_owned(), problems }) }
}

fn failed(file: &str, during: &'static str, error: InvokeError) -> LoadError {
    let file = file.to_owned();
    match error {
        InvokeError::Guest(failure) => {
            LoadError::Guest { file, during, code: failure.kind.code(), message: failure.message }
        }
        InvokeError::Host(message) => LoadError::Host { file, message },
    }
}
