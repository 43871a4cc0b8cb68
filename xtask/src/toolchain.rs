//! Says what this machine lacks to build the workspace, and the line to type for it. Installs nothing.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::ensure;

/// `rust-version` of the workspace.
const RUST: &str = env!("CARGO_PKG_RUST_VERSION");
/// What plugins are built for.
const WASM: &str = "wasm32-wasip2";
const PACKAGES: &str = "apt-get install -y build-essential pkg-config libssl-dev zlib1g-dev";

/// An error that lists everything that is missing at once.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut missing = Vec::new();
    let rustc = output("rustc", &["--version"]);
    if !rustc.as_deref().is_some_and(|line| is_at_least(line, RUST)) {
        let found = rustc.unwrap_or_else(|| "no rustc".into());
        missing.push(format!(
            "Rust {RUST} or newer, found {}: rustup toolchain install {RUST} --component rustfmt,clippy && rustup default {RUST}",
            found.trim()
        ));
    }
    for component in ["fmt", "clippy"] {
        if output("cargo", &[component, "--version"]).is_none() {
            let name = if component == "fmt" { "rustfmt" } else { component };
            missing.push(format!("cargo {component}: rustup component add {name}"));
        }
    }
    let sysroot = output("rustc", &["--print", "sysroot"]);
    let target = sysroot.map(|root| Path::new(root.trim()).join("lib/rustlib").join(WASM));
    if !target.is_some_and(|target| target.is_dir()) {
        missing.push(format!("the target {WASM}: rustup target add {WASM}"));
    }
    let needed: [(&str, &str, &[&str]); 4] = [
        ("a C compiler", "cc", &["--version"]),
        ("make", "make", &["--version"]),
        ("pkg-config", "pkg-config", &["--version"]),
        ("the OpenSSL headers", "pkg-config", &["--exists", "openssl"]),
    ];
    for (name, program, arguments) in needed {
        if output(program, arguments).is_none() {
            missing.push(format!("{name}: {PACKAGES}"));
        }
    }
    ensure!(missing.is_empty(), "missing:\n  {}", missing.join("\n  "));
    Ok(())
}

/// What a program prints, or `None` when it is not there or fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether `rustc 1.95.0 (59807616e 2026-04-14)` is at least `1.95`.
fn is_at_least(rustc: &str, wanted: &str) -> bool {
    let version = rustc.split_whitespace().nth(1).and_then(minor);
    version.is_some() && version >= minor(wanted)
}

fn minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::is_at_least;

    #[test]
    fn an_older_compiler_is_refused() {
        for (line, fine) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", true),
            ("rustc 1.100.0-nightly (0 2026-11-01)", true),
            ("rustc 2.0.0", true),
            ("rustc 1.94.1 (0 2026-03-01)", false),
            ("rustc", false),
            ("", false),
        ] {
            assert_eq!(is_at_least(line, "1.95"), fine, "{line}");
        }
    }
}
