//! How a pipeline uses a plugin: names become numbers once, before the first record.

use crate::manifest::Manifest;
use std::sync::Arc;

/// By number, both ways. Made by `Plugin::bind`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Part of every seed.
    pub pipeline: String,
    /// By the pipeline's input number.
    pub inputs: Vec<BoundInput>,
    /// By the plugin's output number: the pipeline's, or `None` where an optional one is not mapped.
    pub outputs: Vec<Option<u16>>,
    /// By the plugin's store number: the pipeline's, or `None` where it is not used with this configuration.
    pub stores: Arc<[Option<u16>]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundInput {
    /// The plugin's.
    pub number: u16,
    pub topic: String,
}

/// What does not fit between a pipeline and its plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindProblem {
    #[error("the plugin has no input `{name}`{}", there("input", known))]
    UnknownInput { name: String, known: Vec<String> },
    #[error("the plugin's input `{name}` is not mapped; add `inputs.{name}`")]
    MissingInput { name: String },
    #[error("the plugin takes one input, and the pipeline has {count}")]
    OneInput { count: usize },
    #[error("the plugin has no output `{name}`{}", there("output", known))]
    UnknownOutput { name: String, known: Vec<String> },
    #[error(
        "the plugin keeps state in `{name}`, which was not opened at the start; restart the pipeline with this plugin"
    )]
    UnknownStore { name: String },
    #[error("the plugin's output `{name}` is not mapped and not optional; add `outputs.{name}: {{ topic: ... }}`")]
    MissingOutput { name: String },
}

fn there(what: &str, known: &[String]) -> String {
    match known {
        [] => format!(" (nor any other {what})"),
        names => format!("; there are: {}", names.join(", ")),
    }
}

impl Binding {
    pub(crate) fn new(
        manifest: &Manifest,
        pipeline: &str,
        inputs: &[(&str, &str)],
        outputs: &[&str],
        stores: &[&str],
    ) -> Result<Binding, Vec<BindProblem>> {
        let mut problems = Vec::new();
        let inputs = bind_inputs(manifest, inputs, &mut problems);
        let outputs = bind_outputs(manifest, outputs, &mut problems);
        let stores = bind_stores(manifest, stores, &mut problems);
        if problems.is_empty() {
            Ok(Binding { pipeline: pipeline.to_owned(), inputs, outputs, stores })
        } else {
            Err(problems)
        }
    }
}

fn bind_inputs(manifest: &Manifest, inputs: &[(&str, &str)], problems: &mut Vec<BindProblem>) -> Vec<BoundInput> {
    let known = &manifest.inputs;
    if known.is_empty() {
        if inputs.len() != 1 {
            problems.push(BindProblem::OneInput { count: inputs.len() });
        }
        return inputs.iter().map(|(_, topic)| BoundInput { number: 0, topic: (*topic).to_owned() }).collect();
    }
    let mut bound = Vec::new();
    for (name, topic) in inputs {
        match position(known.iter().map(String::as_str), name) {
            Some(number) => bound.push(BoundInput { number, topic: (*topic).to_owned() }),
            None => {
                problems.push(BindProblem::UnknownInput { name: (*name).to_owned(), known: known.clone() });
            }
        }
    }
    let missing = known.iter().filter(|name| !inputs.iter().any(|(mapped, _)| mapped == name));
    problems.extend(missing.map(|name| BindProblem::MissingInput { name: name.clone() }));
    bound
}

fn bind_outputs(manifest: &Manifest, outputs: &[&str], problems: &mut Vec<BindProblem>) -> Vec<Option<u16>> {
    let known = || manifest.outputs.iter().map(|output| output.name.as_str());
    for name in outputs.iter().filter(|name| position(known(), name).is_none()) {
        let known = known().map(str::to_owned).collect();
        problems.push(BindProblem::UnknownOutput { name: (*name).to_owned(), known });
    }
    let mut bound = Vec::new();
    for output in &manifest.outputs {
        let number = position(outputs.iter().copied(), &output.name);
        if number.is_none() && !output.optional {
            problems.push(BindProblem::MissingOutput { name: output.name.clone() });
        }
        bound.push(number);
    }
    bound
}

/// Numbers of the stores that the pipeline has.
fn bind_stores(manifest: &Manifest, stores: &[&str], problems: &mut Vec<BindProblem>) -> Arc<[Option<u16>]> {
    let number = |name: &str| position(stores.iter().copied(), name);
    let unknown = manifest.used_stores().filter(|store| number(&store.name).is_none());
    problems.extend(unknown.map(|store| BindProblem::UnknownStore { name: store.name.clone() }));
    let bound = |store: &crate::manifest::Store| if store.unused { None } else { number(&store.name) };
    manifest.stores.iter().map(bound).collect()
}

fn position<'a>(mut names: impl Iterator<Item = &'a str>, name: &str) -> Option<u16> {
    names.position(|known| known == name).and_then(|at| u16::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn bind(json: &Value, inputs: &[(&str, &str)], outputs: &[&str]) -> Result<Binding, Vec<BindProblem>> {
        Binding::new(&Manifest::parse(&json.to_string()).unwrap(), "shop", inputs, outputs, &[])
    }

    #[test]
    fn stores_are_those_that_the_pipeline_has_opened() {
        let store = |name: &str| json!({ "name": name, "key": "string", "value": "json", "version": 1 });
        let plugin = json!({ "name": "x", "version": "1", "stores": [store("seen"), store("points")] });
        let mut manifest = Manifest::parse(&plugin.to_string()).unwrap();
        let bind = |manifest: &Manifest, stores: &[&str]| {
            Binding::new(manifest, "shop", &[("a", "o")], &[], stores).map(|binding| binding.stores.to_vec())
        };
        assert_eq!(bind(&manifest, &["points", "seen"]), Ok(vec![Some(1), Some(0)]));
        let unknown = BindProblem::UnknownStore { name: "points".to_owned() };
        assert_eq!(bind(&manifest, &["seen"]), Err(vec![unknown]));
        manifest.stores[1].unused = true;
        assert_eq!(bind(&manifest, &["seen"]), Ok(vec![Some(0), None]));
    }

    fn plugin() -> Value {
        json!({
            "name": "x", "version": "1", "inputs": ["orders", "prices"],
            "outputs": [{ "name": "audit", "optional": true }, { "name": "valid" }],
        })
    }

    #[test]
    fn numbers_are_found_by_name_whatever_the_order_in_the_file() {
        let binding = bind(&plugin(), &[("prices", "p"), ("orders", "o")], &["valid"]).unwrap();
        let numbers: Vec<u16> = binding.inputs.iter().map(|input| input.number).collect();
        assert_eq!((numbers, binding.outputs), (vec![1, 0], vec![None, Some(0)]));
    }

    #[test]
    fn a_plugin_that_names_no_input_takes_one_of_any_name() {
        let plugin = json!({ "name": "x", "version": "1" });
        assert_eq!(bind(&plugin, &[("whatever", "o")], &[]).unwrap().inputs[0].number, 0);
        assert_eq!(bind(&plugin, &[("a", "o"), ("b", "o")], &[]), Err(vec![BindProblem::OneInput { count: 2 }]));
    }

    #[test]
    fn everything_that_does_not_fit_is_named_at_once() {
        let problems = bind(&plugin(), &[("orders", "o"), ("x", "x")], &["audits"]).unwrap_err();
        let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            words,
            [
                "the plugin has no input `x`; there are: orders, prices",
                "the plugin's input `prices` is not mapped; add `inputs.prices`",
                "the plugin has no output `audits`; there are: audit, valid",
                "the plugin's output `valid` is not mapped and not optional; add `outputs.valid: { topic: ... }`",
            ]
        );
    }
}
