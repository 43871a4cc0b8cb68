//! What every test needs: a guest made of a few lines, a batch, and a call.

mod guest;
mod records;

pub(crate) use guest::{FORWARD_ALL, FORWARD_ALL_TYPED, Guest, segment};
pub(crate) use records::Records;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;
use wasmill_config::PluginLimits;
use wasmill_record::{CallSource, GuestFailure, GuestFailureKind, Invoke, InvokeCounts, InvokeError, Outcome, Reply};
use wasmill_sandbox::{Cache, Engine, Instance, LoadError, Plugin, Request};

/// One for all tests, as one for all plugins of a process.
pub(crate) static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new().unwrap());

/// Limits that end a hostile guest soon.
pub(crate) fn limits() -> PluginLimits {
    let ms = Duration::from_millis;
    PluginLimits {
        record_deadline: ms(30),
        start_deadline: ms(60),
        memory_bytes_max: 4 << 20,
        recycle_bytes: 3 << 20,
        output_bytes_max: 1 << 20,
        ..PluginLimits::default()
    }
}

/// A plugin file that is gone after the test.
pub(crate) struct PluginFile {
    folder: tempfile::TempDir,
}

impl PluginFile {
    pub(crate) fn new(bytes: &[u8]) -> PluginFile {
        let file = PluginFile { folder: tempfile::tempdir().unwrap() };
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("guest.wasm")
    }
}

pub(crate) fn load_file(
    file: &Path,
    config: &Value,
    limits: PluginLimits,
    cache: Option<&Cache>,
) -> Result<Plugin, LoadError> {
    Plugin::load(&ENGINE, cache, Request { file, config, limits, log: None })
}

impl Guest {
    pub(crate) fn load(&self) -> Result<Plugin, LoadError> {
        self.load_with(&json!({}))
    }

    pub(crate) fn load_with(&self, config: &Value) -> Result<Plugin, LoadError> {
        load_file(&PluginFile::new(&self.component()).path(), config, limits(), None)
    }

    /// An instance for a pipeline that maps every output to the same number.
    pub(crate) fn instance(&self) -> Instance {
        started(&self.load().unwrap())
    }
}

/// One input, and all outputs mapped.
pub(crate) fn started(plugin: &Plugin) -> Instance {
    let outputs: Vec<&str> = plugin.manifest().outputs.iter().map(|output| output.name.as_str()).collect();
    plugin.instance(plugin.bind("shop", &[("orders", "orders")], &outputs, &[]).unwrap())
}

pub(crate) const NOW_MS: i64 = 1_700_000_000_123;

/// A call with all of the records.
pub(crate) fn call(instance: &mut Instance, records: &Records) -> Result<Reply, InvokeError> {
    let mut reply = Reply::default();
    let source = CallSource { attempt: 1, now_ms: NOW_MS };
    instance.invoke(records, 0, records.0.len(), &source, &mut reply).map(|()| reply)
}

/// The failure of a call that has to fail as the guest's.
pub(crate) fn failure(instance: &mut Instance, records: &Records) -> GuestFailure {
    match call(instance, records) {
        Err(InvokeError::Guest(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn kind(instance: &mut Instance, records: &Records) -> GuestFailureKind {
    failure(instance, records).kind
}

pub(crate) fn forwards(reply: &Reply) -> bool {
    !reply.outcomes.is_empty() && reply.outcomes.iter().all(|outcome| *outcome == Outcome::Forward { output: 0 })
}

pub(crate) fn counts(instance: &mut Instance) -> InvokeCounts {
    Invoke::<Records>::take_counts(instance)
}
