//! `plugin:` of a pipeline. Only native ones for now, so a Wasm plugin is refused with that reason rather than as a wrong type.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::problem::Problems;
use crate::reader::{Read, section};
use crate::scalar::NativeName;
use crate::tree::{Kind, Node};

/// The plugins that are compiled in, for tests and benches: `identity` forwards every record, `validator` refuses some,
/// `retry-first` asks for a second attempt at some.
pub const NATIVE_PLUGINS: &[&str] = &["identity", "validator", "retry-first"];

section! {
    /// A plugin that is compiled into wasmill; for tests and benches only.
    NativePlugin {
        /// Its name.
        native: NativeName,
    }
}

/// A [`NativePlugin`], with a better reason for what is not one yet.
pub(crate) struct Plugin(pub(crate) NativePlugin);

impl Read for Plugin {
    fn read(node: &Node, problems: &Problems) -> Option<Plugin> {
        let wasm = matches!(node.kind, Kind::Scalar(_)) || node.get("file").is_some();
        if wasm {
            problems.push(
                &node.at,
                "Wasm plugins are not in this version of wasmill",
                Some(format!(
                    "name a native plugin, `plugin: {{ native: identity }}`; there are: {}",
                    NATIVE_PLUGINS.join(", ")
                )),
            );
            return None;
        }
        NativePlugin::read(node, problems).map(Plugin)
    }
}

impl JsonSchema for Plugin {
    fn inline_schema() -> bool {
        NativePlugin::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        NativePlugin::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        NativePlugin::json_schema(generator)
    }
}
