//! What a plugin says about itself, read and checked. It comes from a guest: its size, form and names are checked before
//! any of it is used.

use crate::configuration::ConfigProblems;
use crate::schema::Schema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;
use wasmill_wire::Reads;

/// Larger ones would hold more than names and a schema. Bounds what is parsed at load.
const MANIFEST_BYTES_MAX: usize = 1 << 20;

/// Where the host will keep records that wait.
const RESERVED_STORE: &str = "retry";

/// The contract's own schema: what a manifest must look like is said there and nowhere else.
const CONTRACT: &str = include_str!("../../../wit/manifest.schema.json");

/// A plugin's manifest, after `configure` has had its say.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    /// What it was built with, `name version`.
    pub sdk: Option<String>,
    pub doc: Option<String>,
    /// JSON Schema of the plugin's configuration.
    pub config_schema: Option<Value>,
    /// By number. Empty: one input, whatever it is called.
    pub inputs: Vec<String>,
    /// By number.
    pub outputs: Vec<Output>,
    /// By number.
    pub stores: Vec<Store>,
    /// Names of the plugin's own counters, by number.
    pub counters: Vec<String>,
    /// What it rejects and retries with; any other code becomes `other` in metrics.
    pub codes: Vec<String>,
    pub(crate) reads: Reads,
    /// Most records of one call; `None`: as many as the host likes.
    pub batch_max: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Output {
    pub name: String,
    /// A pipeline may leave it unmapped; what is sent there is then dropped and counted.
    #[serde(default)]
    pub optional: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Store {
    pub name: String,
    /// How keys and values are written, for tools that show them.
    pub key: String,
    pub value: String,
    pub version: u64,
    /// With this configuration the plugin does not use it.
    #[serde(skip)]
    pub unused: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Raw {
    name: String,
    version: String,
    sdk: Option<String>,
    doc: Option<String>,
    config_schema: Option<Value>,
    #[serde(default)]
    inputs: Vec<String>,
    #[serde(default)]
    outputs: Vec<Output>,
    #[serde(default)]
    stores: Vec<Store>,
    #[serde(default)]
    counters: Vec<String>,
    #[serde(default)]
    codes: Vec<String>,
    reads: Option<Vec<Part>>,
    batch_max: Option<u64>,
}

/// A part of a record that a plugin may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    Key,
    Value,
    Headers,
}

pub(crate) fn reads(parts: &[Part]) -> Reads {
    let has = |part| parts.contains(&part);
    Reads { key: has(Part::Key), value: has(Part::Value), headers: has(Part::Headers) }
}

impl Manifest {
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub(crate) fn parse(text: &str) -> Result<Manifest, ConfigProblems> {
        if text.len() > MANIFEST_BYTES_MAX {
            let message = format!("is {} bytes long; {MANIFEST_BYTES_MAX} are the most", text.len());
            return Err(ConfigProblems::one("", message));
        }
        let json: Value =
            serde_json::from_str(text).map_err(|error| ConfigProblems::one("", format!("is not JSON: {error}")))?;
        let problems = contract()?.check(&json);
        if !problems.is_empty() {
            return Err(problems);
        }
        let raw = Raw::deserialize(json).map_err(|error| ConfigProblems::one("", error.to_string()))?;
        let mut problems = Vec::new();
        let outputs = raw.outputs.iter().map(|output| output.name.as_str());
        twice("/outputs", outputs, &mut problems);
        twice("/stores", raw.stores.iter().map(|store| store.name.as_str()), &mut problems);
        if let Some(number) = raw.stores.iter().position(|store| store.name == RESERVED_STORE) {
            let message = format!("`{RESERVED_STORE}` is reserved for the host: give the store another name");
            problems.push((format!("/stores/{number}/name"), message));
        }
        if let Some(Err(error)) = raw.config_schema.as_ref().map(Schema::new) {
            problems.push(("/config-schema".to_owned(), error));
        }
        if !problems.is_empty() {
            return Err(ConfigProblems::of(problems));
        }
        Ok(Manifest {
            name: raw.name,
            version: raw.version,
            sdk: raw.sdk,
            doc: raw.doc,
            config_schema: raw.config_schema,
            inputs: raw.inputs,
            outputs: raw.outputs,
            stores: raw.stores,
            counters: raw.counters,
            codes: raw.codes,
            reads: raw.reads.map_or(Reads::ALL, |parts| reads(&parts)),
            batch_max: raw.batch_max.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
        })
    }

    /// The parts of a record that it looks at, for people.
    pub fn reads(&self) -> Vec<&'static str> {
        let Reads { key, value, headers } = self.reads;
        let parts = [(key, "key"), (value, "value"), (headers, "headers")];
        parts.into_iter().filter_map(|(read, name)| read.then_some(name)).collect()
    }

    /// Stores that it uses with this configuration.
    pub fn used_stores(&self) -> impl Iterator<Item = &Store> {
        self.stores.iter().filter(|store| !store.unused)
    }
}

/// It is our own and legal, which a test says; an error here would be every plugin's.
fn contract() -> Result<Schema, ConfigProblems> {
    let ours = |error: String| ConfigProblems::one("", format!("can't be checked: {error}"));
    let schema: Value = serde_json::from_str(CONTRACT).map_err(|error| ours(error.to_string()))?;
    Schema::new(&schema).map_err(ours)
}

fn twice<'a>(pointer: &str, names: impl Iterator<Item = &'a str>, problems: &mut Vec<(String, String)>) {
    let mut seen = HashSet::new();
    for (number, name) in names.enumerate() {
        if !seen.insert(name) {
            problems.push((format!("{pointer}/{number}/name"), format!("`{name}` is there twice")));
        }
    }
}

#[cfg(test)]
mod tests;
