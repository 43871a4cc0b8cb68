//! `wasmill.yaml`: text -> tree with positions -> raw sections -> checked configuration.
//!
//! Every mistake is reported at once, with file, line, key path and what to do; a configuration that is returned needs no
//! further checking. Does not talk to Kafka: whether librdkafka knows a property is asked through [`Checks`], so that the
//! tests need no client library. Does not load plugins either; it keeps the places that a problem with one may have. Called by the verbs `run`, `lint` and `config schema` of the binary.

mod check;
mod checked;
mod digest;
mod files;
mod json;
mod nearest;
pub mod owned;
mod place;
mod problem;
mod raw;
mod reader;
mod scalar;
mod schema;
mod substitute;
mod tree;
mod yaml;

use std::path::Path;

pub use checked::*;
pub use place::{ConfigPlaces, Place};
pub use problem::Problem;
pub use schema::schema;

use problem::Problems;
use reader::Read;

/// What the checks need from outside.
pub struct Checks<'a> {
    /// Does the client library know the property of this name and accept this value? Otherwise what it says about it.
    pub property: &'a dyn Fn(&str, &str) -> Result<(), String>,
    /// The environment, for `${NAME}`.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The default of `workers`, before it is held to the bounds of that key.
    pub cores: usize,
    /// The plugins that are compiled in; none in a released binary.
    pub native_plugins: &'a [&'a str],
}

/// The configuration in the file `path`, or every problem with it in the order of its lines.
///
/// Paths in the file are relative to the folder that it is in.
pub fn load(path: &Path, checks: &Checks<'_>) -> Result<Config, Vec<Problem>> {
    let name = path.display().to_string();
    let text = match files::read_config(path) {
        Ok(text) => text,
        Err(refused) => {
            return Err(vec![Problem {
                file: name,
                line: refused.line,
                column: refused.column,
                path: String::new(),
                message: refused.message,
                hint: refused.hint,
            }]);
        }
    };
    load_str(&name, &text, path.parent().unwrap_or(Path::new("")), checks)
}

/// [`load`] of a text at hand: `name` is what problems call the file, `folder` is what paths in it are relative to.
pub fn load_str(name: &str, text: &str, folder: &Path, checks: &Checks<'_>) -> Result<Config, Vec<Problem>> {
    let problems = Problems::new(name);
    let config = yaml::parse(text, checks.env, &problems).and_then(|tree| {
        let raw = raw::Raw::read(&tree, &problems)?;
        check::config(raw, &check::Context { tree: &tree, folder, checks, problems: &problems })
    });
    let found = problems.sorted();
    match config {
        Some(config) if found.is_empty() => Ok(config),
        _ => {
            assert!(!found.is_empty(), "a configuration was refused without a reason");
            Err(found)
        }
    }
}
