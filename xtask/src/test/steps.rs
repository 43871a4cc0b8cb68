//! The steps of `cargo xtask test`, in order. To change what is tested, change this table.

/// What a step does.
pub(crate) enum Work {
    Toolchain,
    Lint,
    /// Finds out whether the steps on Kafka can be run.
    KafkaThere,
    /// Cargo with these arguments; `test result:` lines in its output are counted.
    Cargo(&'static [&'static str]),
    /// The same in each of these workspaces.
    Apart(&'static [&'static [&'static str]], &'static [&'static str]),
    /// The workspace's test programs, with these arguments: those that need a broker, or the others.
    Tests {
        on_kafka: bool,
        arguments: &'static [&'static str],
    },
    /// A program of the workspace with these arguments.
    Program(&'static str, &'static [&'static str]),
}

pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// Left out when Kafka can not be run here.
    pub(crate) kafka: bool,
    pub(crate) work: Work,
}

/// Plugins, which are built for Wasm as an outside author would build them. Their tests run natively.
pub(crate) const PLUGINS: &[&str] = &["plugins", "examples/hello-plugin", "tests/bench/guest", "tests/chaos/guests"];

/// Guests that are nothing but Wasm: the tests of `tests/guests` run them.
pub(crate) const GUESTS: &[&str] = &["tests/guests/zoo"];

pub(crate) const STEPS: &[Step] = &[
    Step { name: "toolchain", kafka: false, work: Work::Toolchain },
    Step { name: "format", kafka: false, work: Work::Cargo(&["fmt", "--all", "--check"]) },
    Step {
        name: "format of plugins",
        kafka: false,
        work: Work::Apart(&[PLUGINS, GUESTS], &["fmt", "--all", "--check"]),
    },
    Step { name: "lint", kafka: false, work: Work::Lint },
    Step {
        name: "clippy",
        kafka: false,
        work: Work::Cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step { name: "build", kafka: false, work: Work::Cargo(&["test", "--workspace", "--no-run", "--quiet"]) },
    Step {
        name: "clippy of plugins",
        kafka: false,
        work: Work::Apart(
            &[PLUGINS, GUESTS],
            &["clippy", "--locked", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
        ),
    },
    Step {
        name: "tests of plugins",
        kafka: false,
        work: Work::Apart(&[PLUGINS], &["test", "--locked", "--workspace", "--quiet"]),
    },
    Step { name: "pure tests", kafka: false, work: Work::Tests { on_kafka: false, arguments: &[] } },
    Step {
        name: "tests on the dev broker",
        kafka: false,
        // They wait more than they compute.
        work: Work::Tests { on_kafka: true, arguments: &[ON_DEV_BROKER, "--test-threads=8"] },
    },
    Step { name: "tests of the docs", kafka: false, work: Work::Cargo(&["test", "--workspace", "--doc", "--quiet"]) },
    Step {
        name: "chaos on the embedded broker, seed 1",
        kafka: false,
        work: Work::Program("wasmill-chaos", &["--seed", "1", "--minutes", "2", "--embedded"]),
    },
    Step { name: "is Kafka there", kafka: false, work: Work::KafkaThere },
    Step { name: "Kafka jars and class archive", kafka: true, work: Work::Program("wasmill-cluster", &["prepare"]) },
    Step {
        name: "broker tests",
        kafka: true,
        work: Work::Tests { on_kafka: true, arguments: &["--skip", ON_DEV_BROKER] },
    },
    Step {
        name: "chaos, seed 1",
        kafka: true,
        work: Work::Program("wasmill-chaos", &["--seed", "1", "--minutes", "3"]),
    },
];

/// A test program that needs a broker: an integration test of one of these packages, or one that is named so elsewhere.
const PACKAGES_ON_KAFKA: &[&str] = &["cluster", "broker", "chaos", "demo"];
const NAME_ON_KAFKA: &str = "on_kafka";
/// Where `on_both_brokers!` of `tests/broker` puts the tests that need no Kafka.
const ON_DEV_BROKER: &str = "dev_broker::";

pub(crate) fn is_on_kafka(package: &str, kind: &str, target: &str) -> bool {
    kind == "test" && (PACKAGES_ON_KAFKA.contains(&package) || target.starts_with(NAME_ON_KAFKA))
}

impl Step {
    /// The command that runs this step alone.
    pub(crate) fn again(&self) -> String {
        match self.work {
            Work::Toolchain => "cargo xtask test".into(),
            Work::Lint => "cargo xtask lint".into(),
            Work::KafkaThere => "cargo run --package wasmill-cluster -- check".into(),
            Work::Cargo(arguments) => format!("cargo {}", arguments.join(" ")),
            Work::Apart(_, arguments) => format!("cargo {}, in the workspace named above", arguments.join(" ")),
            // The failing program has named itself above.
            Work::Tests { .. } => "cargo test --package PACKAGE --test NAME".into(),
            Work::Program(name, arguments) => format!("cargo run --package {name} -- {}", arguments.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_on_kafka;

    #[test]
    fn what_needs_a_broker_is_told_by_package_and_name() {
        assert!(is_on_kafka("broker", "test", "conformance"));
        assert!(is_on_kafka("wasmill", "test", "on_kafka"));
        assert!(!is_on_kafka("broker", "lib", "wasmill_broker"));
        assert!(!is_on_kafka("config", "test", "mistakes"));
    }
}
