//! What `configure` overrides in the manifest, because it depends on the configuration. Inputs are listed anew, and
//! numbered by that list; outputs and stores keep their numbers, whichever are unused.

use crate::configuration::ConfigProblems;
use crate::manifest::{Manifest, Part, reads};
use serde::Deserialize;

/// The answer of `configure`; keys that are not known are ignored, as in the manifest.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Overrides {
    /// Instead of the manifest's.
    inputs: Option<Vec<String>>,
    reads: Option<Vec<Part>>,
    /// Names of outputs that nothing is sent to: a pipeline need not map them.
    #[serde(default)]
    unused_outputs: Vec<String>,
    /// Names of stores that are neither read nor changed.
    #[serde(default)]
    unused_stores: Vec<String>,
}

/// # Errors
/// It is not what an override looks like, or names something that the manifest has not got.
pub(crate) fn apply(manifest: &mut Manifest, answer: &str) -> Result<(), ConfigProblems> {
    let overrides: Overrides = serde_json::from_str(answer)
        .map_err(|error| ConfigProblems::one("", format!("configure answered what is no override: {error}")))?;
    let mut problems = Vec::new();
    let mut unknown = |pointer: &str, name: &str| {
        problems.push((pointer.to_owned(), format!("configure names `{name}`, which the manifest has not got")));
    };
    for name in &overrides.unused_outputs {
        match manifest.outputs.iter_mut().find(|output| output.name == *name) {
            Some(output) => output.optional = true,
            None => unknown("/unused-outputs", name),
        }
    }
    for name in &overrides.unused_stores {
        match manifest.stores.iter_mut().find(|store| store.name == *name) {
            Some(store) => store.unused = true,
            None => unknown("/unused-stores", name),
        }
    }
    if let Some(inputs) = overrides.inputs {
        for (number, name) in inputs.iter().enumerate().filter(|(number, name)| inputs[..*number].contains(name)) {
            problems.push((format!("/inputs/{number}"), format!("configure names `{name}` twice")));
        }
        manifest.inputs = inputs;
    }
    if let Some(parts) = overrides.reads {
        manifest.reads = reads(&parts);
    }
    if problems.is_empty() { Ok(()) } else { Err(ConfigProblems::of(problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn manifest() -> Manifest {
        let store = json!({ "name": "seen", "key": "utf8", "value": "json", "version": 1 });
        let json = json!({
            "name": "orders", "version": "1", "inputs": ["orders"],
            "outputs": [{ "name": "valid" }, { "name": "audit" }], "stores": [store],
        });
        Manifest::parse(&json.to_string()).unwrap()
    }

    #[test]
    fn inputs_and_reads_are_replaced_and_numbers_stay() {
        let mut manifest = manifest();
        let answer = json!({
            "inputs": ["orders", "prices"], "reads": ["key"], "unused-outputs": ["valid"], "unused-stores": ["seen"],
            "a-key-of-tomorrow": 1,
        });
        apply(&mut manifest, &answer.to_string()).unwrap();
        assert_eq!((manifest.inputs.len(), manifest.reads()), (2, vec!["key"]));
        let outputs: Vec<(&str, bool)> = manifest.outputs.iter().map(|it| (it.name.as_str(), it.optional)).collect();
        assert_eq!(outputs, [("valid", true), ("audit", false)]);
        assert_eq!((manifest.stores.len(), manifest.used_stores().count()), (1, 0));
    }

    #[test]
    fn nothing_said_changes_nothing() {
        let mut overridden = manifest();
        apply(&mut overridden, "{}").unwrap();
        assert_eq!(overridden, manifest());
    }

    #[test]
    fn what_the_manifest_has_not_got_can_not_be_unused() {
        let answer = json!({ "unused-outputs": ["a", "valid"], "unused-stores": ["b"], "inputs": ["x", "x"] });
        let problems = apply(&mut manifest(), &answer.to_string()).unwrap_err();
        let pointers: Vec<&str> = problems.0.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(pointers, ["/unused-outputs", "/unused-stores", "/inputs/1"]);
        assert!(apply(&mut manifest(), "[]").is_err() && apply(&mut manifest(), r#"{"reads":["offset"]}"#).is_err());
    }
}
