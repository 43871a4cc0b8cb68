//! The `config` of a plugin as JSON: the one part of the file whose types are not ours to know.
//!
//! A value without quotes is what the core schema of YAML 1.2 says (chapter 10.3.2: no `yes`, no octal `010`, no `1_000`),
//! after substitution, as if the environment's value had been written there. In quotes, or as a block, it is text. What
//! JSON can't hold exactly is refused. Called when the section `plugins` is read.

use serde_json::{Map, Number, Value};

use crate::problem::Problems;
use crate::reader::MERGE_KEY;
use crate::scalar::Refused;
use crate::tree::{Kind, Node, Scalar};

/// Mappings and lists in each other. The usual JSON readers give up at 128, and a plugin reads this with one of them.
const DEPTH_MAX: usize = 64;

/// The value; `None` when a part of it can't be JSON. Every such part is reported.
pub(crate) fn value(node: &Node, problems: &Problems) -> Option<Value> {
    within(node, DEPTH_MAX, problems)
}

fn within(node: &Node, depth: usize, problems: &Problems) -> Option<Value> {
    let is_nested = matches!(node.kind, Kind::Mapping(_) | Kind::List(_));
    if is_nested && depth == 0 {
        let message = format!("mappings and lists are nested more than {DEPTH_MAX} deep here");
        problems.push(&node.at, message, None);
        return None;
    }
    match &node.kind {
        Kind::Null => Some(Value::Null),
        Kind::Broken => None,
        Kind::Scalar(scalar) => match resolve(scalar) {
            Ok(value) => Some(value),
            Err(refused) => {
                problems.push(&node.at, refused.message, refused.hint);
                None
            }
        },
        Kind::List(items) => {
            // All of them before the first `None` ends it: every problem is reported.
            let items: Vec<Option<Value>> = items.iter().map(|item| within(item, depth - 1, problems)).collect();
            items.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Kind::Mapping(entries) => {
            let mut object = Some(Map::new());
            for entry in entries {
                let (merge, message, hint) = MERGE_KEY;
                let value = if entry.key == merge {
                    problems.push(&entry.node.key_at, message, Some(hint.to_owned()));
                    None
                } else {
                    within(&entry.node, depth - 1, problems)
                };
                match (value, &mut object) {
                    (Some(value), Some(object)) => drop(object.insert(entry.key.clone(), value)),
                    _ => object = None,
                }
            }
            object.map(Value::Object)
        }
    }
}

/// The core schema's rules, in its order.
fn resolve(scalar: &Scalar) -> Result<Value, Refused> {
    let text = scalar.text.as_str();
    if !scalar.plain {
        return Ok(text.into());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(true.into()),
        "false" | "False" | "FALSE" => return Ok(false.into()),
        _ => {}
    }
    let inexact = |what: &str| Refused {
        message: format!("{} is {what}, which JSON can't hold", scalar.shown()),
        hint: Some("put it in quotes if the plugin takes it as text".to_owned()),
    };
    if let Some((digits, radix, negative)) = integer(text) {
        // `from_str_radix` knows the sign itself: both halves of the range are needed.
        let signed =
            || i64::from_str_radix(&format!("{}{digits}", if negative { "-" } else { "" }), radix).map(Number::from);
        let number = signed().or_else(|error| match negative {
            true => Err(error),
            false => u64::from_str_radix(digits, radix).map(Number::from),
        });
        return number.map(Value::Number).map_err(|_| inexact("a whole number beyond 64 bits"));
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(inexact("not a finite number"));
    }
    if !is_float(unsigned) {
        return Ok(text.into());
    }
    let number = text.parse().ok().and_then(Number::from_f64);
    number.map(Value::Number).ok_or_else(|| inexact("a number beyond the range of 64-bit floating point"))
}

/// Digits, radix, and whether there is a minus, when the text is a whole number.
fn integer(text: &str) -> Option<(&str, u32, bool)> {
    let all = |digits: &str, radix| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return all(digits, radix).then_some((digits, radix, false));
        }
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    all(digits, 10).then(|| (digits, 10, text.starts_with('-')))
}

/// `\. [0-9]+ | [0-9]+ ( \. [0-9]* )?`, then perhaps an exponent.
fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_is_one = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && exponent_is_one
}

#[cfg(test)]
mod tests;
