//! `wasmill-verify`: checks a stopped pipeline from the command line. Exit 0: every promise kept; 1: findings or no answer.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use wasmill_verify::compare::{Partition, Promise, Rejects};
use wasmill_verify::task::{self, Task};

/// Compare what a pipeline read with what it wrote, record by record.
#[derive(Debug, Parser)]
#[command(name = "wasmill-verify", version)]
struct Arguments {
    /// Brokers, `host:port`, comma separated.
    #[arg(long)]
    bootstrap: String,
    /// The input topic.
    #[arg(long)]
    input: String,
    /// An output topic; may be given several times.
    #[arg(long = "output", required = true)]
    outputs: Vec<String>,
    /// The dead-letter topic.
    #[arg(long)]
    dead_letters: Option<String>,
    /// The consumer group of the pipeline.
    #[arg(long)]
    group: String,
    /// How many records were sent to the input.
    #[arg(long)]
    expected: u64,
    /// Records whose value contains this must be dead-lettered, and no others.
    #[arg(long)]
    reject_marker: Option<String>,
    /// The code of those dead letters.
    #[arg(long, default_value = "rejected-by-rule")]
    reject_code: String,
    /// How the output's partition is chosen.
    #[arg(long, value_enum, default_value = "key")]
    partition: PartitionArgument,
    /// The changelog of a pipeline that counts: the n-th record of a key has to become `<n> <value>`.
    #[arg(long)]
    counts: Option<String>,
    /// The header that numbers the records.
    #[arg(long, default_value = "seq")]
    sequence_header: String,
    /// How long transactions may stay open before they count as hanging.
    #[arg(long, default_value_t = 15)]
    stable_deadline_s: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PartitionArgument {
    Source,
    Key,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let rejects = arguments.reject_marker.map(|marker| Rejects { marker: marker.into(), code: arguments.reject_code });
    let task = Task {
        bootstrap: arguments.bootstrap,
        promise: Promise {
            input: arguments.input,
            group: arguments.group,
            expected: arguments.expected,
            rejects,
            partition: match arguments.partition {
                PartitionArgument::Source => Partition::Source,
                PartitionArgument::Key => Partition::Key,
            },
            counts: arguments.counts,
            sequence_header: arguments.sequence_header,
        },
        outputs: arguments.outputs,
        dead_letters: arguments.dead_letters,
        stable_deadline: Duration::from_secs(arguments.stable_deadline_s),
    };
    match task::verify(&task, Vec::new()) {
        Ok(report) => {
            print!("{report}");
            ExitCode::from(u8::from(!report.findings.is_empty()))
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
