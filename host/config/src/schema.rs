//! The JSON Schema of the file, for editors; generated from the raw sections, so that it can't drift from what is read.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::raw::Raw;

/// JSON Schema, draft 2020-12. Rules between two keys are not in it: `lint` has them.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Raw>();
    schema.insert("title".to_owned(), "wasmill configuration".into());
    let mut schema = schema.to_value();
    join_lines(&mut schema);
    schema
}

/// Descriptions are doc comments, broken for our own editors.
fn join_lines(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if key == "description" => *text = text.replace('\n', " "),
                    _ => join_lines(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(join_lines),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
