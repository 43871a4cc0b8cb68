//! Whole numbers between two bounds.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{FromScalar, Refused, SUBSTITUTED};
use crate::tree::Scalar;

/// A whole number, `MIN` to `MAX` inclusive. `DEFAULT` below `MIN` means that the default is not a fixed number.
#[derive(Clone, Copy)]
pub(crate) struct Int<const MIN: u64, const MAX: u64, const DEFAULT: u64>(pub(crate) u64);

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> Default for Int<MIN, MAX, DEFAULT> {
    fn default() -> Self {
        const { assert!(MIN <= DEFAULT && DEFAULT <= MAX) };
        Int(DEFAULT)
    }
}

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> FromScalar for Int<MIN, MAX, DEFAULT> {
    fn expected() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refused> {
        let expected = || format!("expected {}, found {}", Self::expected(), scalar.shown());
        let text = scalar.text.as_str();
        if !scalar.plain && !scalar.substituted() {
            return Err(Refused {
                message: format!("{} in quotes", expected()),
                hint: Some("remove the quotes".to_owned()),
            });
        }
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // Too many digits for a u64 are too much for every bound.
            return match text.parse().unwrap_or(u64::MAX) {
                number if (MIN..=MAX).contains(&number) => Ok(Int(number)),
                number => Err(Refused { message: expected(), hint: Some(nearer(number, MIN, MAX)) }),
            };
        }
        // What follows is derived from the value: not to be shown when the environment holds it.
        let hint = if scalar.substituted() { None } else { cleaned(text) };
        Err(Refused { message: expected(), hint })
    }
}

fn nearer(number: u64, min: u64, max: u64) -> String {
    if number < min { format!("the least is {min}") } else { format!("the most is {max}") }
}

/// `10s`, `1_000`, `5.0`: what was probably meant.
fn cleaned(text: &str) -> Option<String> {
    let joined: String = text.chars().filter(|c| !matches!(c, '_' | ',' | '\'')).collect();
    let digits: String = joined.chars().take_while(char::is_ascii_digit).collect();
    let unit = joined.get(digits.len()..)?.trim();
    match (digits.is_empty(), unit) {
        (true, _) => None,
        (false, "") => Some(format!("write it as `{digits}`")),
        (false, unit) if unit.chars().all(|c| c.is_ascii_alphabetic()) => {
            Some("write digits only; the unit is in the key's name".to_owned())
        }
        _ => None,
    }
}

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> JsonSchema for Int<MIN, MAX, DEFAULT> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Int{MIN}To{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({
            "type": ["integer", "string"],
            "minimum": MIN,
            "maximum": MAX,
            "pattern": SUBSTITUTED,
        });
        if DEFAULT >= MIN {
            schema.insert("default".to_owned(), DEFAULT.into());
        }
        schema
    }
}
