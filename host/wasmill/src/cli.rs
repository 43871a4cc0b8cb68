//! The command line: verbs, options and their help texts, and nothing else.
//!
//! Read by `main` and, for the shells, by `completions`.

use std::path::PathBuf;

use crate::dev::{fault, feed};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use wasmill_telemetry::logging::Format;

/// Runs plugins on the records of Kafka topics and writes what they answer back, exactly once.
#[derive(Parser)]
#[command(name = "wasmill", version, max_term_width = 100, after_help = "Exit codes: 0 done, 1 yours to fix, 2 ours.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,

    /// How log lines look on standard error; `auto` is `human` on a terminal and `json` elsewhere.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,

    /// What is logged: a level, or `target=level` with commas between [default: $WASMILL_LOG, else info].
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Run the pipelines of a configuration until SIGTERM or SIGINT.
    Run {
        /// The configuration.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,

        /// Names this process among those of its groups; no two may share a name. Default: kept in the state directory, or
        /// new at each start.
        #[arg(long, env = "WASMILL_INSTANCE_ID", value_name = "ID", value_parser = instance_id)]
        instance_id: Option<String>,

        /// Go on from offsets that somebody else has committed for a group whose pipeline keeps state, with the state as it is.
        #[arg(long)]
        accept_offsets: bool,
    },

    /// Run the pipelines of a configuration on a Kafka inside of this process, for trying things out.
    ///
    /// Nothing else is needed: the file's clusters and state directory are not touched, the topics are made, all is in memory
    /// unless --data-dir names a directory. Other clients reach it on 127.0.0.1.
    Dev(Dev),

    /// Report every mistake in a configuration.
    Lint {
        /// The configuration.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,

        /// Ask the brokers too: can they be reached, are the topics there.
        #[arg(long)]
        online: bool,

        /// What is printed: mistakes as text on standard error, or one JSON object on standard output.
        #[arg(long, value_enum, default_value_t, value_name = "FORM")]
        output: LintOutput,
    },

    /// About a plugin's file.
    Plugin {
        #[command(subcommand)]
        verb: PluginVerb,
    },

    /// About the pipelines of a running process.
    Pipeline {
        #[command(subcommand)]
        verb: PipelineVerb,
    },

    /// About the configuration file.
    Config {
        #[command(subcommand)]
        verb: ConfigVerb,
    },

    /// Print a script that completes wasmill's command line in a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Args)]
pub(crate) struct Dev {
    /// The configuration.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,

    /// Where the Kafka listens; 0 takes a free port, which the log names.
    #[arg(long, default_value_t = 9092)]
    pub(crate) port: u16,

    /// As how many brokers it poses, on this port and the ones behind it; partitions are spread over them.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=9))]
    pub(crate) brokers: i32,

    /// Where topics, records and positions are kept, so that the next start goes on with them; one process at a time
    /// [default: nowhere, all is gone at the end].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data_dir: Option<PathBuf>,

    /// Partitions of each topic that is made.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=1000))]
    pub(crate) partitions: i32,

    /// Make each line of a file a record of a topic.
    #[arg(long, value_name = "TOPIC=FILE", value_parser = feed::argument)]
    pub(crate) feed: Vec<feed::Argument>,

    /// Print the committed records of a topic, one JSON object a line.
    #[arg(long, value_name = "TOPIC")]
    pub(crate) print: Vec<String>,

    /// Swap plugins whose file has changed.
    #[arg(long)]
    pub(crate) watch: bool,

    /// What the Kafka does wrong: API:ACTION[:TIMES], such as EndTxn:drop-answer, Produce:delay=200ms:50, Fetch:refuse:always.
    /// Actions: drop-answer, cut-answer, disconnect, refuse, delay=<n>ms; markers:delay=<n>ms delays those of transactions;
    /// broker-<n>:cut[=<n>ms][:after=<n>ms] takes one of --brokers off the network, for good or for a while.
    #[arg(long, value_name = "FAULT", value_parser = fault::argument)]
    pub(crate) fault: Vec<fault::Fault>,

    /// Names this process among those of its groups.
    #[arg(long, env = "WASMILL_INSTANCE_ID", value_name = "ID", value_parser = instance_id)]
    pub(crate) instance_id: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum PipelineVerb {
    /// Give running pipelines what the files of their plugins hold now, without a rebalance. Asks the process on this machine
    /// that runs the configuration, at its `admin.listen`.
    Swap {
        /// The configuration that the process runs.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,

        /// Names of pipelines [default: all].
        pipelines: Vec<String>,
    },
}

#[derive(Subcommand)]
pub(crate) enum ConfigVerb {
    /// Print the JSON Schema of the configuration, for editors.
    Schema,
}

#[derive(Subcommand)]
pub(crate) enum PluginVerb {
    /// Print what a plugin says about itself, what it imports, and whether wasmill would load it. Runs its code.
    Inspect {
        /// The component.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,

        /// What is printed.
        #[arg(long, value_enum, default_value_t, value_name = "FORM")]
        output: InspectOutput,
    },

    /// Turn a module that was built for wasm32-wasip1 with wit-bindgen into a component.
    Wrap {
        /// The module.
        #[arg(value_hint = ValueHint::FilePath)]
        module: PathBuf,

        /// Where the component goes; what is there is replaced.
        #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum InspectOutput {
    #[default]
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LintOutput {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LogFormat {
    #[default]
    Auto,
    Human,
    Json,
}

impl From<LogFormat> for Format {
    fn from(format: LogFormat) -> Format {
        match format {
            LogFormat::Auto => Format::Auto,
            LogFormat::Human => Format::Human,
            LogFormat::Json => Format::Json,
        }
    }
}

/// No dots: the id is a part of `transactional.id`, which they separate.
fn instance_id(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (1..=64).contains(&text.len()) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("write 1 to 64 of a-z A-Z 0-9 _ -".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_instance_id_is_one_word_without_dots() {
        for good in ["a", "instance_7-B", &"x".repeat(64)] {
            assert_eq!(instance_id(good), Ok(good.to_owned()));
        }
        for bad in ["", "a.b", "a b", "é", &"x".repeat(65)] {
            assert!(instance_id(bad).is_err(), "{bad}");
        }
    }
}
