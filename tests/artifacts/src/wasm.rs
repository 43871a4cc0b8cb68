//! Components: the workspace `plugins/`, and workspaces of guests for tests.

use crate::{root, target};
use anyhow::{Context, Result, ensure};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What components are built for.
pub const TARGET: &str = "wasm32-wasip2";

/// Builds the plugins that come with wasmill, as their authors would, and returns the folder they are in.
///
/// # Errors
/// The target is not installed (with the line that installs it), or they do not build; cargo has said why.
pub fn plugins() -> Result<PathBuf> {
    released("plugins")
}

/// The same for another workspace below the root, in its own target folder.
///
/// # Errors
/// As [`plugins`].
pub fn released(workspace: &str) -> Result<PathBuf> {
    let workspace = root().join(workspace);
    build(&workspace, &["--release"], &workspace.join("target"))?;
    Ok(workspace.join("target").join(TARGET).join("release"))
}

/// Builds the guests of a workspace into `guests/` of this program's target folder, and returns the folder they are in.
/// Nothing is written beside it, and cargo's own lock makes several test processes wait for each other.
///
/// # Errors
/// As [`plugins`].
pub fn guests(workspace: &Path) -> Result<PathBuf> {
    let into = target().join("guests");
    build(workspace, &[], &into)?;
    Ok(into.join(TARGET).join("debug"))
}

fn build(workspace: &Path, arguments: &[&str], into: &Path) -> Result<()> {
    let installed = sysroot()?.join("lib/rustlib").join(TARGET).is_dir();
    ensure!(installed, "plugins are built for {TARGET}, which is not installed: rustup target add {TARGET}");
    let mut command = cargo();
    command.current_dir(workspace).args(["build", "--workspace", "--quiet", "--target", TARGET, "--target-dir"]);
    let status = command.arg(into).args(arguments).status().context("failed to start cargo")?;
    ensure!(status.success(), "{} does not build ({status}): {command:?}", workspace.display());
    Ok(())
}

/// What the outer cargo was told, and may have been told differently for a workspace of its own.
const TOLD: &[&str] = &[
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
];

/// Cargo, for a workspace of its own.
pub fn cargo() -> Command {
    let mut command = apart(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg("--locked").stdin(Stdio::null());
    command
}

/// A program that may start cargo for a workspace of its own: what the outer cargo was told does not count there.
pub fn apart(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for variable in TOLD {
        command.env_remove(variable);
    }
    command
}

/// Where this toolchain is; the linker and the C library of guests are there too.
///
/// # Errors
/// There is no rustc.
pub fn sysroot() -> Result<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).stdin(Stdio::null()).output();
    let output = output.context("failed to start rustc")?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}
