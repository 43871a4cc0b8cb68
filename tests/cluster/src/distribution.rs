//! The jars of Apache Kafka, fetched once by Maven into the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::{availability, layout, lock, wait};

/// Also in `pom.xml`.
pub(crate) const VERSION: &str = "4.3.1";
/// 56 MB from a cold Maven took half a minute; a slow mirror may need ten times that.
const FETCH_TIMEOUT: Duration = Duration::from_secs(600);

/// The jars, in a fixed order.
pub(crate) struct Distribution {
    jars: Vec<PathBuf>,
}

impl Distribution {
    /// Fetches the jars unless they are there.
    pub(crate) fn fetched() -> anyhow::Result<Distribution> {
        availability::available().map_err(anyhow::Error::msg)?;
        let libs = layout::libs();
        lock::made_once(&libs, fetch)?;
        let mut jars = Vec::new();
        for entry in fs::read_dir(&libs)? {
            jars.push(entry?.path());
        }
        jars.retain(|path| path.extension().is_some_and(|extension| extension == "jar"));
        // A class archive holds for one class path only, so the order must not be that of the file system.
        jars.sort();
        ensure!(!jars.is_empty(), "`{}` holds no jars: remove it and start again", libs.display());
        Ok(Distribution { jars })
    }

    pub(crate) fn class_path(&self) -> String {
        let jars: Vec<_> = self.jars.iter().map(|jar| jar.to_string_lossy()).collect();
        jars.join(":")
    }
}

fn fetch(into: &Path) -> anyhow::Result<()> {
    let pom = Path::new(env!("CARGO_MANIFEST_DIR")).join("pom.xml");
    let mut maven = Command::new("mvn");
    maven.arg("-B").arg("-q").arg("-f").arg(&pom);
    maven.arg("dependency:copy-dependencies").arg("-DincludeScope=runtime");
    maven.arg(format!("-DoutputDirectory={}", into.display()));
    let output = wait::output(maven, FETCH_TIMEOUT).context("failed to fetch the Kafka jars")?;
    ensure!(output.success, "`mvn -f {} dependency:copy-dependencies` failed:\n{}", pom.display(), output.text);
    Ok(())
}
