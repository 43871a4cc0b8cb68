//! Documents against a JSON Schema: a plugin's description of itself against the contract's, a configuration against the
//! plugin's.
//!
//! The plugin's schema comes from a guest: nothing it refers to is fetched, and its patterns run in linear time.

use crate::configuration::ConfigProblems;
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// A schema that has been read.
pub(crate) struct Schema(Validator);

impl Schema {
    /// # Errors
    /// It is not a JSON Schema, refers to a document that is not there, or has a pattern that needs backtracking.
    pub(crate) fn new(schema: &Value) -> Result<Schema, String> {
        let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
        options.build(schema).map(Schema).map_err(|error| error.to_string())
    }

    /// Values are not in the messages: a configuration may hold secrets.
    pub(crate) fn check(&self, document: &Value) -> ConfigProblems {
        let problem = |error: jsonschema::ValidationError<'_>| {
            (error.instance_path().as_str().to_owned(), error.masked().to_string())
        };
        ConfigProblems::of(self.0.iter_errors(document).map(problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn problems_are_named_by_pointer_and_without_the_value() {
        let schema = Schema::new(&json!({
            "type": "object",
            "required": ["max-items"],
            "properties": { "tokens": { "type": "array", "items": { "type": "string", "maxLength": 3 } } },
            "additionalProperties": false,
        }));
        let problems = schema.unwrap().check(&json!({ "tokens": ["abc", "hunter2", 7], "surplus": 1 }));
        let pointers: Vec<&str> = problems.0.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(pointers.len(), 4, "{problems}");
        assert!(
            pointers.contains(&"/tokens/1") && pointers.contains(&"/tokens/2") && pointers.contains(&""),
            "{problems}"
        );
        assert!(!problems.to_string().contains("hunter2"), "{problems}");
        assert!(problems.to_string().contains("max-items"), "{problems}");
    }

    #[test]
    fn a_schema_can_not_reach_out() {
        for schema in [json!({ "$ref": "https://example.com/schema.json" }), json!({ "$ref": "file:///etc/passwd" })] {
            assert!(Schema::new(&schema).is_err(), "{schema}");
        }
    }

    #[test]
    fn what_is_no_schema_is_an_error() {
        assert!(Schema::new(&json!({ "type": "spaceship" })).is_err());
        assert!(Schema::new(&json!({ "pattern": "(" })).is_err());
        assert!(Schema::new(&json!({ "pattern": "(?=a)b" })).is_err(), "needs backtracking");
    }

    #[test]
    fn a_pattern_takes_linear_time() {
        let schema = Schema::new(&json!({ "pattern": "^(a+)+$" })).unwrap();
        assert_eq!(schema.check(&json!("a".repeat(50_000) + "b")).0.len(), 1);
    }
}
