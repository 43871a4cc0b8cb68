//! The manifest that `export!` writes, against its schema.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use expect_test::expect;
use serde_json::Value;
use wasmill_sdk::prelude::*;
use wasmill_sdk::telemetry::Counter;

#[derive(Outputs)]
#[allow(dead_code, reason = "only their names are looked at")]
enum Out {
    Valid,
    #[output(optional)]
    AuditTrail,
    #[output(name = "dlq-2", optional)]
    Other,
}

#[derive(Codes)]
#[allow(dead_code, reason = "only their names are looked at")]
enum Refusal {
    UnknownCurrency,
    #[code(name = "2-many")]
    TooMany,
}

/// How orders are checked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is looked at")]
struct Config {
    /// The most items of an order.
    #[schemars(range(min = 1))]
    max_items: u32,
}

const SEEN: Counter = Counter::new(0, "orders-seen");

struct Orders;

impl Stateless for Orders {
    type Config = Config;
    type Outputs = Out;
    type Codes = Refusal;

    const READS: Reads = Reads::KEY.and(Reads::VALUE);
    const INPUTS: &'static [&'static str] = &["orders", "stock"];
    const COUNTERS: &'static [Counter] = &[SEEN];
    const BATCH_MAX: Option<u32> = Some(64);

    fn configure(_: Config) -> Result<Self, Problems> {
        Ok(Orders)
    }

    fn process(&self, _: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
        Ok(Outcome::Drop)
    }
}

wasmill_sdk::export!(Orders);

fn manifest() -> Value {
    serde_json::from_str(&wasmill_exported::describe()).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(include_str!("../../wit/manifest.schema.json")).unwrap()
}

#[test]
fn everything_the_trait_says_is_in_the_manifest() {
    let expected = expect![[r#"
        {
          "batch-max": 64,
          "codes": [
            "unknown-currency",
            "2-many",
            "null-key",
            "invalid-key",
            "null-value",
            "invalid-json",
            "invalid-output"
          ],
          "config-schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "additionalProperties": false,
            "description": "How orders are checked.",
            "properties": {
              "max_items": {
                "description": "The most items of an order.",
                "format": "uint32",
                "minimum": 1,
                "type": "integer"
              }
            },
            "required": [
              "max_items"
            ],
            "title": "Config",
            "type": "object"
          },
          "counters": [
            "orders-seen"
          ],
          "doc": "Write wasmill plugins in Rust: a function on a record, tested natively, built for WebAssembly",
          "inputs": [
            "orders",
            "stock"
          ],
          "name": "wasmill-sdk",
          "outputs": [
            {
              "name": "valid",
              "optional": false
            },
            {
              "name": "audit-trail",
              "optional": true
            },
            {
              "name": "dlq-2",
              "optional": true
            }
          ],
          "reads": [
            "key",
            "value"
          ],
          "sdk": "wasmill-sdk 0.1.0",
          "version": "0.1.0"
        }"#]];
    expected.assert_eq(&serde_json::to_string_pretty(&manifest()).unwrap());
}

#[test]
fn the_manifest_fits_its_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&manifest()).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn every_key_of_the_manifest_is_in_its_schema() {
    let (manifest, schema) = (manifest(), schema());
    let known = schema["properties"].as_object().unwrap();
    for key in manifest.as_object().unwrap().keys() {
        assert!(known.contains_key(key), "`{key}` is not in wit/manifest.schema.json");
    }
}

#[test]
fn the_schema_refuses_what_the_host_can_not_use() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (pointer, wrong) in [
        ("/name", Value::Null),
        ("/outputs/0/name", "Valid Orders".into()),
        ("/codes/0", "order 17".into()),
        ("/reads/0", "offset".into()),
        ("/batch-max", 0.into()),
    ] {
        let mut manifest = manifest();
        *manifest.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&manifest), "{pointer}");
    }
}
