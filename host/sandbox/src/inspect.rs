//! What a plugin is, without a configuration: for `wasmill plugin inspect`.

use crate::cache::Cache;
use crate::compile::compile;
use crate::engine::Engine;
use crate::exports::{Exports, World};
use crate::file::{Code, LoadError};
use crate::imports::Imports;
use crate::load::introduce;
use crate::manifest::Manifest;
use crate::wasi::log::to_tracing;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use wasmill_config::PluginLimits;

/// Everything that could be found out.
#[derive(Debug)]
pub struct Inspection {
    /// Of the file.
    pub bytes: usize,
    /// `sha256:<hex>` of the file.
    pub digest: String,
    /// Wall time to machine code.
    pub compile_time: Duration,
    /// It was in the cache.
    pub cached: bool,
    pub imports: Imports,
    /// `None`: it exports neither.
    pub world: Option<World>,
    /// What it says about itself, checked, and in its own words. An error: why it can't be asked or what is wrong with the
    /// answer; `Plugin::load` would fail with the same one.
    pub manifest: Result<(Manifest, Value), LoadError>,
}

/// # Errors
/// The file can't be read or compiled.
pub fn inspect(
    engine: &Engine,
    cache: Option<&Cache>,
    file: &Path,
    limits: PluginLimits,
) -> Result<Inspection, LoadError> {
    let code = Code::read(file, limits.module_bytes_max)?;
    let compiled = compile(engine, cache, code, limits.compile_deadline)?;
    let imports = Imports::of(engine.wasmtime(), &compiled.component);
    let world = Exports::find(&compiled.component).ok().map(|exports| exports.world);
    let introduced = introduce(engine, &compiled, limits, &to_tracing());
    // It was parsed before.
    let manifest = introduced.map(|it| (it.manifest, serde_json::from_str(&it.said).unwrap_or_default()));
    Ok(Inspection {
        bytes: compiled.bytes,
        digest: compiled.digest,
        compile_time: compiled.took,
        cached: compiled.cached,
        imports,
        world,
        manifest,
    })
}
