//! The guests of `zoo/`, built once per test process.
//!
//! Into `guests/` of the target folder that the test itself was built in, so that nothing is written beside it, and cargo's
//! own lock makes several test processes wait for each other.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const TARGET: &str = "wasm32-wasip2";

/// The component built from the package of this name.
///
/// # Panics
/// The guests can't be built; the message says what is missing.
pub fn guest(package: &str) -> PathBuf {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FOLDER.get_or_init(build) {
        Ok(folder) => found(folder, package),
        Err(reason) => panic!("{reason}"),
    }
}

/// The folder that the tests may fill: `target/guests`.
pub fn folder() -> PathBuf {
    target().join("guests")
}

/// The folder of this crate.
pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Cargo, for the guests' own workspace: what the outer cargo was told does not count there.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for variable in
        ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WORKSPACE_WRAPPER", "RUSTC_WRAPPER"]
    {
        command.env_remove(variable);
    }
    command.current_dir(here().join("zoo")).arg("--locked").stdin(Stdio::null());
    command
}

fn build() -> Result<PathBuf, String> {
    let sysroot = sysroot()?;
    if !sysroot.join("lib/rustlib").join(TARGET).is_dir() {
        return Err(format!("the guests are built for {TARGET}, which is not installed: rustup target add {TARGET}"));
    }
    let mut command = cargo();
    command.args(["build", "--workspace", "--quiet", "--target", TARGET, "--target-dir"]).arg(folder());
    let status = command.status().map_err(|error| format!("failed to start cargo: {error}"))?;
    if !status.success() {
        return Err(format!("the guests do not build ({status}); cargo says why above: {command:?}"));
    }
    Ok(folder().join(TARGET).join("debug"))
}

/// Where this toolchain is; the linker and the C library of guests are there too.
pub(crate) fn sysroot() -> Result<PathBuf, String> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("failed to start rustc: {error}"))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Libraries have underscores in their names, programs what the package has.
fn found(folder: &Path, package: &str) -> PathBuf {
    let names = [package.replace('-', "_"), package.to_owned()];
    let paths = names.map(|name| folder.join(format!("{name}.wasm")));
    let path = paths.iter().find(|path| path.is_file());
    path.unwrap_or_else(|| panic!("no guest is called {package}: {} is not there", paths[0].display())).clone()
}

/// The target folder that this program is in: cargo marks it.
fn target() -> PathBuf {
    let program = std::env::current_exe().expect("a running program has a path");
    let marked = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    marked.map_or_else(|| here().join("../../target"), Path::to_path_buf)
}
