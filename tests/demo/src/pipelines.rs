//! The two examples and their four pipelines: what is in `examples/`, and the copies of its configurations that the demo runs.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, ensure};

/// A killed member is taken out of its group after this; the default of 30 s would be most of the demo. The shortest allowed.
pub const SESSION_TIMEOUT_MS: u64 = 6_000;

/// The only topic here that people set `cleanup.policy=compact` for; wasmill does so itself for its changelogs.
pub const COMPACTED: &str = "loyalty.balances";

/// Where the examples have their plugins.
const PLUGINS: &str = "../plugins/target/wasm32-wasip2/release/";

/// A configuration, which is one process.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    pub name: &'static str,
    /// Below the root.
    pub file: &'static str,
    pub pipelines: &'static [Pipeline],
    admin: &'static str,
}

/// A pipeline, and the topics that are in its configuration. It is called what its plugin is.
#[derive(Debug)]
pub struct Pipeline {
    pub name: &'static str,
    pub inputs: &'static [&'static str],
    /// What answers each record of the inputs, and how.
    pub answers: &'static str,
    pub kind: Answers,
    /// What else is written to.
    pub others: &'static [&'static str],
    pub dead_letters: &'static str,
}

/// What is in the topic that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// The orders as they came.
    Orders,
    /// A decision about each record.
    Decisions,
    /// One event about each record that is not dropped, and a second one about a new tier.
    Events,
    /// A row made of each text.
    Rows,
}

/// Places in [`ALL`].
pub const ORDER_VALIDATION: usize = 0;
pub const ORDER_INVENTORY: usize = 1;
pub const LOYALTY: usize = 2;
pub const SENTIMENT: usize = 3;

/// In the order of the flow.
pub static ALL: [Pipeline; 4] = [
    Pipeline {
        name: "order-validation",
        inputs: &["orders"],
        answers: "orders.valid",
        kind: Answers::Orders,
        others: &["orders.by-restaurant"],
        dead_letters: "orders.dlq",
    },
    Pipeline {
        name: "order-inventory",
        inputs: &["orders.by-restaurant", "stock", "fulfilment"],
        answers: "inventory.decisions",
        kind: Answers::Decisions,
        others: &["orders.accepted", "inventory.low-stock"],
        dead_letters: "inventory.dlq",
    },
    Pipeline {
        name: "loyalty",
        inputs: &["orders.accepted", "loyalty.adjustments"],
        answers: "loyalty.events",
        kind: Answers::Events,
        others: &[COMPACTED],
        dead_letters: "loyalty.dlq",
    },
    Pipeline {
        name: "sentiment",
        inputs: &["feedback"],
        answers: "feedback.rows",
        kind: Answers::Rows,
        others: &[],
        dead_letters: "feedback.dlq",
    },
];

/// Places in [`examples`].
pub const RESTAURANT: usize = 0;
pub const FEEDBACK: usize = 1;

/// Both examples.
pub fn examples() -> [Example; 2] {
    let (restaurant, feedback) = ALL.split_at(SENTIMENT);
    [
        Example {
            name: "restaurant",
            file: "examples/restaurant.yaml",
            pipelines: restaurant,
            admin: "127.0.0.1:8092",
        },
        Example { name: "sentiment", file: "examples/sentiment.yaml", pipelines: feedback, admin: "127.0.0.1:8091" },
    ]
}

impl Pipeline {
    /// All topics but the changelogs, which are wasmill's own.
    pub fn topics(&self) -> BTreeSet<&'static str> {
        let all = self.inputs.iter().chain(self.others).chain([&self.answers, &self.dead_letters]);
        all.copied().collect()
    }
}

impl Example {
    /// The example's text for a place of its own: absolute plugins, a free port, short sessions.
    ///
    /// # Errors
    /// The example does not read as expected any more.
    pub fn configuration(&self, example: &str, plugins: &Path, admin_port: u16) -> Result<String> {
        let found = example.matches(PLUGINS).count();
        ensure!(found == self.pipelines.len(), "the example has `{PLUGINS}` {found} times, not for each plugin");
        let text = example.replace(PLUGINS, &format!("{}/", plugins.display()));
        let mut text = replace_once(&text, self.admin, &format!("127.0.0.1:{admin_port}"))?;
        for Pipeline { name, .. } in self.pipelines {
            let plugin = format!("    plugin: {name}\n");
            text = replace_once(&text, &plugin, &format!("{plugin}    session_timeout_ms: {SESSION_TIMEOUT_MS}\n"))?;
        }
        Ok(text)
    }
}

fn replace_once(text: &str, from: &str, to: &str) -> Result<String> {
    let count = text.matches(from).count();
    ensure!(count == 1, "the example has `{}` {count} times, not once", from.trim());
    Ok(text.replacen(from, to, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_example_is_only_changed_where_it_must_be() {
        for example in examples() {
            let text = std::fs::read_to_string(wasmill_artifacts::root().join(example.file)).unwrap();
            let copy = example.configuration(&text, Path::new("/built"), 4711).unwrap();
            let added: Vec<&str> = copy.lines().filter(|line| !text.contains(line)).collect();
            let pipelines = example.pipelines.len();
            assert_eq!(added.len(), 2 * pipelines + 1, "{added:#?}");
            let files = added.iter().filter(|line| line.starts_with("    file: /built/") && line.ends_with(".wasm"));
            let sessions = added.iter().filter(|line| **line == "    session_timeout_ms: 6000");
            assert_eq!((files.count(), sessions.count()), (pipelines, pipelines), "{added:#?}");
            assert_eq!(added.last(), Some(&r#"admin: { listen: "127.0.0.1:4711" }"#));
            assert_eq!(copy.lines().count(), text.lines().count() + pipelines);
            for topic in example.pipelines.iter().flat_map(Pipeline::topics) {
                assert!(copy.contains(&format!("topic: {topic} }}")), "{topic}");
            }
        }
    }

    #[test]
    fn an_example_that_reads_otherwise_is_refused() {
        let [restaurant, _] = examples();
        let refused = restaurant.configuration("version: 1\n", Path::new("/built"), 4711).unwrap_err();
        assert!(refused.to_string().contains("0 times"), "{refused}");
    }

    #[test]
    fn places_are_those_of_the_pipelines() {
        let names = [ORDER_VALIDATION, ORDER_INVENTORY, LOYALTY, SENTIMENT].map(|place| ALL[place].name);
        assert_eq!(names, ["order-validation", "order-inventory", "loyalty", "sentiment"]);
        assert_eq!((examples()[RESTAURANT].pipelines.len(), examples()[FEEDBACK].name), (3, "sentiment"));
    }
}
