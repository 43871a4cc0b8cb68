//! Every crate of ours takes the workspace's lints, says what it is for, and has the project's licence.

use super::workspace::{Ours, Workspace};

const LICENCE: &str = "Apache-2.0";

pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    workspace.ours.iter().flat_map(check_one).collect()
}

fn check_one(package: &Ours) -> Vec<String> {
    let mut findings = Vec::new();
    let mut missing = |what: &str, line: &str| {
        findings.push(format!("{}/Cargo.toml: {what}; write `{line}`", package.folder));
    };
    if !takes_workspace_lints(&package.manifest) {
        missing("does not take the workspace's lints", "[lints] workspace = true");
    }
    if package.description.trim().is_empty() {
        missing("has no description", "description = \"what it is for, in one line\"");
    }
    if package.licence != LICENCE {
        missing("does not have the project's licence", "license.workspace = true");
    }
    findings
}

/// Cargo's metadata does not tell, so the text is read: `workspace = true` in the table `[lints]`, or the dotted key.
fn takes_workspace_lints(manifest: &str) -> bool {
    let mut table = "";
    manifest.lines().map(str::trim).any(|line| {
        if line.starts_with('[') {
            table = line;
        }
        let key = line.split('#').next().unwrap_or_default().replace(' ', "");
        table == "[lints]" && key == "workspace=true" || table.is_empty() && key == "lints.workspace=true"
    })
}

#[cfg(test)]
mod tests {
    use super::{check, takes_workspace_lints};
    use crate::lint::workspace::{Ours, Workspace};

    #[test]
    fn a_complete_manifest_is_fine() {
        assert!(check(&Workspace::of(vec![Ours::fixture("host/record", "wasmill-record", &[])])).is_empty());
    }

    #[test]
    fn an_empty_manifest_gets_every_finding_at_once() {
        let ours = Ours { folder: "host/new".into(), ..Ours::default() };
        let found = check(&Workspace::of(vec![ours])).join("\n");
        for word in ["lints", "description", "license", "host/new/Cargo.toml"] {
            assert!(found.contains(word), "{word} in {found}");
        }
    }

    #[test]
    fn lints_of_another_table_do_not_count() {
        assert!(takes_workspace_lints("[package]\nname = \"x\"\n[lints]\nworkspace = true # all\n"));
        assert!(takes_workspace_lints("lints.workspace = true\n[package]\n"));
        assert!(!takes_workspace_lints("[package]\nworkspace = true\n"));
        assert!(!takes_workspace_lints("[lints]\n[package]\nworkspace = true\n"));
    }
}
