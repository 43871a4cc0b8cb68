//! What the oracle has to know of the pipelines: their topics, and the configuration of their plugins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that is judged together. One pipeline's output may be another one's input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub pipelines: Vec<Pipeline>,
}

/// Which rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plugin {
    OrderInventory,
    Loyalty,
}

/// One pipeline. Names of inputs, outputs and stores are those of the plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// For people.
    pub name: String,
    pub plugin: Plugin,
    /// Names the changelogs, `wasmill.<group>.<store>.changelog`, and stands in dead letters.
    pub group: String,
    /// Input -> topic.
    pub inputs: BTreeMap<String, String>,
    /// Output -> topic.
    pub outputs: BTreeMap<String, String>,
    pub dead_letters: String,
    /// The plugin's configuration; what is not there has the page's default.
    #[serde(default)]
    pub config: serde_json::Value,
    /// Input -> records that were sent to it. Others only have to have some.
    #[serde(default)]
    pub expected: BTreeMap<String, u64>,
    /// What has to have been counted at least once, beside the plugin's own: names of [`super::Judged::checked`].
    #[serde(default)]
    pub require: Vec<String>,
    /// Output -> `key` or `source`; `key` where nothing is said.
    #[serde(default)]
    pub partition: BTreeMap<String, String>,
    /// Outputs whose topic may have been compacted already: only the last of each key has to be there.
    #[serde(default)]
    pub compacted: Vec<String>,
    /// Stores with a time to live: what has expired by the plugin's own rules may be deleted.
    #[serde(default)]
    pub ttl: Vec<String>,
    /// Codes that the host gives (`output-refused`) and that are no finding; such a record has changed nothing.
    #[serde(default)]
    pub host_codes: Vec<String>,
}

impl Pipeline {
    /// A pipeline with these topics and nothing else said. `group` is its name, too.
    pub fn new(
        plugin: Plugin,
        group: &str,
        inputs: &[(&str, &str)],
        outputs: &[(&str, &str)],
        dead_letters: &str,
    ) -> Pipeline {
        let map =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(name, topic)| ((*name).into(), (*topic).into())).collect();
        Pipeline {
            name: group.into(),
            plugin,
            group: group.into(),
            inputs: map(inputs),
            outputs: map(outputs),
            dead_letters: dead_letters.into(),
            config: serde_json::json!({}),
            expected: BTreeMap::new(),
            require: Vec::new(),
            partition: BTreeMap::new(),
            compacted: Vec::new(),
            ttl: Vec::new(),
            host_codes: Vec::new(),
        }
    }

    /// Every topic that is read, changelogs included.
    pub fn topics(&self) -> Vec<String> {
        let stores: &[&str] = match self.plugin {
            Plugin::OrderInventory => &["stock", "orders"],
            Plugin::Loyalty => &["accounts"],
        };
        let changelogs = stores.iter().map(|store| format!("wasmill.{}.{store}.changelog", self.group));
        let named = self.inputs.values().chain(self.outputs.values()).chain([&self.dead_letters]);
        named.cloned().chain(changelogs).collect()
    }
}
