//! `wasmill state reset`: shows what would be done, asks, and does it. The work is `wasmill_pipeline::reset`'s.

use super::pipeline_name;
use crate::cli::Reset as Arguments;
use crate::exit::UserFault;
use crate::run::cache_limits;
use crate::{cache, lint, output};
use anyhow::{Context, anyhow};
use std::fmt::Write;
use std::io::{BufRead, IsTerminal, Read};
use std::path::Path;
use uuid::Uuid;
use wasmill_pipeline::reset::{Reset, ResetError, ResetPlan, Target, Wish};
use wasmill_state::{CacheLimits, Database, OpenError};

/// An answer is a word.
const ANSWER_BYTES_MAX: u64 = 100;

pub(crate) fn reset(arguments: &Arguments) -> anyhow::Result<()> {
    let file = arguments.file.as_path();
    let config = lint::load(file)?;
    let name = pipeline_name(file, &config, arguments.pipeline.as_deref())?;
    let pipeline = config.pipelines.iter().find(|pipeline| pipeline.name == name);
    let pipeline = pipeline.context("a pipeline that is there")?;
    let (plugins, _) = lint::plugins(&config, cache::folder(config.state_directory.as_deref()).as_deref())?;
    let plugin = plugins.of(&name).context("a pipeline without its plugin")?;
    let scratch = tempfile::tempdir().context("failed to make a folder for a copy of the changelogs")?;
    let target = match (arguments.to_earliest, arguments.to_latest) {
        (true, _) => Target::Earliest,
        (_, true) => Target::Latest,
        _ => Target::Kept,
    };
    let wish = Wish { partitions: arguments.partition.clone(), target };
    let fault = |error: ResetError| fault(&name, error);
    let mut reset = Reset::prepare(pipeline, plugin, &wish, scratch.path()).map_err(fault)?;
    output::complain(&shown(&name, reset.plan(), target));
    if arguments.dry_run {
        return Ok(());
    }
    if !arguments.yes && !agreed()? {
        return Err(UserFault("nothing was changed".to_owned()).into());
    }
    let run = format!("{:016x}", Uuid::new_v4().as_u64_pair().0);
    if let Err(error) = reset.carry_out(&run) {
        let error = fault(error);
        let what = if reset.has_begun() {
            "the reset has begun and is not finished: the pipeline refuses to start on what is left. Run it again"
        } else {
            "nothing was changed"
        };
        return Err(error.context(what));
    }
    if let Some(directory) = config.state_directory.as_deref().filter(|directory| Database::exists(directory)) {
        clear(&reset, directory, &cache_limits(&config.state));
    }
    output::data(&format!(
        "{name}: {} keys deleted in {} partitions\n",
        reset.plan().keys(),
        reset.plan().partitions.len()
    ))
}

/// Only saves the next start the reading of deletions, so it may fail.
fn clear(reset: &Reset, directory: &Path, limits: &CacheLimits) {
    let cleared = match Database::open(directory, limits) {
        Ok(database) => reset.clear(&database).map_err(anyhow::Error::new),
        Err(error @ OpenError::Locked { .. }) => {
            output::complain(&format!("the cache is left as it is: {error}; its next start reads the deletions\n"));
            return;
        }
        Err(error) => Err(anyhow::Error::new(error)),
    };
    if let Err(error) = cleared {
        output::complain(&format!("warning: the cache could not be emptied: {error:#}; the next start does it\n"));
    }
}

/// Without a terminal nobody is asked.
fn agreed() -> anyhow::Result<bool> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(UserFault("there is no terminal to ask on: add --yes if this is what you want".to_owned()).into());
    }
    output::complain("Go on? [y/N] ");
    let mut answer = String::new();
    input.lock().take(ANSWER_BYTES_MAX).read_line(&mut answer).context("failed to read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn shown(name: &str, plan: &ResetPlan, target: Target) -> String {
    let offsets = match target {
        Target::Kept => "offsets are kept",
        Target::Earliest => "offsets go to the first record, and everything is processed again",
        Target::Latest => "offsets go to the end, and what has not been processed is passed over",
    };
    let mut text = format!(
        "pipeline {name}, group {}: state goes back to nothing for good, {} keys in all; {offsets}\n",
        plan.group,
        plan.keys()
    );
    for partition in &plan.partitions {
        let mut parts: Vec<String> =
            partition.stores.iter().map(|it| format!("{} {} keys", it.name, it.keys)).collect();
        for input in &partition.inputs {
            let from = input.from.map_or("none".to_owned(), |from| from.to_string());
            parts.push(format!("{} offset {from} -> {}", input.topic, input.to));
        }
        // Writing to a String does not fail.
        let _ = writeln!(text, "  partition {}: {}", partition.partition, parts.join(", "));
    }
    text
}

fn fault(name: &str, error: ResetError) -> anyhow::Error {
    match error {
        error @ (ResetError::Copy(_) | ResetError::NoCopy(_) | ResetError::Kafka(_)) => {
            anyhow!("pipeline {name}: {:#}", anyhow::Error::new(error))
        }
        other => UserFault(format!("pipeline {name}: {other}")).into(),
    }
}
