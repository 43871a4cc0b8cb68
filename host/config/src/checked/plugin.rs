//! The plugin of a pipeline: what is loaded, what it is given, and what it may use.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::place::{ConfigPlaces, Place};

/// What a pipeline does with each record.
#[derive(Debug, Clone)]
pub struct Plugin {
    pub kind: PluginKind,
    /// Where the pipeline names it.
    pub place: Place,
}

impl Plugin {
    /// As the pipeline writes it.
    pub fn name(&self) -> &str {
        match &self.kind {
            PluginKind::Native(name) => name,
            PluginKind::Wasm(wasm) => &wasm.name,
        }
    }
}

#[derive(Debug, Clone)]
pub enum PluginKind {
    /// Compiled in, for tests and benches: one of [`Checks::native_plugins`](crate::Checks).
    Native(String),
    Wasm(Arc<WasmPlugin>),
}

/// A plugin of the section `plugins`.
#[derive(Clone)]
pub struct WasmPlugin {
    /// `[a-z0-9-]{1,64}`.
    pub name: String,
    /// Was there, and a file, when the configuration was loaded.
    pub file: PathBuf,
    /// What the plugin is given: an object, `{}` when none is written. Values of the environment are in it.
    pub config: Value,
    pub limits: PluginLimits,
    /// Where its `file` is named.
    pub place: Place,
    /// Where the values of `config` are.
    pub places: ConfigPlaces,
}

/// Without `config`, which may hold what the environment gave.
impl fmt::Debug for WasmPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WasmPlugin { name, file, limits, config: _, place: _, places: _ } = self;
        f.debug_struct("WasmPlugin")
            .field("name", name)
            .field("file", file)
            .field("config", &format_args!("***"))
            .field("limits", limits)
            .finish_non_exhaustive()
    }
}

/// What one plugin may use at most. What each limit guards against is said where it is enforced (`host/sandbox`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PluginLimits {
    /// CPU time of one record alone: 1 ms to 60 s, default 200 ms.
    pub record_deadline: Duration,
    /// CPU time that a call should take; the batch size follows it: 1 ms to 10 s and no more than the record deadline,
    /// default 10 ms, or half of the record deadline if that is less.
    pub target_call: Duration,
    /// CPU time to instantiate and configure: 10 ms to 60 s, default 5 s.
    pub start_deadline: Duration,
    /// Linear memory of an instance: 1 to 4096 MiB, default 64 MiB.
    pub memory_bytes_max: usize,
    /// An instance whose memory has grown past this is renewed: 1 to 4096 MiB, at most the memory limit, default three
    /// quarters of it.
    pub recycle_bytes: usize,
    /// Bytes of all outputs of one call, after inheritance: 1 KiB to 1 GiB, default 8 MiB.
    pub output_bytes_max: usize,
    /// Emissions for one record: 1 to 1,000,000, default 1000.
    pub outputs_per_record_max: u32,
    /// Log bytes per second and instance; more is dropped and counted: 0 to 16 MiB, default 64 KiB.
    pub log_bytes_per_s: usize,
    /// Size of the file: 1 to 1024 MiB, default 64 MiB.
    pub module_bytes_max: usize,
    /// Wall time to compile it: 1 s to 10 min, default 60 s.
    pub compile_deadline: Duration,
}

impl Default for PluginLimits {
    fn default() -> PluginLimits {
        const MIB: usize = 1024 * 1024;
        PluginLimits {
            record_deadline: Duration::from_millis(200),
            target_call: Duration::from_millis(10),
            start_deadline: Duration::from_secs(5),
            memory_bytes_max: 64 * MIB,
            recycle_bytes: 48 * MIB,
            output_bytes_max: 8 * MIB,
            outputs_per_record_max: 1000,
            log_bytes_per_s: 64 * 1024,
            module_bytes_max: 64 * MIB,
            compile_deadline: Duration::from_secs(60),
        }
    }
}
