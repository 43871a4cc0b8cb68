//! The steps of `cargo xtask test`, in order. To change what is tested, change this table.

/// What a step does.
pub(crate) enum Work {
    Toolchain,
    Lint,
    /// Finds out whether the steps on Kafka can be run.
    KafkaThere,
    /// Cargo with these arguments; `test result:` lines in its output are counted.
    Cargo(&'static [&'static str]),
}

pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// Left out when Kafka can not be run here.
    pub(crate) kafka: bool,
    pub(crate) work: Work,
}

pub(crate) const STEPS: &[Step] = &[
    Step { name: "toolchain", kafka: false, work: Work::Toolchain },
    Step { name: "format", kafka: false, work: Work::Cargo(&["fmt", "--all", "--check"]) },
    Step { name: "lint", kafka: false, work: Work::Lint },
    Step {
        name: "clippy",
        kafka: false,
        work: Work::Cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step { name: "build", kafka: false, work: Work::Cargo(&["build", "--workspace", "--tests"]) },
    Step {
        name: "pure tests",
        kafka: false,
        // All but the crates whose tests need a broker: a new crate is in without a change here.
        work: Work::Cargo(&[
            "test",
            "--workspace",
            "--no-fail-fast",
            "--exclude=wasmill-cluster",
            "--exclude=wasmill-broker",
            "--exclude=wasmill-chaos",
        ]),
    },
    Step {
        name: "pure tests of the crates on Kafka",
        kafka: false,
        work: Work::Cargo(&[
            "test",
            "--no-fail-fast",
            "--lib",
            "--bins",
            "--package=wasmill-cluster",
            "--package=wasmill-broker",
            "--package=wasmill-chaos",
        ]),
    },
    Step { name: "is Kafka there", kafka: false, work: Work::KafkaThere },
    Step {
        name: "Kafka jars and class archive",
        kafka: true,
        work: Work::Cargo(&["run", "--quiet", "--package", "wasmill-cluster", "--", "prepare"]),
    },
    Step {
        name: "broker tests",
        kafka: true,
        work: Work::Cargo(&[
            "test",
            "--no-fail-fast",
            "--test=*",
            "--package=wasmill-cluster",
            "--package=wasmill-broker",
            "--package=wasmill-chaos",
        ]),
    },
    Step {
        name: "chaos, seed 1",
        kafka: true,
        work: Work::Cargo(&["run", "--package", "wasmill-chaos", "--", "--seed", "1", "--minutes", "3"]),
    },
];

/// Exits with 1 and says what is missing when Kafka can not be run.
pub(crate) const KAFKA_CHECK: &[&str] = &["run", "--quiet", "--package", "wasmill-cluster", "--", "check"];

impl Step {
    /// The command that runs this step alone.
    pub(crate) fn again(&self) -> String {
        match self.work {
            Work::Toolchain => "cargo xtask test".into(),
            Work::Lint => "cargo xtask lint".into(),
            Work::KafkaThere => format!("cargo {}", KAFKA_CHECK.join(" ")),
            // Quoted for the one argument that a shell would take for a pattern.
            Work::Cargo(arguments) => format!("cargo {}", arguments.join(" ").replace("--test=*", "'--test=*'")),
        }
    }
}
