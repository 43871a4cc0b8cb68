//! The two pipelines: what is in `examples/`, and the copies of its configurations that the demo runs.

use std::path::Path;

use anyhow::{Result, ensure};

/// A killed member is taken out of its group after this; the default of 30 s would be most of the demo. The shortest allowed.
pub const SESSION_TIMEOUT_MS: u64 = 6_000;

/// Where the examples have their plugins.
const PLUGINS: &str = "../plugins/target/wasm32-wasip2/release/";

/// An example, and the topics that are in its configuration.
#[derive(Debug)]
pub struct Pipeline {
    pub name: &'static str,
    /// Below the root.
    pub example: &'static str,
    /// Below the root: a record a line.
    pub data: &'static str,
    pub input: &'static str,
    pub output: &'static str,
    pub dead_letters: &'static str,
    /// The field whose text becomes the key.
    pub key: &'static str,
    pub identity: Identity,
    admin: &'static str,
}

/// By what a record is known again in an output or a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The order's id: outputs and dead letters are the orders as they came.
    OrderId,
    /// Partition and offset of the input: rows have them as columns, dead letters as headers.
    Place,
}

pub const ALL: [Pipeline; 2] = [
    Pipeline {
        name: "order-validation",
        example: "examples/order-validation.yaml",
        data: "examples/data/orders.jsonl",
        input: "orders",
        output: "orders.valid",
        dead_letters: "orders.dlq",
        key: "customer_id",
        identity: Identity::OrderId,
        admin: "127.0.0.1:8090",
    },
    Pipeline {
        name: "sentiment",
        example: "examples/sentiment.yaml",
        data: "examples/data/feedback.jsonl",
        input: "feedback",
        output: "feedback.rows",
        dead_letters: "feedback.dlq",
        key: "review",
        identity: Identity::Place,
        admin: "127.0.0.1:8091",
    },
];

impl Pipeline {
    /// The example's text for a place of its own: absolute plugins, a free port, a short session.
    ///
    /// # Errors
    /// The example does not read as expected any more.
    pub fn configuration(&self, example: &str, plugins: &Path, admin_port: u16) -> Result<String> {
        let plugin = format!("    plugin: {}\n", self.name);
        let with_session = format!("{plugin}    session_timeout_ms: {SESSION_TIMEOUT_MS}\n");
        let text = replace_once(example, PLUGINS, &format!("{}/", plugins.display()))?;
        let text = replace_once(&text, self.admin, &format!("127.0.0.1:{admin_port}"))?;
        replace_once(&text, &plugin, &with_session)
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
        for pipeline in ALL {
            let example = std::fs::read_to_string(wasmill_artifacts::root().join(pipeline.example)).unwrap();
            let copy = pipeline.configuration(&example, Path::new("/built"), 4711).unwrap();
            let added: Vec<&str> = copy.lines().filter(|line| !example.contains(line)).collect();
            let [file, session, admin] = added[..] else { panic!("{added:#?}") };
            assert!(file.starts_with("    file: /built/") && file.ends_with(".wasm"), "{file}");
            assert_eq!(session, "    session_timeout_ms: 6000");
            assert_eq!(admin, r#"admin: { listen: "127.0.0.1:4711" }"#);
            assert_eq!(copy.lines().count(), example.lines().count() + 1);
            for topic in [pipeline.input, pipeline.output, pipeline.dead_letters] {
                assert!(copy.contains(&format!("topic: {topic} }}")), "{topic}");
            }
        }
    }

    #[test]
    fn an_example_that_reads_otherwise_is_refused() {
        let refused = ALL[0].configuration("version: 1\n", Path::new("/built"), 4711).unwrap_err();
        assert!(refused.to_string().contains("0 times"), "{refused}");
    }
}
