use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::schema;
use crate::{Checks, load_str};

/// The keys of each mapping, by the path of the mapping; names that users invent are `*`.
type Keys = BTreeMap<String, Vec<String>>;

fn walk(schema: &Value, path: &str, keys: &mut Keys) {
    for alternative in schema.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
        walk(alternative, path, keys);
    }
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    if let Some(named) = schema.get("additionalProperties").filter(|named| named.is_object()) {
        walk(named, &below("*"), keys);
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        assert_eq!(
            schema.get("additionalProperties"),
            Some(&Value::Bool(false)),
            "{path}: unknown keys are not refused"
        );
        let mut names: Vec<String> = properties.keys().cloned().collect();
        names.sort();
        keys.insert(path.to_owned(), names);
        for (key, property) in properties {
            walk(property, &below(key), keys);
        }
    }
}

/// The known keys that the parser lists when it meets a key that is like none of them.
fn accepted() -> Keys {
    const STRANGER: &str = "qqqqqqqqqq: x";
    let text = format!(
        "{STRANGER}
clusters: {{ '*': {{ {STRANGER}, oauthbearer: {{ {STRANGER} }}, properties: {{ '*': {{ {STRANGER} }} }} }} }}
plugins: {{ '*': {{ {STRANGER}, limits: {{ {STRANGER} }} }} }}
state: {{ {STRANGER} }}
admin: {{ {STRANGER} }}
pipelines:
  '*':
    {STRANGER}
    inputs: {{ '*': {{ {STRANGER} }} }}
    outputs: {{ '*': {{ {STRANGER} }} }}
    dead_letters: {{ {STRANGER} }}
    batch: {{ {STRANGER} }}
    commit: {{ {STRANGER} }}
    retry: {{ {STRANGER}, backoff_ms: {{ {STRANGER} }} }}
    stores: {{ '*': {{ {STRANGER} }} }}
"
    );
    let checks = Checks { property: &|_, _| Ok(()), env: &|_| None, cores: 1, native_plugins: &[] };
    let problems = load_str("test.yaml", &text, Path::new(""), &checks).unwrap_err();
    let unknown = problems.iter().filter(|problem| problem.message == "unknown key");
    unknown
        .map(|problem| {
            let path = problem.path.replace("\"*\"", "*");
            let path = path.strip_suffix("qqqqqqqqqq").unwrap().trim_end_matches('.').to_owned();
            let known = problem.hint.as_ref().unwrap().strip_prefix("known keys here: ").unwrap();
            let mut known: Vec<String> = known.split(", ").map(str::to_owned).collect();
            known.sort();
            (path, known)
        })
        .collect()
}

#[test]
fn the_schema_has_exactly_the_keys_that_are_read() {
    let mut in_schema = Keys::new();
    walk(&schema(), "", &mut in_schema);
    assert_eq!(in_schema, accepted());
    assert!(in_schema.len() >= 15, "only {} mappings were compared", in_schema.len());
}

fn each_property(schema: &Value, path: &str, see: &mut dyn FnMut(&str, &Value)) {
    let parts = ["properties", "anyOf"].iter().filter_map(|part| schema.get(*part));
    for part in parts {
        match part {
            Value::Object(properties) => {
                for (key, property) in properties {
                    see(&format!("{path}.{key}"), property);
                    each_property(property, &format!("{path}.{key}"), see);
                }
            }
            Value::Array(alternatives) => alternatives.iter().for_each(|one| each_property(one, path, see)),
            _ => {}
        }
    }
    if let Some(named) = schema.get("additionalProperties") {
        each_property(named, path, see);
    }
}

#[test]
fn every_description_says_bounds_and_default_as_they_are() {
    let mut numbers = 0;
    each_property(&schema(), "", &mut |path, property| {
        let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
        assert!(!description.is_empty(), "{path} has no description");
        for part in ["minimum", "maximum", "default"] {
            let Some(value) = property.get(part) else { continue };
            numbers += 1;
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert!(description.contains(&value), "{path}: {part} {value} is not in the description: {description}");
        }
    });
    assert!(numbers > 30, "only {numbers} bounds and defaults were compared");
}

#[test]
fn only_what_has_no_default_is_required() {
    let schema = schema();
    let required = |pointer: &str| schema.pointer(pointer).and_then(|node| node.get("required")).cloned();
    let pipeline = "/properties/pipelines/additionalProperties";
    assert_eq!(required(""), Some(serde_json::json!(["version", "clusters", "pipelines"])));
    assert_eq!(required(pipeline), Some(serde_json::json!(["inputs", "plugin", "outputs"])));
    assert_eq!(required(&format!("{pipeline}/properties/commit")), None);
}
