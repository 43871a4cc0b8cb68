//! What identifies a pipeline's configuration in a dead letter.
//!
//! Over the section as written after substitution, so that layout, comments, quotes and the order of keys don't count, nor
//! the host's number of cores. Cluster properties are left out: they say how to reach Kafka and hold the secrets. Of a
//! plugin, what it is given and what it may use is in it, but not the path of its file: what is in the file has a digest of
//! its own.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::tree::{Kind, Node};

/// The parts of a plugin that count.
pub(crate) struct PluginPart<'a> {
    pub(crate) config: &'a Value,
    /// As written; `None`: no limit is.
    pub(crate) limits: Option<&'a Node>,
}

/// `sha256:<hex>` of canonical JSON: no blanks, keys sorted, every scalar a string. Two exceptions: `inputs` and
/// `outputs`, whose order gives them their numbers, are lists of [name, section], and the `config` of a plugin keeps its types.
pub(crate) fn digest(
    pipeline: &str,
    section: &Node,
    bootstrap_servers: &str,
    plugin: Option<&PluginPart<'_>>,
) -> String {
    let mut canonical = String::new();
    let mut pairs = vec![
        ("bootstrap_servers", json!(bootstrap_servers).to_string()),
        ("name", json!(pipeline).to_string()),
        ("pipeline", canonical_json(section, "")),
    ];
    if let Some(plugin) = plugin {
        pairs.push(("plugin_config", canonical_value(plugin.config)));
        pairs.push(("plugin_limits", plugin.limits.map_or("null".to_owned(), |limits| canonical_json(limits, ""))));
    }
    write_pairs(&mut canonical, pairs);
    let hash = Sha256::digest(canonical.as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// `key` is the node's own key.
fn canonical_json(node: &Node, key: &str) -> String {
    match &node.kind {
        Kind::Scalar(scalar) => json!(scalar.text).to_string(),
        // Lists are only in the `config` of a plugin, which is not written by this.
        Kind::Null | Kind::List(_) | Kind::Broken => "null".to_owned(),
        Kind::Mapping(entries) => {
            let mut pairs: Vec<(&str, String)> =
                entries.iter().map(|entry| (entry.key.as_str(), canonical_json(&entry.node, &entry.key))).collect();
            if matches!(key, "inputs" | "outputs") {
                let items: Vec<String> =
                    pairs.iter().map(|(name, value)| format!("[{},{value}]", json!(name))).collect();
                return format!("[{}]", items.join(","));
            }
            pairs.sort();
            let mut out = String::new();
            write_pairs(&mut out, pairs);
            out
        }
    }
}

/// Keys sorted here: whether [`Value`] sorts them is a feature that any other crate may change.
fn canonical_value(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let mut pairs: Vec<(&str, String)> =
                object.iter().map(|(key, value)| (key.as_str(), canonical_value(value))).collect();
            pairs.sort();
            let mut out = String::new();
            write_pairs(&mut out, pairs);
            out
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical_value).collect::<Vec<_>>().join(","))
        }
        scalar => scalar.to_string(),
    }
}

fn write_pairs(out: &mut String, pairs: Vec<(&str, String)>) {
    let items: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{}:{value}", json!(key))).collect();
    out.push('{');
    out.push_str(&items.join(","));
    out.push('}');
}
