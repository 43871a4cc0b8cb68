//! Every dependency can be used under a licence on the list.
//!
//! It looks at what each crate declares for itself, not at C code that a crate bundles.

use super::spdx;
use super::workspace::Workspace;

/// Permissive licences, by SPDX identifier.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let mut findings = Vec::new();
    for package in &workspace.theirs {
        let id = format!("{} {}", package.name, package.version);
        let advice = "take another crate, or add the licence to xtask/src/lint/licences.rs if it is permissive";
        match package.licence.as_deref().map(|it| (it, spdx::is_allowed(it, ALLOWED))) {
            None => findings.push(format!("{id}: declares no licence; {advice}")),
            Some((_, Ok(true))) => {}
            Some((licence, Ok(false))) => findings.push(format!("{id}: `{licence}` is not allowed; {advice}")),
            Some((licence, Err(error))) => findings.push(format!("{id}: `{licence}` can not be read ({error})")),
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::lint::workspace::{Theirs, Workspace};

    fn findings(licence: Option<&str>) -> Vec<String> {
        let theirs = Theirs { name: "thing".into(), version: "1.2.3".into(), licence: licence.map(str::to_owned) };
        check(&Workspace { theirs: vec![theirs], ..Workspace::default() })
    }

    #[test]
    fn a_permissive_licence_is_allowed() {
        assert!(findings(Some("MIT OR Apache-2.0")).is_empty());
    }

    #[test]
    fn any_other_licence_is_refused_with_the_crate_and_its_version() {
        let found = findings(Some("AGPL-3.0-only"));
        assert!(found[0].contains("thing 1.2.3") && found[0].contains("AGPL-3.0-only"), "{found:?}");
    }

    #[test]
    fn a_crate_without_a_licence_is_refused() {
        assert!(findings(None)[0].contains("no licence"));
    }

    #[test]
    fn a_licence_that_can_not_be_read_is_refused() {
        assert!(findings(Some("MIT AND"))[0].contains("can not be read"));
    }
}
