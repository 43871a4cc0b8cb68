//! The section `plugins`, and `plugin:` of a pipeline, which names one of them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::json;
use crate::problem::Problems;
use crate::reader::{Field, Read, Reader, section};
use crate::scalar::{FilePath, FromScalar, Int, Refused};
use crate::tree::{Kind, Node, Scalar};

section! {
    /// One plugin: a WebAssembly component, what it is given, and what it may use.
    WasmPlugin {
        /// The component's file, as `cargo build --target wasm32-wasip2` makes it.
        file: FilePath,
        /// What the plugin is given: any mapping; what it takes is in its own schema, which `lint` checks. A value is typed as
        /// in YAML 1.2 after `${NAME}` has been replaced; in quotes it is text. No place for secrets: the plugin sees it, and
        /// `{ file: ... }` is a mapping like any other here. Default: `{}`.
        #[schemars(default)]
        config: PluginConfig,
        /// What an instance of the plugin may use. There is one for each worker of each pipeline.
        #[schemars(default)]
        limits: Limits,
    }
}

section! {
    /// What an instance of the plugin may use. Time is CPU time: a host that is slow or stopped takes nothing of it.
    Limits {
        /// For one record alone, ms, 1 to 60000, default 200. A batch may take as long in all before its records run one by
        /// one; one that takes longer alone is a dead letter, `plugin-deadline`.
        #[schemars(default)]
        record_deadline_ms: Int<1, 60_000, 200>,
        /// For one call, ms, 1 to 10000; the number of records in a call follows it. Not more than `record_deadline_ms`.
        /// Default: 10, or half of `record_deadline_ms` if that is less.
        #[schemars(default)]
        target_call_ms: Int<1, 10_000, 0>,
        /// To make an instance and configure it, ms, 10 to 60000, default 5000.
        #[schemars(default)]
        start_deadline_ms: Int<10, 60_000, 5_000>,
        /// Memory, MiB, 1 to 4096, default 64. A record that needs more alone is a dead letter, `plugin-memory`, and one that
        /// has no room there at all, `record-too-large`.
        #[schemars(default)]
        memory_mib: Int<1, 4_096, 64>,
        /// An instance with more memory than this, MiB, is replaced by a fresh one after its call; 1 to 4096, not more than
        /// `memory_mib`. Default: three quarters of `memory_mib`.
        #[schemars(default)]
        recycle_mib: Int<1, 4_096, 0>,
        /// Output of one call with what is inherited from its input, bytes, 1024 to 1073741824 (1 GiB), default 8388608 (8
        /// MiB).
        #[schemars(default)]
        output_bytes_max: Int<1_024, { 1 << 30 }, { 8 << 20 }>,
        /// Output records for one input record, 1 to 1000000, default 1000.
        #[schemars(default)]
        outputs_per_record_max: Int<1, 1_000_000, 1_000>,
        /// Log text, bytes per second, 0 to 16777216 (16 MiB), default 65536 (64 KiB). Lines beyond are dropped and counted.
        #[schemars(default)]
        log_bytes_per_s: Int<0, { 16 << 20 }, { 64 << 10 }>,
        /// The size of `file`, MiB, 1 to 1024, default 64.
        #[schemars(default)]
        module_mib: Int<1, 1_024, 64>,
        /// To compile `file`, ms by the wall clock, 1000 to 600000 (10 min), default 60000.
        #[schemars(default)]
        compile_deadline_ms: Int<1_000, 600_000, 60_000>,
    }
}

/// What a plugin is given.
pub(crate) struct PluginConfig {
    pub(crate) json: Value,
    /// The same with its places.
    pub(crate) node: Node,
}

impl Read for PluginConfig {
    fn read(node: &Node, problems: &Problems) -> Option<PluginConfig> {
        match node.kind {
            Kind::Mapping(_) => Some(PluginConfig { json: json::value(node, problems)?, node: node.clone() }),
            Kind::Broken => None,
            Kind::Null | Kind::Scalar(_) | Kind::List(_) => {
                let hint = match node.kind {
                    Kind::Null => "indent its keys below it, or remove it",
                    _ => "give it a key that the plugin knows, `config: { key: ... }`",
                };
                problems.push(&node.at, format!("expected a mapping, found {}", node.found()), Some(hint.to_owned()));
                None
            }
        }
    }
}

impl JsonSchema for PluginConfig {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PluginConfig".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// The plugin of a pipeline; `check` looks it up.
pub(crate) enum Plugin {
    /// One of the section `plugins`.
    Named(Scalar),
    /// `{ native: ... }`: one that is compiled in. Not in the JSON Schema: only builds for tests and benches have any.
    Native(Field<NativeName>),
}

/// What to write instead of anything that is not a name.
pub(crate) const DEFINE_AND_NAME: &str =
    "define it at the top, `plugins: { orders: { file: plugins/orders.wasm } }`, and name it here, `plugin: orders`";

impl Read for Plugin {
    fn read(node: &Node, problems: &Problems) -> Option<Plugin> {
        match &node.kind {
            Kind::Scalar(name) => Some(Plugin::Named(name.clone())),
            Kind::Mapping(_) if node.get("native").is_some() => {
                Some(Plugin::Native(Reader::open(node, &["native"], problems)?.field("native")))
            }
            Kind::Broken => None,
            Kind::Mapping(_) | Kind::Null | Kind::List(_) => {
                let message = format!("expected the name of a plugin, found {}", node.found());
                problems.push(&node.at, message, Some(DEFINE_AND_NAME.to_owned()));
                None
            }
        }
    }
}

impl JsonSchema for Plugin {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Plugin".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// The name of a plugin that is compiled in.
pub(crate) struct NativeName(pub(crate) Scalar);

impl FromScalar for NativeName {
    fn expected() -> String {
        "the name of a native plugin".to_owned()
    }

    fn from_scalar(scalar: &Scalar) -> Result<NativeName, Refused> {
        Ok(NativeName(scalar.clone()))
    }
}
