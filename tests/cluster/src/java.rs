//! The command line of a JVM that runs a class of Kafka.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::ensure;

use crate::distribution::Distribution;
use crate::wait;

/// Small and quick to start. 384 MiB: with 256 a broker under load spends its time collecting garbage.
const FLAGS: [&str; 5] =
    ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xlog:disable", "-Djava.awt.headless=true"];
/// A class that only prints or formats is done in a second; the machine may be busy.
pub(crate) const TOOL_TIMEOUT: Duration = Duration::from_secs(60);

/// What to do with the class archive.
#[derive(Clone)]
pub(crate) enum Archive {
    None,
    Use(PathBuf),
    /// Write it when the JVM ends by itself.
    Make(PathBuf),
}

/// Everything but the class to run.
#[derive(Clone)]
pub(crate) struct Java {
    class_path: String,
    archive: Archive,
}

impl Java {
    pub(crate) fn new(distribution: &Distribution, archive: Archive) -> Java {
        Java { class_path: distribution.class_path(), archive }
    }

    /// The same without writing an archive: that is for the broker's end, not for that of a tool.
    pub(crate) fn for_tools(&self) -> Java {
        let mut java = self.clone();
        if matches!(java.archive, Archive::Make(_)) {
            java.archive = Archive::None;
        }
        java
    }

    pub(crate) fn command(&self, log4j: Option<&Path>, class: &str) -> Command {
        let mut command = Command::new("java");
        command.args(FLAGS);
        match &self.archive {
            Archive::None => {}
            // Without a fitting archive the JVM goes on without one (`-Xshare:auto` is its default).
            Archive::Use(path) => _ = command.arg(format!("-XX:SharedArchiveFile={}", path.display())),
            Archive::Make(path) => _ = command.arg(format!("-XX:ArchiveClassesAtExit={}", path.display())),
        }
        if let Some(path) = log4j {
            command.arg(format!("-Dlog4j2.configurationFile={}", path.display()));
        }
        command.arg("-cp").arg(&self.class_path).arg(class);
        command
    }

    /// Runs a class that ends by itself.
    pub(crate) fn run(&self, class: &str, arguments: &[String]) -> anyhow::Result<()> {
        let mut command = self.command(None, class);
        command.args(arguments);
        let output = wait::output(command, TOOL_TIMEOUT)?;
        ensure!(output.success, "`{class} {}` failed:\n{}", arguments.join(" "), output.text);
        Ok(())
    }
}

/// A name for this JDK with this class path: a class archive holds for nothing else.
pub(crate) fn fingerprint(distribution: &Distribution) -> anyhow::Result<String> {
    let mut command = Command::new("java");
    command.arg("-version");
    let version = wait::output(command, TOOL_TIMEOUT)?;
    let mut hasher = DefaultHasher::new();
    (version.text, distribution.class_path(), FLAGS).hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}
