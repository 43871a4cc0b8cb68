//! Where things lie under the target directory. Paths only, nothing is made here.
//!
//! ```text
//! <target>/kafka/4.3.1/libs/       the jars
//! <target>/kafka/4.3.1/tls/        key store and CA of the SASL_SSL listener
//! <target>/kafka/4.3.1/k-*.jsa     class archive of one JDK and class path
//! <target>/kafka/ports/            a lock file for each port that a live process holds
//! <target>/kafka/run/<pid>-<n>/    one running cluster
//! ```

use std::path::{Path, PathBuf};

use crate::distribution::VERSION;

/// `<target>/kafka`. Cargo's own variable wins over the place beside the workspace's manifest.
pub(crate) fn kafka() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = workspace.canonicalize().unwrap_or(workspace);
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => workspace.join(target).join("kafka"),
        None => workspace.join("target/kafka"),
    }
}

pub(crate) fn version() -> PathBuf {
    kafka().join(VERSION)
}

pub(crate) fn libs() -> PathBuf {
    version().join("libs")
}

pub(crate) fn tls() -> PathBuf {
    version().join("tls")
}

pub(crate) fn ports() -> PathBuf {
    kafka().join("ports")
}

pub(crate) fn run() -> PathBuf {
    kafka().join("run")
}
