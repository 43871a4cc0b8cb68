//! `wasmill plugin inspect`: what a plugin is, what it wants, and whether it would be loaded.
//!
//! Nothing is taken from the cache of compiled plugins, so that the time to compile is the real one. What can be found out is
//! printed even of a plugin that would not be loaded; the exit code says which of the two it is.

use std::fmt::Write;
use std::path::Path;

use anyhow::anyhow;
use serde_json::{Value, json};
use wasmill_config::PluginLimits;
use wasmill_sandbox::{Engine, Inspection, LoadError, Manifest, World};

use crate::cli::InspectOutput;
use crate::exit::UserFault;
use crate::output;

/// Prints what `file` is.
pub(crate) fn inspect(file: &Path, form: InspectOutput) -> anyhow::Result<()> {
    let engine = Engine::new()?;
    let inspection = wasmill_sandbox::inspect(&engine, None, file, PluginLimits::default()).map_err(fault)?;
    match form {
        InspectOutput::Table => output::data(&table(file, &inspection))?,
        InspectOutput::Json => output::data(&format!("{:#}\n", report(file, &inspection)))?,
    }
    inspection.manifest.map(drop).map_err(fault)
}

fn fault(error: LoadError) -> anyhow::Error {
    if error.is_users() { UserFault(error.to_string()).into() } else { anyhow!("{error}") }
}

fn table(file: &Path, inspection: &Inspection) -> String {
    let mut rows: Vec<(&str, String)> = vec![
        ("file", file.display().to_string()),
        ("size", format!("{} bytes", inspection.bytes)),
        ("digest", inspection.digest.clone()),
        ("compiled in", format!("{} ms", inspection.compile_time.as_millis())),
        ("world", inspection.world.map_or("none of wasmill:plugin@0.1", World::label).to_owned()),
    ];
    if let Ok((manifest, _)) = &inspection.manifest {
        rows.extend(described(manifest));
    }
    let imports = &inspection.imports;
    rows.extend(list("imports", &imports.contract));
    rows.extend(list("inert", &imports.inert));
    rows.extend(list("refused", &imports.refused));
    let mut text = String::new();
    for (name, value) in rows {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{name:<12} {value}");
    }
    text
}

/// What it says about itself. Text of the author's goes on one line.
fn described(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let mut rows = vec![("plugin", one_line(&format!("{} {}", manifest.name, manifest.version)))];
    rows.extend(manifest.sdk.iter().map(|sdk| ("built with", one_line(sdk))));
    rows.extend(manifest.doc.iter().map(|doc| ("about", one_line(doc))));
    rows.push(("reads", manifest.reads().join(", ")));
    rows.extend(list("inputs", &manifest.inputs));
    let optional = |optional: bool| if optional { " (optional)" } else { "" };
    let outputs: Vec<String> =
        manifest.outputs.iter().map(|output| format!("{}{}", output.name, optional(output.optional))).collect();
    rows.extend(list("outputs", &outputs));
    let stores: Vec<String> =
        manifest.stores.iter().map(|store| format!("{}: {} to {}", store.name, store.key, store.value)).collect();
    rows.extend(list("stores", &stores));
    rows.extend(list("counters", &manifest.counters));
    rows.extend(list("codes", &manifest.codes));
    rows.extend(manifest.batch_max.map(|most| ("batch-max", most.to_string())));
    let schema = if manifest.config_schema.is_some() { "has a schema: --output json" } else { "has no schema" };
    rows.push(("config", schema.to_owned()));
    rows
}

/// One row for each, named in the first.
fn list(name: &'static str, values: &[String]) -> Vec<(&'static str, String)> {
    let named = std::iter::once(name).chain(std::iter::repeat(""));
    named.zip(values.iter().map(|value| one_line(value))).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).collect()
}

fn report(file: &Path, inspection: &Inspection) -> Value {
    let imports = &inspection.imports;
    let (manifest, error) = match &inspection.manifest {
        Ok((_, said)) => (Some(said), None),
        Err(error) => (None, Some(error.to_string())),
    };
    json!({
        "file": file.display().to_string(),
        "bytes": inspection.bytes,
        "digest": inspection.digest,
        "compile_ms": inspection.compile_time.as_secs_f64() * 1000.0,
        "world": inspection.world.map(World::label),
        "imports": { "contract": imports.contract, "inert": imports.inert, "refused": imports.refused },
        "manifest": manifest,
        "error": error,
    })
}
