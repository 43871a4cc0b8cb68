use super::*;
use serde_json::json;

fn parse(json: &Value) -> Result<Manifest, ConfigProblems> {
    Manifest::parse(&json.to_string())
}

fn pointers(json: &Value) -> Vec<String> {
    parse(json).err().unwrap().0.into_iter().map(|problem| problem.pointer).collect()
}

#[test]
fn the_least_that_a_plugin_says() {
    let manifest = parse(&json!({ "name": "orders", "version": "1" })).unwrap();
    assert_eq!((manifest.name.as_str(), manifest.batch_max), ("orders", None));
    assert!(manifest.inputs.is_empty() && manifest.outputs.is_empty());
    assert_eq!(manifest.reads(), ["key", "value", "headers"], "all of a record unless it says less");
}

#[test]
fn everything_that_it_may_say() {
    let manifest = parse(&json!({
        "name": "orders", "version": "1.2.3", "sdk": "wasmill-sdk 0.1.0", "doc": "checks orders",
        "config-schema": { "type": "object" },
        "inputs": ["orders"],
        "outputs": [{ "name": "valid" }, { "name": "audit", "optional": true }],
        "stores": [{ "name": "seen", "key": "utf8", "value": "json", "version": 2 }],
        "counters": ["checked"], "codes": ["no-items"], "reads": ["value"], "batch-max": 16,
        "a-key-of-tomorrow": true,
    }))
    .unwrap();
    assert_eq!(manifest.outputs[1], Output { name: "audit".to_owned(), optional: true });
    assert_eq!(manifest.used_stores().count(), 1);
    assert_eq!((manifest.reads(), manifest.batch_max), (vec!["value"], Some(16)));
}

#[test]
fn everything_wrong_with_it_is_named_at_once() {
    let found = pointers(&json!({
        "name": "",
        "outputs": [{ "name": "Has Capitals" }],
        "codes": ["no_items"],
        "reads": ["offset"],
        "batch-max": 0,
    }));
    let expected = ["", "/name", "/outputs/0/name", "/codes/0", "/reads/0", "/batch-max"];
    assert!(expected.iter().all(|pointer| found.iter().any(|it| it == pointer)), "{found:?}");
}

#[test]
fn a_number_belongs_to_one_name() {
    let output = |name: &str| json!({ "name": name });
    let json = json!({ "name": "x", "version": "1", "outputs": [output("a"), output("b"), output("a")] });
    assert_eq!(pointers(&json), ["/outputs/2/name"]);
}

#[test]
fn a_configuration_schema_has_to_be_one() {
    let json = json!({ "name": "x", "version": "1", "config-schema": { "type": "spaceship" } });
    assert_eq!(pointers(&json), ["/config-schema"]);
}

#[test]
fn what_is_too_long_or_no_json_is_refused() {
    assert!(Manifest::parse("{").is_err());
    assert!(Manifest::parse("null").is_err());
    assert!(Manifest::parse(&"[".repeat(100_000)).is_err(), "nested too deeply for the stack");
    let long = json!({ "name": "x", "version": "1", "doc": "x".repeat(MANIFEST_BYTES_MAX) });
    assert!(parse(&long).is_err());
}
