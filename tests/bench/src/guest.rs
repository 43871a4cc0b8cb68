//! Plugins, the bench's own and those that come with wasmill, loaded as the product loads them: its defaults of all limits,
//! the deadline on.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use wasmill_config::PluginLimits;
use wasmill_record::CallSource;
use wasmill_sandbox::{Engine, Instance, Plugin, Request};

/// What a call is told; the same for all of them.
pub(crate) const SOURCE: CallSource = CallSource { attempt: 1, now_ms: 1_718_000_000_000 };

pub(crate) struct Guest {
    engine: Engine,
    file: PathBuf,
}

impl Guest {
    /// Builds it as it would be released.
    pub(crate) fn build() -> Result<Guest> {
        let file = wasmill_artifacts::released("tests/bench/guest")?.join("bench_guest.wasm");
        Ok(Guest { engine: Engine::new().context("no engine")?, file })
    }

    /// One that comes with wasmill, by the name of its file.
    pub(crate) fn shipped(name: &str) -> Result<Guest> {
        let file = wasmill_artifacts::plugins()?.join(name).with_extension("wasm");
        Ok(Guest { engine: Engine::new().context("no engine")?, file })
    }

    pub(crate) fn load(&self, config: &Value) -> Result<Plugin> {
        let request = Request { file: &self.file, config, limits: PluginLimits::default(), log: None };
        Plugin::load(&self.engine, None, request).with_context(|| format!("failed to load {}", self.file.display()))
    }
}

/// One worker's, of the bench's own plugin.
pub(crate) fn instance(plugin: &Plugin) -> Result<Instance> {
    bound(plugin, "out")
}

/// One worker's, with one output mapped.
pub(crate) fn bound(plugin: &Plugin, output: &str) -> Result<Instance> {
    let binding = plugin.bind("bench", &[("orders", "orders")], &[output], &[]);
    Ok(plugin.instance(binding.map_err(|problems| anyhow!("{problems:?}"))?))
}
