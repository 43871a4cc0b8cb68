//! The `wasmill` binary: reads the command line, runs one verb, turns its outcome into an exit code.
//!
//! Holds no logic of its own: each verb is a module, and what it does is in the libraries below. Standard output is for
//! data, standard error for everything else. Exit codes: see [`exit`].

mod cache;
mod cli;
mod completions;
mod dev;
mod exit;
mod identity;
mod lint;
mod online;
mod output;
mod plugin;
mod run;
mod schema;
mod state;
mod swap;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, ConfigVerb, PipelineVerb, PluginVerb, StateVerb, Verb};

/// Also takes the place of `malloc`, so that librdkafka allocates from it: docs/decisions/0005.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => exit::code(dispatch(cli)),
        Err(refused) => exit::command_line(&refused),
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<()> {
    wasmill_telemetry::logging::init(cli.log_format.into(), cli.log.as_deref())?;
    match cli.verb {
        Verb::Run { file, instance_id, accept_offsets } => run::run(&file, instance_id, accept_offsets),
        Verb::Dev(options) => dev::dev(&options),
        Verb::Lint { file, online, output } => lint::lint(&file, online, output),
        Verb::Plugin { verb: PluginVerb::Inspect { file, output } } => plugin::inspect(&file, output),
        Verb::Plugin { verb: PluginVerb::Wrap { module, output } } => plugin::wrap(&module, &output),
        Verb::Pipeline { verb: PipelineVerb::Swap { file, pipelines } } => swap::swap(&file, &pipelines),
        Verb::State { verb } => look(verb),
        Verb::Config { verb: ConfigVerb::Schema } => schema::schema(),
        Verb::Completions { shell } => completions::completions(shell),
    }
}

fn look(verb: StateVerb) -> anyhow::Result<()> {
    match verb {
        StateVerb::Ls { file, offline, output } => state::ls(&file, offline, output),
        StateVerb::Get { looked_at, key } => state::get(&looked_at, &key),
        StateVerb::Scan { looked_at, prefix, after, partition, limit } => {
            state::scan(&looked_at, prefix.as_deref(), after.as_deref(), partition, limit)
        }
        StateVerb::Export { looked_at } => state::export(&looked_at),
        StateVerb::Reset(arguments) => state::reset(&arguments),
    }
}
