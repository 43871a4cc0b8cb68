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

    /// About what pipelines keep for each key.
    State {
        #[command(subcommand)]
        verb: StateVerb,
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
pub(crate) enum StateVerb {
    /// List the stores and how far each goes, for every partition that this process has or has had.
    Ls {
        /// The configuration that the process runs.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,

        /// Read the folder of a process that has ended.
        #[arg(long)]
        offline: bool,

        /// What is printed.
        #[arg(long, value_enum, default_value_t, value_name = "FORM")]
        output: StateLsOutput,
    },

    /// Print what is committed for a key, one JSON object for each partition that has it.
    Get {
        #[command(flatten)]
        looked_at: LookedAt,

        /// The key, by the form that `ls` shows: text and numbers as they are, bytes as base64, a tuple as a JSON array.
        key: String,
    },

    /// Print keys in ascending order with what is committed for them, one JSON object a line.
    Scan {
        #[command(flatten)]
        looked_at: LookedAt,

        /// Only keys that begin with this; of a tuple its first parts, as a JSON array.
        #[arg(long, value_name = "KEY")]
        prefix: Option<String>,

        /// Only keys behind this one.
        #[arg(long, value_name = "KEY")]
        after: Option<String>,

        /// Only keys of this partition.
        #[arg(long, value_name = "N")]
        partition: Option<i32>,

        /// Most keys that are printed.
        #[arg(long, default_value_t = 100, value_name = "N")]
        limit: usize,
    },

    /// Print every key of the partitions that this process has, one JSON object a line.
    ///
    /// What is committed meanwhile is in it or not. A group of several processes is exported by asking each.
    Export {
        #[command(flatten)]
        looked_at: LookedAt,
    },

    /// Take the state of a pipeline back to nothing, while none of its processes runs.
    ///
    /// Shows how many keys each store has and where each input goes on, and asks. Deletes the keys from the changelogs. One
    /// that was cut off leaves a pipeline that does not start, and is finished by running it again.
    Reset(Reset),
}

#[derive(Args)]
pub(crate) struct Reset {
    /// The configuration.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,

    /// The pipeline [default: the only one of the file].
    #[arg(long, value_name = "NAME")]
    pub(crate) pipeline: Option<String>,

    /// Only this partition; may be given several times [default: all].
    #[arg(long, value_name = "N")]
    pub(crate) partition: Vec<i32>,

    /// Go on with the first record that the inputs still have.
    #[arg(long, conflicts_with = "to_latest")]
    pub(crate) to_earliest: bool,

    /// Go on behind the last record of the inputs.
    #[arg(long)]
    pub(crate) to_latest: bool,

    /// Show what would be done, and nothing more.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}

/// The store of a verb that looks at state.
#[derive(Args)]
pub(crate) struct LookedAt {
    /// The configuration that the process runs.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,

    /// The pipeline [default: the only one of the file].
    #[arg(long, value_name = "NAME")]
    pub(crate) pipeline: Option<String>,

    /// One of its plugin's stores.
    #[arg(long, value_name = "NAME")]
    pub(crate) store: String,

    /// Read the folder of a process that has ended.
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum StateLsOutput {
    #[default]
    Table,
    Json,
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
