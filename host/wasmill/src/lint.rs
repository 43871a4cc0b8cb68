//! `wasmill lint`: every mistake in a configuration and its plugins, without touching anything.
//!
//! Also [`load`] and [`plugins`], by which `run` reads its configuration and complains in the same words.

use std::path::Path;

use anyhow::anyhow;
use serde_json::{Value, json};
use wasmill_config::{Checks, Config, Pipeline, PluginKind, Problem};
use wasmill_pipeline::{Loader, Plugins, PluginsError};

use crate::cli::LintOutput;
use crate::exit::{Said, UserFault};
use crate::{online, output};

/// Checks `file`; with `ask_brokers` also what it says against the clusters.
pub(crate) fn lint(file: &Path, ask_brokers: bool, form: LintOutput) -> anyhow::Result<()> {
    let loaded = match check(file) {
        // Compiled code is not kept: nothing is written.
        Ok(config) => match Loader::new(None).and_then(|loader| Plugins::load(&config, &loader)) {
            Ok(plugins) => Ok((config, plugins)),
            Err(PluginsError::Problems(problems)) => Err(problems),
            Err(other) => return Err(fault(other)),
        },
        Err(problems) => Err(problems),
    };
    let complaints = match &loaded {
        Ok((config, plugins)) if ask_brokers => online::online(config, plugins)?,
        _ => Vec::new(),
    };
    let loaded = loaded.map(|(config, _)| config);
    let ok = loaded.is_ok() && complaints.is_empty();
    match form {
        LintOutput::Json => output::data(&format!("{:#}\n", report(file, &loaded, &complaints)))?,
        LintOutput::Text => {
            if let Err(problems) = &loaded {
                complain(problems);
            }
            for complaint in &complaints {
                output::complain(&format!("{}: {complaint}\n", file.display()));
            }
            if let Ok(config) = &loaded {
                warn(&config.warnings);
            }
            if let (Ok(config), true) = (&loaded, ok) {
                output::data(&format!("{}: ok: {}\n", file.display(), summary(config)))?;
            }
        }
    }
    if ok { Ok(()) } else { Err(Said.into()) }
}

/// The plugins of `config`, with compiled code kept in the folder `cache`, and what loads them again; complains as [`load`]
/// does.
pub(crate) fn plugins(config: &Config, cache: Option<&Path>) -> anyhow::Result<(Plugins, Loader)> {
    let loaded = Loader::new(cache).and_then(|loader| Ok((Plugins::load(config, &loader)?, loader)));
    loaded.map_err(|error| match error {
        PluginsError::Problems(problems) => {
            complain(&problems);
            Said.into()
        }
        other => fault(other),
    })
}

fn fault(error: PluginsError) -> anyhow::Error {
    match error {
        PluginsError::Host(message) => anyhow!("{message}"),
        PluginsError::Problems(_) | PluginsError::Cache(_) => UserFault(error.to_string()).into(),
    }
}

/// The configuration in `file`; when it has problems they are printed, and the error says no more.
pub(crate) fn load(file: &Path) -> anyhow::Result<Config> {
    let config = check(file).map_err(|problems| {
        complain(&problems);
        Said
    })?;
    warn(&config.warnings);
    Ok(config)
}

fn check(file: &Path) -> Result<Config, Vec<Problem>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let env = |name: &str| std::env::var(name).ok();
    let checks = Checks {
        property: &wasmill_kafka::check_property,
        env: &env,
        cores,
        native_plugins: wasmill_pipeline::NATIVE_PLUGINS,
    };
    wasmill_config::load(file, &checks)
}

/// What does not change the exit code.
fn warn(warnings: &[Problem]) {
    for warning in warnings {
        output::complain(&format!("warning: {warning}\n"));
    }
}

fn complain(problems: &[Problem]) {
    for problem in problems {
        output::complain(&format!("{problem}\n"));
    }
    let count = counted(problems.len(), "problem");
    output::complain(&format!("{count} found\n"));
}

fn summary(config: &Config) -> String {
    let sum = |count: fn(&Pipeline) -> usize| config.pipelines.iter().map(count).sum();
    format!(
        "{}, {}, {}",
        counted(config.pipelines.len(), "pipeline"),
        counted(sum(|pipeline| pipeline.inputs.len()), "input"),
        counted(sum(|pipeline| pipeline.outputs.len()), "output"),
    )
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn report(file: &Path, loaded: &Result<Config, Vec<Problem>>, complaints: &[String]) -> Value {
    let (problems, warnings, pipelines) = match loaded {
        Ok(config) => (&[][..], config.warnings.as_slice(), config.pipelines.iter().map(described).collect()),
        Err(problems) => (problems.as_slice(), &[][..], Vec::new()),
    };
    json!({
        "file": file.display().to_string(),
        "ok": problems.is_empty() && complaints.is_empty(),
        "problems": problems,
        "warnings": warnings,
        "online": complaints,
        "pipelines": pipelines,
    })
}

/// What the file comes to, for tools; no properties, which may be secrets.
fn described(pipeline: &Pipeline) -> Value {
    json!({
        "name": pipeline.name,
        "cluster": pipeline.cluster.name,
        "group": pipeline.group,
        "plugin": plugin(&pipeline.plugin.kind),
        "inputs": pipeline.inputs.iter().map(|input| json!({ "name": input.name, "topic": input.topic })).collect::<Vec<_>>(),
        "outputs": pipeline.outputs.iter().map(|output| json!({ "name": output.name, "topic": output.topic })).collect::<Vec<_>>(),
        "dead_letters": { "topic": pipeline.dead_letters.topic },
        "digest": pipeline.digest,
    })
}

/// Without what it is given, which may be secret.
fn plugin(kind: &PluginKind) -> Value {
    match kind {
        PluginKind::Native(name) => json!({ "native": name }),
        PluginKind::Wasm(plugin) => json!({ "name": plugin.name, "file": plugin.file }),
    }
}
