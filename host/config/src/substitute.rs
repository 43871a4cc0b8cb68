//! `${NAME}` and `${NAME:-default}` inside one scalar, after the YAML has been parsed.
//!
//! So a value from the environment can't add keys or lines. Not a shell: no nesting, no other operators, `$NAME` without
//! braces stays as it is, `$$` is a literal `$`. Called by `yaml` for each value, never for keys.

/// Why a text could not be substituted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The variable is not set and has no default.
    Missing(String),
    /// `${` without `}`.
    Unclosed,
    /// What stands between `${` and `}` or `:-` is not a name.
    NotAName(String),
}

/// `text` with every `${...}` replaced. An empty variable counts as unset where a default is given, as in a shell.
pub(crate) fn substitute(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, Refused> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inside) = after.strip_prefix('{') {
            let (inside, after) = inside.split_once('}').ok_or(Refused::Unclosed)?;
            out.push_str(&value_of(inside, env)?);
            rest = after;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn value_of(inside: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, Refused> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let first_is_letter = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !first_is_letter || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(Refused::NotAName(name.to_owned()));
    }
    match (env(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(Refused::Missing(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("kafka-1".to_owned()),
            "EMPTY" => Some(String::new()),
            "TRICKY" => Some("${HOST} $$ }".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn variables_and_defaults_are_put_in_place() {
        let table = [
            ("plain", "plain"),
            ("${HOST}:9092,${HOST}:9093", "kafka-1:9092,kafka-1:9093"),
            ("${NONE:-a:-b}", "a:-b"),
            ("${HOST:-other}", "kafka-1"),
            ("${NONE:-}", ""),
            ("${EMPTY}", ""),
            ("${EMPTY:-filled}", "filled"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(substitute(text, &env), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_doubled_dollar_is_one_and_a_lone_one_stays() {
        let table = [("$${HOST}", "${HOST}"), ("$$$${x", "$${x"), ("a$", "a$"), ("$HOST", "$HOST"), ("$ {", "$ {")];
        for (text, expected) in table {
            assert_eq!(substitute(text, &env), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_a_variable_holds_is_not_substituted_again() {
        assert_eq!(substitute("<${TRICKY}>", &env), Ok("<${HOST} $$ }>".to_owned()));
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        assert_eq!(substitute("a ${NONE}", &env), Err(Refused::Missing("NONE".to_owned())));
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        assert_eq!(substitute("${HOST", &env), Err(Refused::Unclosed));
        for name in ["", "1A", "A-B", "A B", "HÖST"] {
            assert_eq!(substitute(&format!("${{{name}}}"), &env), Err(Refused::NotAName(name.to_owned())));
        }
    }
}
