//! Keys and values as people read and write them, by the forms that a manifest names.
//!
//! | Form of a key | On the command line | In a line of output |
//! |---|---|---|
//! | `string` | as it is | `"key": "burger-1"` |
//! | a number, `bool` | as it is | `"key": 7`; a number that JSON readers would round is text |
//! | `bytes` | base64 | `"key": "AAE="` |
//! | a tuple | a JSON array | `"key": ["burger-1", 7]` |
//!
//! What is not of its form is shown as base64, in `key_base64` and `value_base64`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::io::Cursor;
use wasmill_pipeline::shown::Entry;
use wasmill_wire::key::{KeyForm, KeyPart};

/// A key from the command line, as the store has it.
pub(super) fn key_bytes(form: &str, text: &str) -> Result<Vec<u8>, String> {
    let parsed = parsed(form);
    let part = part(&parsed, &json_of(&parsed, text)?).ok_or_else(|| format!("`{text}` is not of the form {form}"))?;
    parsed.write(&part).ok_or_else(|| format!("`{text}` is not of the form {form}"))
}

/// What keys begin with: of text and bytes any beginning, of a tuple its first parts, of anything else the whole key.
pub(super) fn prefix_bytes(form: &str, text: &str) -> Result<Vec<u8>, String> {
    let KeyForm::Tuple(forms) = parsed(form) else { return key_bytes(form, text) };
    let wrong = || format!("`{text}` is not a JSON array of the first parts of {form}");
    let Ok(Value::Array(values)) = serde_json::from_str(text) else { return Err(wrong()) };
    let first = forms.get(..values.len()).ok_or_else(wrong)?;
    let form = KeyForm::Tuple(first.to_vec());
    part(&form, &Value::Array(values)).and_then(|part| form.write(&part)).ok_or_else(wrong)
}

/// One line of output.
pub(super) fn line(key_form: &str, value_form: &str, entry: &Entry) -> Value {
    let mut line = Map::new();
    line.insert("partition".into(), entry.partition.into());
    match parsed(key_form).read(&entry.key) {
        Some(key) => line.insert("key".into(), shown(&key)),
        None => line.insert("key_base64".into(), STANDARD.encode(&entry.key).into()),
    };
    match value(value_form, &entry.value) {
        Some((version, value)) => {
            line.extend(version.map(|version| ("version".into(), version.into())));
            line.insert("value".into(), value);
        }
        None => drop(line.insert("value_base64".into(), STANDARD.encode(&entry.value).into())),
    }
    line.insert("timestamp_ms".into(), entry.timestamp_ms.into());
    Value::Object(line)
}

/// A form that is none of ours is shown as bytes.
fn parsed(form: &str) -> KeyForm {
    KeyForm::parse(form).unwrap_or(KeyForm::Bytes)
}

/// As JSON; text and bytes need no quotes.
fn json_of(form: &KeyForm, text: &str) -> Result<Value, String> {
    match form {
        KeyForm::Text | KeyForm::Bytes => Ok(Value::String(text.to_owned())),
        KeyForm::Unsigned(_) | KeyForm::Signed(_) => Ok(Value::String(text.to_owned())),
        KeyForm::Bool | KeyForm::Tuple(_) => {
            serde_json::from_str(text).map_err(|error| format!("`{text}` is not JSON: {error}"))
        }
    }
}

fn part(form: &KeyForm, value: &Value) -> Option<KeyPart> {
    match (form, value) {
        (KeyForm::Text, Value::String(text)) => Some(KeyPart::Text(text.clone())),
        (KeyForm::Bytes, Value::String(text)) => STANDARD.decode(text).ok().map(KeyPart::Bytes),
        (KeyForm::Bool, Value::Bool(truth)) => Some(KeyPart::Bool(*truth)),
        (KeyForm::Unsigned(_), Value::String(text)) => text.parse().ok().map(KeyPart::Unsigned),
        (KeyForm::Unsigned(_), Value::Number(number)) => number.as_u64().map(|it| KeyPart::Unsigned(it.into())),
        (KeyForm::Signed(_), Value::String(text)) => text.parse().ok().map(KeyPart::Signed),
        (KeyForm::Signed(_), Value::Number(number)) => number.as_i64().map(|it| KeyPart::Signed(it.into())),
        (KeyForm::Tuple(forms), Value::Array(values)) if forms.len() == values.len() => {
            forms.iter().zip(values).map(|(form, value)| part(form, value)).collect::<Option<_>>().map(KeyPart::Tuple)
        }
        _ => None,
    }
}

/// Above it readers of JSON that compute in floating point would show another number.
const EXACT_MAX: u128 = 1 << 53;

fn shown(key: &KeyPart) -> Value {
    match key {
        KeyPart::Text(text) => json!(text),
        KeyPart::Bytes(bytes) => json!(STANDARD.encode(bytes)),
        KeyPart::Bool(truth) => json!(truth),
        KeyPart::Unsigned(number) => u64::try_from(*number)
            .ok()
            .filter(|_| *number <= EXACT_MAX)
            .map_or_else(|| json!(number.to_string()), |number| json!(number)),
        KeyPart::Signed(number) => i64::try_from(*number)
            .ok()
            .filter(|_| number.unsigned_abs() <= EXACT_MAX)
            .map_or_else(|| json!(number.to_string()), |number| json!(number)),
        KeyPart::Tuple(parts) => parts.iter().map(shown).collect(),
    }
}

/// With the version that stands in front of a binary one. `None`: can't be shown.
fn value(form: &str, bytes: &[u8]) -> Option<(Option<u8>, Value)> {
    match form {
        "json" => serde_json::from_slice(bytes).ok().map(|value| (None, value)),
        "binary" => {
            let (version, packed) = bytes.split_first()?;
            let mut reader = rmp_serde::Deserializer::new(Cursor::new(packed));
            let value = Value::deserialize(&mut reader).ok()?;
            (reader.position() == packed.len() as u64).then_some((Some(*version), value))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &[u8], value: &[u8]) -> Entry {
        Entry { partition: 3, key: key.to_vec(), value: value.to_vec(), timestamp_ms: Some(5) }
    }

    #[test]
    fn a_key_that_was_shown_can_be_asked_for() {
        for (form, text, shown) in [
            ("string", "burger 1", json!("burger 1")),
            ("u64", "7", json!(7)),
            ("u64", "18446744073709551615", json!("18446744073709551615")),
            ("i32", "-7", json!(-7)),
            ("bool", "true", json!(true)),
            ("bytes", "AP8=", json!("AP8=")),
            ("(string,u64)", r#"["burger",7]"#, json!(["burger", 7])),
            (
                "(string,(u64,bytes))",
                r#"["b",["18446744073709551615","AA=="]]"#,
                json!(["b", ["18446744073709551615", "AA=="]]),
            ),
        ] {
            let bytes = key_bytes(form, text).unwrap();
            assert_eq!(line(form, "json", &entry(&bytes, b"1"))["key"], shown, "{form}");
        }
        for (form, text) in [("u8", "256"), ("u8", "-1"), ("bool", "1"), ("(string,u64)", r#"["a"]"#), ("bytes", "%")] {
            assert!(key_bytes(form, text).is_err(), "{form} {text}");
        }
    }

    #[test]
    fn a_prefix_of_a_tuple_is_its_first_parts_as_a_whole() {
        let key = key_bytes("(string,u64)", r#"["burger",7]"#).unwrap();
        let prefix = |text: &str| prefix_bytes("(string,u64)", text);
        assert!(key.starts_with(&prefix(r#"["burger"]"#).unwrap()));
        assert!(!key.starts_with(&prefix(r#"["burg"]"#).unwrap()), "another restaurant");
        assert!(key.starts_with(&prefix("[]").unwrap()));
        assert!(prefix(r#"["a",1,2]"#).is_err() && prefix("burger").is_err());
        assert_eq!(prefix_bytes("string", "burg").unwrap(), b"burg");
    }

    #[test]
    fn what_is_not_of_its_form_is_shown_as_it_is() {
        let line = line("u64", "json", &entry(b"\0", b"\xff"));
        assert_eq!(line, json!({"partition": 3, "key_base64": "AA==", "value_base64": "/w==", "timestamp_ms": 5}));
    }

    #[test]
    fn a_binary_value_is_shown_with_its_version() {
        let mut bytes = vec![2];
        rmp_serde::encode::write(&mut bytes, &(7, "gold")).unwrap();
        let line = line("string", "binary", &entry(b"k", &bytes));
        assert_eq!((&line["version"], &line["value"]), (&json!(2), &json!([7, "gold"])));
        bytes.push(0);
        assert_eq!(
            super::line("string", "binary", &entry(b"k", &bytes)).get("value"),
            None,
            "it goes on behind its end"
        );
    }
}
