//! What tests of the whole product run: its binary, and plugins, built by cargo and found.
//!
//! Cargo is asked each time: what is fresh costs a second, and a stale binary under test costs a day. Its words go to
//! stderr.

mod binary;
mod wasm;

pub use binary::{Flavour, binary};
pub use wasm::{TARGET, apart, cargo, guests, plugins, released, sysroot};

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The target folder that this program is in: cargo marks it.
pub fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let marked = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    marked.map_or_else(|| root().join("target"), Path::to_path_buf)
}
