//! The same plugin in C and in Python, built where their compilers are.
//!
//! They are there for one question: does the contract's text work for languages that have nothing but generated bindings?
//! Not everybody who changes the host has their compilers, so a test without them says so, loudly, and passes. With
//! `WASMILL_REQUIRE_LANGUAGES=1`, as in continuous integration, it fails.

mod c;
mod python;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Set to `1` where all compilers must be there.
const REQUIRE: &str = "WASMILL_REQUIRE_LANGUAGES";

/// In the order of [`Language::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Rust,
    C,
    Python,
}

impl Language {
    pub const ALL: [Language; 3] = [Language::Rust, Language::C, Language::Python];

    /// What its guest calls itself in a header.
    pub fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::C => "c",
            Language::Python => "python",
        }
    }

    /// The component, or `None` after saying what is missing.
    ///
    /// # Panics
    /// It is there and does not build, or it is required and not there.
    pub fn guest(self) -> Option<PathBuf> {
        let built = match self {
            Language::Rust => Ok(crate::built::guest("typed")),
            Language::C => c::build(),
            Language::Python => python::build(),
        };
        match built {
            Ok(path) => Some(path),
            Err(absent) => {
                let name = self.name();
                assert!(std::env::var(REQUIRE).as_deref() != Ok("1"), "the guest in {name} is required: {}", absent.0);
                eprintln!("\n!!!! LEFT OUT, the guest in {name}: {}\n", absent.0);
                None
            }
        }
    }
}

/// What is missing, and what to type.
struct Absent(String);

/// Runs a compiler that is there: what it does not like fails the test.
fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("it was found");
    let words = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?} ended with {}:\n{said}{words}", output.status);
}

/// Whether `made` is younger than everything that it is made from.
fn is_fresh(made: &Path, from: &[PathBuf]) -> bool {
    let age = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    age(made).is_some_and(|made| from.iter().all(|source| age(source).is_some_and(|source| source < made)))
}
