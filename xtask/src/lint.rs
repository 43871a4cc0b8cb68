//! `cargo xtask lint`: the rules of the house that the compiler and clippy do not know.
//!
//! Each rule is a pure function from the [`Workspace`] to findings; all of them are listed at once. A finding says where,
//! what, and what to do.

mod banned;
mod layers;
mod licences;
mod manifests;
mod sources;
mod spdx;
mod workspace;

use anyhow::bail;

use workspace::Workspace;

/// Checks everything and prints the findings to stderr.
pub(crate) fn run() -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    let mut findings = Vec::new();
    findings.extend(layers::check(&workspace));
    findings.extend(banned::check(&workspace));
    findings.extend(licences::check(&workspace));
    findings.extend(manifests::check(&workspace));
    findings.extend(sources::check(&workspace));
    for finding in &findings {
        eprintln!("lint: {finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => bail!("1 finding"),
        count => bail!("{count} findings"),
    }
}
