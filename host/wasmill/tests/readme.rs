//! What the documentation shows is true: its configurations are checked by the binary, its commands and links exist.
//!
//! Needs no Kafka: what README.md does with one is walked in `on_kafka/walk.rs`.

// clippy.toml exempts test functions only, not the functions that they share.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A document of the repository.
struct Page {
    path: PathBuf,
    text: String,
}

/// A fenced block: the word behind its fence, and its lines.
struct Block {
    language: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// README.md, CHANGELOG.md and everything under docs.
fn pages() -> Vec<Page> {
    let mut paths = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    for folder in ["docs", "docs/decisions"] {
        let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        paths.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    paths.sort();
    paths.into_iter().map(|path| Page { text: fs::read_to_string(&path).unwrap(), path }).collect()
}

fn blocks(page: &Page) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some(Block { language: language.trim().to_owned(), text: String::new() }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{}: a block is not closed", page.path.display());
    blocks
}

/// All that is typed: the lines of shell blocks, and `code` in the text.
fn commands(page: &Page) -> Vec<String> {
    let shell = blocks(page).into_iter().filter(|block| block.language == "sh");
    let mut commands: Vec<String> =
        shell.flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let mut in_block = false;
    for line in page.text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            commands.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    commands
}

/// What stands behind `program` in the commands of all pages.
fn arguments_of(program: &str) -> BTreeSet<Vec<String>> {
    let of_command = |command: String| {
        let typed = command.split('#').next()?;
        let arguments = typed.strip_prefix(program).filter(|rest| rest.starts_with(' '))?;
        Some(arguments.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    };
    let commands = pages().into_iter().flat_map(|page| commands(&page)).collect::<Vec<_>>();
    let arguments: BTreeSet<_> =
        commands.into_iter().filter_map(of_command).filter(|words| !words.is_empty()).collect();
    assert!(!arguments.is_empty(), "no page names `{program}`");
    arguments
}

fn wasmill(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmill"));
    command.args(arguments).current_dir(root()).env_clear().stdin(Stdio::null()).output().unwrap()
}

fn lint(file: &Path) {
    let output = wasmill(&["lint", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
}

/// Configurations name plugins where the pages have them built: those of the README in `plugins`, that of docs/PLUGINS.md in
/// the newcomer's own folder.
fn plugins() {
    wasmill_artifacts::plugins().unwrap();
    wasmill_artifacts::released("examples/hello-plugin").unwrap();
}

#[test]
fn every_configuration_in_the_documentation_is_right() {
    let folder = tempfile::tempdir().unwrap();
    plugins();
    for (name, place) in [("plugins", "plugins"), ("target", "examples/hello-plugin/target")] {
        std::os::unix::fs::symlink(root().join(place), folder.path().join(name)).unwrap();
    }
    let mut count = 0;
    for page in pages() {
        for block in blocks(&page).iter().filter(|block| block.language == "yaml") {
            count += 1;
            let name = page.path.file_stem().unwrap().to_str().unwrap();
            let file = folder.path().join(format!("{name}-{count}.yaml"));
            fs::write(&file, &block.text).unwrap();
            lint(&file);
        }
    }
    assert!(count >= 1, "the README shows a configuration");
}

#[test]
fn every_example_is_right() {
    plugins();
    let examples = fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let yaml = examples.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    // What is wrong with this one is a golden of `ui.rs`.
    let files: Vec<_> = yaml.filter(|path| !path.ends_with("broken.yaml")).collect();
    assert!(files.len() >= 3, "{files:?}");
    files.iter().for_each(|file| lint(file));
}

#[test]
fn every_verb_and_option_of_wasmill_that_is_named_exists() {
    for program in ["wasmill", "cargo run -p wasmill --"] {
        for arguments in arguments_of(program) {
            let is_word = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase());
            let mut verbs: Vec<&str> = arguments.iter().take_while(is_word).map(String::as_str).collect();
            // `completions bash`: what follows is an argument, not a verb.
            if !verbs.first().is_some_and(|first| ["config", "state"].contains(first)) {
                verbs.truncate(1);
            }
            verbs.push("--help");
            let output = wasmill(&verbs);
            let help = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "`{program} {}`: no such verb", arguments.join(" "));
            for option in arguments.iter().filter(|word| word.starts_with("--")) {
                assert!(help.contains(option.as_str()), "`{program} {}`: no option {option}", arguments.join(" "));
            }
        }
    }
}

/// Read in the source: running xtask would build it.
#[test]
fn every_verb_of_xtask_that_is_named_exists() {
    let source = fs::read_to_string(root().join("xtask/src/main.rs")).unwrap();
    let (_, verbs) = source.split_once("enum Verb {").unwrap();
    let (verbs, _) = verbs.split_once("\n}").unwrap();
    let lines = verbs.lines().map(str::trim).filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    let verbs: BTreeSet<String> = lines
        .map(|line| line.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_lowercase())
        .collect();
    for arguments in arguments_of("cargo xtask") {
        let verb = arguments.first().unwrap();
        assert!(verbs.contains(verb), "`cargo xtask {verb}`: there are {verbs:?}");
    }
}

#[test]
fn every_link_and_every_named_file_of_the_documentation_is_there() {
    let mut count = 0;
    for page in pages() {
        let folder = page.path.parent().unwrap();
        for link in page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") || link.starts_with('#') {
                continue;
            }
            count += 1;
            let file = link.split('#').next().unwrap();
            assert!(folder.join(file).exists(), "{}: {link}", page.path.display());
        }
        for path in commands(&page) {
            let in_tree = ["host/", "tests/", "xtask/", "docs/", "examples/"].iter().any(|top| path.starts_with(top));
            if in_tree && path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c)) {
                count += 1;
                assert!(root().join(&path).exists(), "{}: {path} is not there", page.path.display());
            }
        }
    }
    assert!(count > 20, "{count} links and files");
}

/// The column of tests in the table of rules.
#[test]
fn every_test_that_a_guarantee_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/GUARANTEES.md")).unwrap();
    let rules = page.lines().filter(|line| line.starts_with("| R"));
    let cells = rules.map(|line| line.trim_end_matches('|').rsplit('|').next().unwrap_or_default());
    let names: Vec<&str> = cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'))
        .collect();
    assert!(names.len() > 40, "only {} tests are named", names.len());
    let mut sources = String::new();
    read_sources(&root.join("host"), &mut sources);
    read_sources(&root.join("tests"), &mut sources);
    let missing: Vec<&&str> = names.iter().filter(|name| !sources.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

fn read_sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
