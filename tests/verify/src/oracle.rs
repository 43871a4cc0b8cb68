//! Whether every stock count and every balance is right: judged from the topics, by a program of its own.
//!
//! The program is `oracle/`, in Python, and knows the page of rules only; this calls it. First [`dump`] copies what is committed
//! into a folder, then [`judge`] has it judged. A folder can be kept, looked at, and judged again.

mod config;
mod dump;
mod lines;
mod report;

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

pub use config::{Config, Pipeline, Plugin};
pub use dump::{Dump, dump};
pub use report::{Finding, Judged, Report};

/// Why a run is not proven to be right.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// It is wrong: the report says where.
    #[error("{0}")]
    Found(Box<Report>),
    /// Nobody knows: there is no Python, or the dump can't be used.
    #[error("nothing was judged: {0}")]
    NotJudged(String),
}

/// Judges the dump in `folder`, which gets a `config.json`. Some 25 s of CPU time for a million records.
///
/// # Errors
/// Findings, or the reason why there is no judgement.
pub fn judge(folder: &Path, config: &Config) -> Result<Report, Unproven> {
    let report = run(folder, config).map_err(|error| Unproven::NotJudged(format!("{error:#}")))?;
    if report.findings.is_empty() { Ok(report) } else { Err(Unproven::Found(Box::new(report))) }
}

fn run(folder: &Path, config: &Config) -> Result<Report> {
    // The program runs in a folder of its own.
    let folder = folder.canonicalize().with_context(|| format!("no folder {}", folder.display()))?;
    let file = folder.join("config.json");
    std::fs::write(&file, serde_json::to_vec_pretty(config)?)
        .with_context(|| format!("failed to write {}", file.display()))?;
    let output =
        python().args(["-m", "oracle"]).arg(&folder).arg(&file).output().map_err(|error| match error.kind() {
            ErrorKind::NotFound => anyhow::anyhow!("python3 is not there: apt-get install python3"),
            _ => anyhow::Error::new(error).context("failed to start python3"),
        })?;
    // 0: as it should be; 1: findings. A traceback ends with 1 as well, but without a report.
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
}

/// Python where it finds the oracle, leaving nothing behind in the sources.
fn python() -> Command {
    let mut python = Command::new("python3");
    python.current_dir(env!("CARGO_MANIFEST_DIR")).arg("-B");
    python
}
