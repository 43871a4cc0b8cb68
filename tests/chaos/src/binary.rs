//! Builds the product with its crash points and native plugins and finds the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Runs cargo, whose messages go to stderr, and returns the path it names for the binary `wasmill`.
pub fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        // As part of the workspace: alone, its dependencies would have fewer features, and librdkafka be compiled again.
        .args(["build", "--workspace", "--bin", "wasmill", "--features", "wasmill/crash-points,wasmill/native-plugins"])
        .args(["--message-format", "json-render-diagnostics"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("failed to start cargo")?;
    ensure!(output.status.success(), "cargo could not build wasmill with its crash points");
    executable(&String::from_utf8_lossy(&output.stdout)).context("cargo did not name the binary wasmill")
}

/// The executable named `wasmill` in cargo's JSON messages, one a line.
fn executable(messages: &str) -> Option<PathBuf> {
    let path = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        let named = message.get("target")?.get("name")?.as_str()? == "wasmill";
        message.get("executable")?.as_str().filter(|_| named).map(PathBuf::from)
    };
    messages.lines().find_map(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_the_one_that_cargo_names() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"wasmill_config"},"executable":null}
            not json
            {"reason":"compiler-artifact","target":{"name":"wasmill"},"executable":"/t/debug/wasmill"}
            {"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some("/t/debug/wasmill".into()));
        assert_eq!(executable("{}"), None);
    }
}
