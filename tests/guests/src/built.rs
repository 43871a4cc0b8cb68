//! The guests of `zoo/`, built once per test process.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The component built from the package of this name.
///
/// # Panics
/// The guests can't be built; the message says what is missing.
pub fn guest(package: &str) -> PathBuf {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let build = || wasmill_artifacts::guests(&here().join("zoo")).map_err(|error| format!("{error:#}"));
    match FOLDER.get_or_init(build) {
        Ok(folder) => found(folder, package),
        Err(reason) => panic!("{reason}"),
    }
}

/// The folder that the tests may fill: `target/guests`.
pub fn folder() -> PathBuf {
    wasmill_artifacts::target().join("guests")
}

/// The folder of this crate.
pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Libraries have underscores in their names, programs what the package has.
fn found(folder: &Path, package: &str) -> PathBuf {
    let names = [package.replace('-', "_"), package.to_owned()];
    let paths = names.map(|name| folder.join(format!("{name}.wasm")));
    let path = paths.iter().find(|path| path.is_file());
    path.unwrap_or_else(|| panic!("no guest is called {package}: {} is not there", paths[0].display())).clone()
}
