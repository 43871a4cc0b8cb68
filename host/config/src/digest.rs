//! What identifies a pipeline's configuration in a dead letter.
//!
//! Over the section as written after substitution, so that layout, comments, quotes and the order of keys don't count, nor
//! the host's number of cores. Cluster properties are left out: they say how to reach Kafka and hold the secrets.

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::tree::{Kind, Node};

/// `sha256:<hex>` of canonical JSON: no blanks, keys sorted, every scalar a string. The exception is `outputs`, whose order
/// gives the outputs their numbers: a list of [name, section].
pub(crate) fn digest(pipeline: &str, section: &Node, bootstrap_servers: &str) -> String {
    let mut canonical = String::new();
    write_pairs(
        &mut canonical,
        vec![
            ("bootstrap_servers", json!(bootstrap_servers).to_string()),
            ("name", json!(pipeline).to_string()),
            ("pipeline", canonical_json(section, "")),
        ],
    );
    let hash = Sha256::digest(canonical.as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// `key` is the node's own key.
fn canonical_json(node: &Node, key: &str) -> String {
    match &node.kind {
        Kind::Scalar(scalar) => json!(scalar.text).to_string(),
        // Lists are nowhere taken, so they are never in a section that passed the checks.
        Kind::Null | Kind::List | Kind::Broken => "null".to_owned(),
        Kind::Mapping(entries) => {
            let mut pairs: Vec<(&str, String)> =
                entries.iter().map(|entry| (entry.key.as_str(), canonical_json(&entry.node, &entry.key))).collect();
            if key == "outputs" {
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

fn write_pairs(out: &mut String, pairs: Vec<(&str, String)>) {
    let items: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{}:{value}", json!(key))).collect();
    out.push('{');
    out.push_str(&items.join(","));
    out.push('}');
}
