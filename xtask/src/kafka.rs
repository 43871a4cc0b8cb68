//! `cargo xtask kafka`: a cluster to try things on, until Ctrl-C. The work is done by `tests/cluster`.

use std::ffi::OsString;

use crate::cargo;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// 1 or 3.
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// Add a SASL_SSL listener.
    #[arg(long)]
    sasl: bool,
    /// Create a topic; as often as there are topics.
    #[arg(long = "topic", value_name = "NAME:PARTITIONS")]
    topics: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut passed: Vec<OsString> = vec!["run".into(), "--nodes".into(), arguments.nodes.to_string().into()];
    if arguments.sasl {
        passed.push("--sasl".into());
    }
    for topic in &arguments.topics {
        passed.extend(["--topic".into(), topic.clone()]);
    }
    cargo::run_program("wasmill-cluster", false, &passed)
}
