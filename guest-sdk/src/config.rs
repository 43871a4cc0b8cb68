//! A plugin's configuration: JSON to the author's type, every failure with its place in the JSON.

use crate::{Plugin, Problem, Problems, StoreSet};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

/// What can be a configuration: whatever is read from JSON and has a schema.
///
/// The schema is part of the manifest, and the host checks a pipeline file against it before any code of the plugin runs.
/// `#[serde(deny_unknown_fields)]` makes a misspelt key an error instead of a surprise.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a configuration",
    label = "needs `#[derive(serde::Deserialize, schemars::JsonSchema)]`",
    note = "`NoConfig` is there for plugins with nothing to configure"
)]
pub trait Config: DeserializeOwned + JsonSchema {}

impl<C: DeserializeOwned + JsonSchema> Config for C {}

/// Nothing to configure.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// Makes a plugin from the JSON of its section; a section that is not there (`null` or empty text) is an empty one.
pub(crate) fn configure<P: Plugin>(json: &str) -> Result<P, Problems> {
    let json = if matches!(json.trim(), "" | "null") { "{}" } else { json };
    let mut reader = serde_json::Deserializer::from_str(json);
    let config = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path: String = error.path().iter().map(segment).collect();
        Problems::from(Problem { path, message: error.inner().to_string() })
    })?;
    reader.end().map_err(|error| Problems::at("", error.to_string()))?;
    let plugin = P::configure(config)?;
    let (reads, most) = (plugin.reads(), P::READS);
    assert_eq!(reads.and(most), most, "`reads` of the configured plugin names a part that `READS` does not");
    for name in plugin.unused_stores() {
        assert!(
            P::Stores::NAMES.contains(&name),
            "`unused_stores` of the configured plugin names `{name}`, which is no store"
        );
    }
    Ok(plugin)
}

/// One step of a JSON pointer (RFC 6901).
fn segment(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::configure;
    use crate::{Context, Failure, NoCodes, NoOutputs, Outcome, Problems, Record, Stateless};
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Config {
        #[serde(default)]
        rates: BTreeMap<String, Vec<u32>>,
    }

    #[derive(Debug)]
    struct Rates;

    impl Stateless for Rates {
        type Config = Config;
        type Outputs = NoOutputs;
        type Codes = NoCodes;

        fn configure(config: Config) -> Result<Self, Problems> {
            let mut problems = Problems::default();
            for (currency, _) in config.rates.iter().filter(|(_, rates)| rates.is_empty()) {
                problems.add(format!("/rates/{currency}"), "has no rate");
            }
            problems.or(Rates)
        }

        fn process(&self, _: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
            Ok(Outcome::Drop)
        }
    }

    fn problems(json: &str) -> Vec<(String, String)> {
        let problems = configure::<Rates>(json).unwrap_err();
        problems.into_iter().map(|problem| (problem.path, problem.message)).collect()
    }

    #[test]
    fn what_can_not_be_read_is_named_by_its_pointer() {
        let found = problems(r#"{"rates": {"a/b~c": [1, -2]}}"#);
        assert_eq!(found[0].0, "/rates/a~1b~0c/1");
        assert!(found[0].1.contains("invalid value: integer `-2`"), "{found:?}");
        assert_eq!(problems(r#"{"rate": {}}"#)[0].0, "/rate");
        assert_eq!(problems("{} x")[0].0, "");
        assert_eq!(problems("{")[0].0, "");
    }

    #[test]
    fn the_author_names_all_problems_at_once() {
        let found = problems(r#"{"rates": {"EUR": [], "JPY": [], "USD": [1]}}"#);
        let paths: Vec<_> = found.iter().map(|it| it.0.as_str()).collect();
        assert_eq!(paths, ["/rates/EUR", "/rates/JPY"]);
    }

    #[test]
    fn a_section_that_is_not_there_is_an_empty_one() {
        for json in ["", " ", "null", "{}"] {
            assert!(configure::<Rates>(json).is_ok(), "{json:?}");
        }
    }
}
