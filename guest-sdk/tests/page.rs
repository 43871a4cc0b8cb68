//! The plugins of docs/PLUGINS.md are examples/hello-plugin and page/visits.rs, word for word, and their own tests run here.

use std::path::{Path, PathBuf};

// Compiled and tested as an author has it. Its exports are for another crate.
#[path = "../../examples/hello-plugin/src/lib.rs"]
mod hello;

// The example of keyed state.
#[path = "page/visits.rs"]
mod visits;

/// What the page has in place of the example's own path.
const PATHS: (&str, &str) = ("../../guest-sdk", "/path/to/wasmill/guest-sdk");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Code blocks of the page that name their file in their first line.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let inside = page.split("\n```").skip(1).step_by(2);
    inside
        .filter_map(|block| {
            let (_language, text) = block.split_once('\n')?;
            let (first, text) = text.split_once('\n')?;
            let name = first.strip_prefix("// ").or_else(|| first.strip_prefix("# "))?;
            Some((name, text))
        })
        .collect()
}

#[test]
fn the_page_shows_the_example_as_it_is() {
    let page = std::fs::read_to_string(root().join("docs/PLUGINS.md")).unwrap();
    let blocks = blocks(&page);
    for file in ["Cargo.toml", "src/lib.rs", "hello.yaml"] {
        let example = std::fs::read_to_string(root().join("examples/hello-plugin").join(file)).unwrap();
        let example = example.replace(PATHS.0, PATHS.1);
        let shown = blocks.iter().find(|(name, _)| *name == file).map(|(_, text)| *text);
        assert_eq!(shown, Some(example.trim_end()), "{file} on the page");
    }
}

#[test]
fn the_page_shows_the_example_of_keyed_state_as_it_is() {
    let page = std::fs::read_to_string(root().join("docs/PLUGINS.md")).unwrap();
    let example = include_str!("page/visits.rs");
    let shown = blocks(&page).into_iter().find(|(name, _)| *name == "guest-sdk/tests/page/visits.rs");
    assert_eq!(shown.map(|(_, text)| text), Some(example.trim_end()));
}

#[test]
fn every_outcome_and_code_is_on_the_page() {
    let page = std::fs::read_to_string(root().join("docs/PLUGINS.md")).unwrap();
    for word in ["forward", "emit", "drop", "reject", "retry"] {
        assert!(page.contains(&format!("| {word} |")), "{word}");
    }
    for manifest in [hello::wasmill_exported::describe(), visits::wasmill_exported::describe()] {
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        for code in manifest["codes"].as_array().unwrap() {
            let code = code.as_str().unwrap();
            assert!(page.contains(&format!("`{code}`")), "the code {code} is not on the page");
        }
    }
}
