//! The binary `wasmill`.

use crate::root;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Which of its builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// As it is released, with the native plugins that benches compare with.
    Bench,
    /// As whoever tries it out builds it: in the profile of the tests.
    Plain,
    /// With crash points and native plugins, in the profile of the tests.
    Chaos,
}

impl Flavour {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Flavour::Bench => &["--release", "--package", "wasmill", "--features", "wasmill/native-plugins"],
            Flavour::Plain => &["--workspace"],
            // As part of the workspace: alone, its dependencies would have fewer features, and librdkafka be compiled again.
            Flavour::Chaos => &["--workspace", "--features", "wasmill/crash-points,wasmill/native-plugins"],
        }
    }
}

/// Builds it and returns the path that cargo names.
///
/// # Errors
/// It does not build; cargo has said why.
pub fn binary(flavour: Flavour) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args(["build", "--bin", "wasmill", "--message-format", "json-render-diagnostics"])
        .args(flavour.arguments())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("failed to start cargo")?;
    ensure!(output.status.success(), "cargo could not build wasmill ({flavour:?})");
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
    use super::executable;

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
