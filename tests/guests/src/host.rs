//! The sandbox, set up as the tests need it.

use crate::built::folder;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;
use wasmill_config::PluginLimits;
use wasmill_flow::MemoryBatch;
use wasmill_record::{Batch, CallSource, Invoke, InvokeError, Outcome, Reply, Span};
use wasmill_sandbox::{Cache, Engine, Instance, LoadError, Plugin, Request};

/// What outputs the zoo has, as a pipeline would map them.
pub const OUTPUTS: &[&str] = &["main", "side"];

/// The default limits, and this deadline.
pub fn limits(record_deadline: Duration) -> PluginLimits {
    PluginLimits { record_deadline, ..PluginLimits::default() }
}

/// Loads a plugin; what was compiled in an earlier run is taken from a folder of the tests' own.
///
/// # Errors
/// As the sandbox says.
pub fn load(file: &Path, config: &Value, limits: PluginLimits) -> Result<Plugin, LoadError> {
    static CACHE: OnceLock<Cache> = OnceLock::new();
    let open = || {
        std::fs::create_dir_all(folder()).expect("the target folder can be written to");
        Cache::open(&folder().join("compiled")).expect("the target folder is ours")
    };
    Plugin::load(engine(), Some(CACHE.get_or_init(open)), Request { file, config, limits, log: Some(silence()) })
}

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new().expect("tests run where wasmtime does"))
}

/// Floods of lines are a subject here, and belong into no test's output.
fn silence() -> wasmill_sandbox::LogSink {
    std::sync::Arc::new(|_| {})
}

/// An instance of it, for a pipeline that maps these outputs.
pub fn instance(plugin: &Plugin, outputs: &[&str]) -> Instance {
    let binding = plugin.bind("guests", &[("in", "in")], outputs, &[]).expect("the guest has these outputs");
    plugin.instance(binding)
}

/// The guest `zoo`, with this deadline.
pub fn zoo(record_deadline: Duration) -> Plugin {
    let plugin = load(&crate::built::guest("zoo"), &json!({}), limits(record_deadline));
    plugin.unwrap_or_else(|error| panic!("{error}"))
}

/// What one call brought.
#[derive(Debug)]
pub struct Answered {
    pub result: Result<(), InvokeError>,
    pub reply: Reply,
}

/// One call with all of the batch.
pub fn call(instance: &mut Instance, batch: &MemoryBatch) -> Answered {
    let mut reply = Reply::default();
    let source = CallSource { attempt: 1, now_ms: 1_700_000_000_000 };
    let result = instance.invoke(batch, 0, batch.len(), &source, &mut reply);
    Answered { result, reply }
}

/// A fresh instance for the next call.
pub fn renew(instance: &mut Instance) {
    Invoke::<MemoryBatch>::renew(instance);
}

impl Answered {
    /// In one word or two, for tables: `plugin-trap`, `forward 0`, `reject listed`.
    pub fn words(&self, at: usize) -> String {
        match &self.result {
            Err(InvokeError::Guest(failure)) => return failure.kind.code().to_owned(),
            Err(InvokeError::Host(reason)) => return format!("host: {reason}"),
            Ok(()) => {}
        }
        match self.reply.outcomes.get(at) {
            Some(Outcome::Forward { output }) => format!("forward {output}"),
            Some(Outcome::Drop) => "drop".to_owned(),
            Some(Outcome::Emit { count, .. }) => format!("emit {count}"),
            Some(Outcome::Reject { code, message }) => format!("reject {}: {}", self.text(*code), self.text(*message)),
            Some(Outcome::Retry { code, .. }) => format!("retry {}", self.text(*code)),
            None => "nothing".to_owned(),
        }
    }

    /// The first line of what the failure says; empty when there is none.
    pub fn reason(&self) -> &str {
        match &self.result {
            Err(InvokeError::Guest(failure)) => failure.message.lines().next().unwrap_or_default(),
            Err(InvokeError::Host(reason)) => reason,
            Ok(()) => "",
        }
    }

    fn text(&self, span: Span) -> String {
        String::from_utf8_lossy(self.reply.slice(span).unwrap_or_default()).into_owned()
    }
}
