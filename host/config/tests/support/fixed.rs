//! A fixed environment, number of cores and client library for the tests of this crate.

use std::path::Path;

use wasmill_config::{Checks, Config, Problem, load_str};

/// What `${...}` finds in tests.
pub(crate) fn env(name: &str) -> Option<String> {
    match name {
        "TOPIC" => Some("orders".to_owned()),
        "SPACED" => Some("s3cret from env".to_owned()),
        "INTERVAL" => Some("250".to_owned()),
        "PASSWORD" => Some("s3cret-from-env".to_owned()),
        "TEST_EMPTY" => Some(String::new()),
        _ => None,
    }
}

/// Answers as librdkafka does: an unknown name, and a value that is quoted in the refusal.
pub(crate) fn property(name: &str, value: &str) -> Result<(), String> {
    match (name, value) {
        ("client.id" | "sasl.mechanisms" | "sasl.username" | "debug" | "ssl.key.password", _) => Ok(()),
        ("sasl.password", "s3cret-refused" | "s3cret-from-env") => {
            Err(format!("Invalid value \"{value}\" for configuration property \"{name}\""))
        }
        ("sasl.password", _) => Ok(()),
        ("fetch.wait.max.ms", value) if value.parse::<u32>().is_err() => {
            Err(format!("Invalid value for configuration property \"{name}\": not a number: {value}"))
        }
        ("fetch.wait.max.ms", _) => Ok(()),
        _ => Err(format!("No such configuration property: \"{name}\"")),
    }
}

/// Four cores, the native plugins of a build for tests, and the answers above.
pub(crate) fn checks() -> Checks<'static> {
    Checks { property: &property, env: &env, cores: 4, native_plugins: &["identity", "validator", "retry-first"] }
}

/// A text whose paths are relative to `folder`.
pub(crate) fn load_in(name: &str, text: &str, folder: &Path) -> Result<Config, Vec<Problem>> {
    load_str(name, text, folder, &checks())
}
