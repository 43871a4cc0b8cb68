//! One file per mistake that a user can make, with exactly what is said about it beside it.
//!
//! `tests/mistakes/*.yaml` and `*.expected`; `UPDATE_EXPECT=1 cargo test -p wasmill-config` writes the latter anew.

// clippy.toml exempts test functions only, not the functions that they share.
#![allow(clippy::unwrap_used)]

#[path = "support/fixed.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

fn mistakes() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files
}

fn what_is_said(path: &Path) -> String {
    let name = path.file_name().unwrap().to_string_lossy();
    let text = fs::read_to_string(path).unwrap();
    // Tests run in the crate's folder: a relative path keeps the machine's own out of the expected texts.
    match support::load_in(&name, &text, Path::new("tests/mistakes")) {
        Ok(_) => "no problem was found\n".to_owned(),
        Err(problems) => problems.iter().map(|problem| format!("{problem}\n")).collect(),
    }
}

#[test]
fn every_mistake_is_explained_as_expected() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut differ = Vec::new();
    for path in mistakes() {
        let expected_path = path.with_extension("expected");
        let said = what_is_said(&path);
        if update {
            fs::write(&expected_path, &said).unwrap();
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        if said != expected {
            differ.push(format!("{}\nexpected:\n{expected}said:\n{said}", path.display()));
        }
    }
    assert!(differ.is_empty(), "{}\n(UPDATE_EXPECT=1 takes what is said)", differ.join("\n"));
}

#[test]
fn every_mistake_is_found_in_its_file_and_nothing_is_left_over() {
    let files = mistakes();
    assert!(files.len() >= 35, "only {} mistakes were found", files.len());
    for path in files {
        let said = what_is_said(&path);
        assert!(said.contains(".yaml:"), "{}: no problem with a line: {said}", path.display());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "expected") {
            assert!(path.with_extension("yaml").exists(), "{} has no mistake", path.display());
        }
    }
}
