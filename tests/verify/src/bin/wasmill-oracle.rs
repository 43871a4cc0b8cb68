//! `wasmill-oracle`: dumps the topics of inventory and loyalty and has every stock count and balance judged. Exit 0: all is
//! right; 1: findings, or no judgement.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use wasmill_verify::oracle::{self, Config, Dump};

/// Recompute every stock count and balance from what was read, and compare it with what was written.
#[derive(Debug, Parser)]
#[command(name = "wasmill-oracle", version)]
struct Arguments {
    /// Brokers, `host:port`, comma separated. Without it the folder is judged as it is.
    #[arg(long)]
    bootstrap: Option<String>,
    /// The pipelines, as JSON: tests/verify/oracle/README.md.
    #[arg(long)]
    config: PathBuf,
    /// Where the dump goes, or is.
    #[arg(long)]
    folder: PathBuf,
    /// How long transactions may stay open before they count as hanging.
    #[arg(long, default_value_t = 15)]
    stable_deadline_s: u64,
}

fn main() -> ExitCode {
    match judge(&Arguments::parse()) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn judge(arguments: &Arguments) -> Result<String> {
    let named = || format!("failed to read {}", arguments.config.display());
    let config: Config =
        serde_json::from_slice(&std::fs::read(&arguments.config).with_context(named)?).with_context(named)?;
    if let Some(bootstrap) = &arguments.bootstrap {
        std::fs::create_dir_all(&arguments.folder)?;
        let stable_deadline = Duration::from_secs(arguments.stable_deadline_s);
        oracle::dump(&Dump { bootstrap, config: &config, stable_deadline }, &arguments.folder)?;
    }
    Ok(oracle::judge(&arguments.folder, &config)?.to_string())
}
