//! What the rules look at: our packages, everyone else's licences, our sources. Read once; the rules do no IO.

use std::fs;
use std::path::Path;

use anyhow::Context;
use cargo_metadata::{Dependency, DependencyKind, MetadataCommand};

use crate::cargo;

/// A package of this workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ours {
    pub(crate) name: String,
    /// From the root, with `/`: `host/kafka`.
    pub(crate) folder: String,
    pub(crate) description: String,
    pub(crate) licence: String,
    /// Names of all direct dependencies, those of build scripts too.
    pub(crate) dependencies: Vec<String>,
    /// Those of its tests only.
    pub(crate) dev_dependencies: Vec<String>,
    /// The text of its `Cargo.toml`.
    pub(crate) manifest: String,
}

impl Ours {
    /// Whether it names the package, be it for its tests only.
    pub(crate) fn names(&self, package: &str) -> bool {
        self.dependencies.iter().chain(&self.dev_dependencies).any(|it| it == package)
    }
}

/// A package from elsewhere that ends up in one of ours.
#[derive(Clone, Debug)]
pub(crate) struct Theirs {
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression, when there is one.
    pub(crate) licence: Option<String>,
}

/// A Rust source file of ours.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) ours: Vec<Ours>,
    pub(crate) theirs: Vec<Theirs>,
    pub(crate) sources: Vec<Source>,
}

impl Workspace {
    pub(crate) fn load() -> anyhow::Result<Workspace> {
        let root = cargo::root();
        let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).exec()?;
        let mut workspace = Workspace::default();
        for package in &metadata.packages {
            if !metadata.workspace_members.contains(&package.id) {
                workspace.theirs.push(Theirs {
                    name: package.name.to_string(),
                    version: package.version.to_string(),
                    licence: package.license.clone(),
                });
                continue;
            }
            let named = |in_tests: bool| {
                let wanted = move |it: &&Dependency| (it.kind == DependencyKind::Development) == in_tests;
                package.dependencies.iter().filter(wanted).map(|it| it.name.clone()).collect()
            };
            let folder = package.manifest_path.parent().context("a manifest lies nowhere")?;
            workspace.ours.push(Ours {
                name: package.name.to_string(),
                folder: relative(&root, folder.as_std_path()),
                description: package.description.clone().unwrap_or_default(),
                licence: package.license.clone().unwrap_or_default(),
                dependencies: named(false),
                dev_dependencies: named(true),
                manifest: fs::read_to_string(&package.manifest_path)?,
            });
            read_sources(&root, folder.as_std_path(), &mut workspace.sources)?;
        }
        Ok(workspace)
    }
}

/// All `.rs` files of the package in a folder; a folder in it with a manifest is another package.
fn read_sources(root: &Path, folder: &Path, sources: &mut Vec<Source>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("failed to read `{}`", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if path.join("Cargo.toml").exists() {
                continue;
            }
            read_sources(root, &path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(Source { path: relative(root, &path), text: fs::read_to_string(&path)? });
        }
    }
    Ok(())
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

#[cfg(test)]
impl Ours {
    /// A package that breaks no rule of its own.
    pub(crate) fn fixture(folder: &str, name: &str, dependencies: &[&str]) -> Ours {
        Ours {
            name: name.into(),
            folder: folder.into(),
            description: "what it is for".into(),
            licence: "Apache-2.0".into(),
            dependencies: dependencies.iter().map(|it| (*it).to_owned()).collect(),
            dev_dependencies: Vec::new(),
            manifest: "[lints]\nworkspace = true\n".into(),
        }
    }
}

#[cfg(test)]
impl Workspace {
    pub(crate) fn of(ours: Vec<Ours>) -> Workspace {
        Workspace { ours, ..Workspace::default() }
    }
}
