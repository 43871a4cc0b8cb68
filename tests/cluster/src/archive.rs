//! A class archive (AppCDS) that halves the start of a broker.
//!
//! It is made by a broker that does nothing else: one that is killed with `kill -9` writes none, and every cluster of
//! the tests is. A start never fails for want of it.

use std::fs;
use std::path::Path;

use crate::cluster::Cluster;
use crate::distribution::Distribution;
use crate::java::{self, Archive, Java};
use crate::options::Options;
use crate::{layout, lock};

const FILE: &str = "k.jsa";

/// Makes the archive unless it is there, or unless that has failed before.
pub(crate) fn made(distribution: &Distribution) -> Archive {
    let Ok(fingerprint) = java::fingerprint(distribution) else { return Archive::None };
    let directory = layout::version().join(format!("archive-{fingerprint}"));
    let made = lock::made_once(&directory, |directory| {
        if let Err(error) = make(directory, distribution) {
            eprintln!("no class archive for Kafka, brokers will start more slowly: {error:#}");
            // Remembered beside the missing file, so that not every start tries again.
            fs::write(directory.join("failed.txt"), format!("{error:#}"))?;
        }
        Ok(())
    });
    let file = directory.join(FILE);
    if made.is_ok() && file.is_file() { Archive::Use(file) } else { Archive::None }
}

fn make(directory: &Path, distribution: &Distribution) -> anyhow::Result<()> {
    let file = directory.join(FILE);
    let java = Java::new(distribution, Archive::Make(file.clone()));
    // With SASL, so that the classes of TLS are in it too.
    let mut cluster = Cluster::start_on(&Options::one().sasl(), java)?;
    cluster.topic("warm-up", 1, &[])?;
    cluster.terminate(0)?;
    anyhow::ensure!(file.is_file(), "the JVM wrote no `{}`", file.display());
    Ok(())
}
