//! Runs cargo in the workspace. Called by every verb that starts something.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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

/// The cargo that runs us, in a workspace of its own below the root: the flags of this one do not count there.
pub(crate) fn command_in(workspace: &str) -> Command {
    let mut command = command();
    command.current_dir(root().join(workspace));
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(name);
    }
    command
}

/// Builds a program of the workspace, quietly, and runs it with the arguments.
pub(crate) fn run_program(name: &str, release: bool, arguments: &[OsString]) -> anyhow::Result<()> {
    let status = Command::new(program(name, release)?).args(arguments).status().context("failed to start it")?;
    ensure!(status.success(), "`{name}` ended with {status}");
    Ok(())
}

/// Builds a program of the workspace and says where it is. As part of the whole workspace: built alone, its dependencies
/// would have fewer features, and librdkafka would be compiled once more.
pub(crate) fn program(name: &str, release: bool) -> anyhow::Result<PathBuf> {
    let profile: &[&str] = if release { &["--release"] } else { &[] };
    let arguments = [&["build", "--quiet", "--workspace", "--bin", name], profile].concat();
    let programs = programs(&arguments)?;
    let found = programs.into_iter().find(|program| program.target == name);
    Ok(found.with_context(|| format!("cargo did not name the program {name}"))?.path)
}

/// What cargo built that can be run.
pub(crate) struct Program {
    pub(crate) package: String,
    /// The folder of its package.
    pub(crate) folder: PathBuf,
    pub(crate) target: String,
    /// `lib`, `bin`, `test`, ...
    pub(crate) kind: String,
    pub(crate) path: PathBuf,
    /// Built with the test harness; a program that tests only start is not.
    pub(crate) is_test: bool,
}

/// Runs cargo with these arguments and returns the programs that it names.
pub(crate) fn programs(arguments: &[&str]) -> anyhow::Result<Vec<Program>> {
    let mut command = command();
    command.args(arguments).args(["--message-format", "json-render-diagnostics"]).stderr(Stdio::inherit());
    let output = command.output().context("failed to start cargo")?;
    ensure!(output.status.success(), "cargo ended with {}", output.status);
    let mut programs = Vec::new();
    for message in cargo_metadata::Message::parse_stream(output.stdout.as_slice()) {
        let cargo_metadata::Message::CompilerArtifact(artifact) = message? else { continue };
        let Some(path) = artifact.executable else { continue };
        let folder = artifact.manifest_path.parent().context("a manifest has no folder")?;
        programs.push(Program {
            package: folder.file_name().unwrap_or_default().to_owned(),
            folder: folder.into(),
            kind: artifact.target.kind.first().map(ToString::to_string).unwrap_or_default(),
            target: artifact.target.name,
            is_test: artifact.profile.test,
            path: path.into(),
        });
    }
    Ok(programs)
}
