//! Runs cargo in the workspace. Called by every verb that starts something.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// Arguments that belong to the program that is started.
#[derive(clap::Args)]
pub(crate) struct PassedOn {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The cargo that runs us, at the root.
pub(crate) fn command() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root());
    // Those that cargo sets for us would make the crates that look at them build again.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Builds a package's program, quietly, and runs it with the arguments.
pub(crate) fn run_package(package: &str, release: bool, arguments: &[OsString]) -> anyhow::Result<()> {
    let mut command = command();
    command.args(["run", "--quiet", "--package", package]);
    if release {
        command.arg("--release");
    }
    let status = command.arg("--").args(arguments).status().context("failed to start cargo")?;
    ensure!(status.success(), "`{package}` ended with {status}");
    Ok(())
}
