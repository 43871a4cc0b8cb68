//! `cargo xtask test`: runs the steps in order, stops at the first that fails, and says how long each took.
//!
//! What the steps are is in `test/steps.rs`, and only there.

mod count;
mod steps;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::cargo::Program;
use crate::{cargo, lint, toolchain};
use count::Count;
use steps::{STEPS, Step, Work};

/// Set to `1` for everything that is started when Kafka must be there.
const REQUIRE: &str = "WASMILL_REQUIRE_KAFKA";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Fail when Kafka can not be run here (also by WASMILL_REQUIRE_KAFKA=1).
    #[arg(long)]
    require_kafka: bool,
}

struct Run {
    require_kafka: bool,
    count: Count,
    times: Vec<(&'static str, Duration)>,
    /// Why the steps on Kafka are left out.
    left_out: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let require_kafka = arguments.require_kafka || std::env::var(REQUIRE).is_ok_and(|value| value == "1");
    let mut run = Run { require_kafka, count: Count::default(), times: Vec::new(), left_out: None };
    let outcome = run.all();
    run.report()?;
    outcome
}

impl Run {
    fn all(&mut self) -> anyhow::Result<()> {
        for step in STEPS {
            if step.kafka && self.left_out.is_some() {
                continue;
            }
            eprintln!("\n==== {}", step.name);
            let begin = Instant::now();
            let outcome = self.work(step);
            self.times.push((step.name, begin.elapsed()));
            outcome.with_context(|| format!("step `{}` failed; to run it again: {}", step.name, step.again()))?;
        }
        Ok(())
    }

    fn work(&mut self, step: &Step) -> anyhow::Result<()> {
        match step.work {
            Work::Toolchain => toolchain::check(),
            Work::Lint => lint::run(),
            Work::KafkaThere => self.look_for_kafka(),
            Work::Cargo(arguments) => self.count_tests(self.command(arguments)),
            Work::Apart(workspaces, arguments) => self.in_other_workspaces(&workspaces.concat(), arguments),
            Work::Tests { on_kafka, arguments } => self.test_programs(on_kafka, arguments),
            Work::Program(name, arguments) => {
                let mut command = Command::new(cargo::program(name, false)?);
                command.args(arguments).current_dir(cargo::root());
                self.count_tests(command)
            }
        }
    }

    fn in_other_workspaces(&mut self, workspaces: &[&str], arguments: &[&str]) -> anyhow::Result<()> {
        for workspace in workspaces {
            let mut command = cargo::command_in(workspace);
            command.args(arguments);
            self.count_tests(command).with_context(|| format!("in {workspace}"))?;
        }
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = cargo::command();
        command.args(arguments);
        if self.require_kafka {
            command.env(REQUIRE, "1");
        }
        command
    }

    /// Runs every test program that needs a broker, or every other one; one that fails does not stop the others. They are
    /// started one by one because selecting packages would change features, and compile librdkafka anew.
    fn test_programs(&mut self, on_kafka: bool, arguments: &[&str]) -> anyhow::Result<()> {
        let mut failed = Vec::new();
        for program in cargo::programs(&["test", "--workspace", "--no-run", "--quiet"])? {
            let Program { package, folder, target, kind, path, is_test } = program;
            if !is_test || steps::is_on_kafka(&package, &kind, &target) != on_kafka {
                continue;
            }
            eprintln!("\n== {package}: {target}");
            let mut command = Command::new(path);
            command.args(arguments).current_dir(&folder).env("CARGO_MANIFEST_DIR", &folder).env("CARGO", env!("CARGO"));
            if self.require_kafka {
                command.env(REQUIRE, "1");
            }
            if let Err(error) = self.count_tests(command) {
                eprintln!("{package}: {target}: {error:#}");
                failed.push(format!("{package}: {target}"));
            }
        }
        ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
        Ok(())
    }

    /// Runs a command, passes its output through and counts tests in it.
    fn count_tests(&mut self, mut command: Command) -> anyhow::Result<()> {
        let mut child = command.stdout(Stdio::piped()).spawn().context("failed to start it")?;
        let output = child.stdout.take().context("it has no stdout")?;
        let mut stdout = std::io::stdout();
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            stdout.write_all(&line)?;
            stdout.write_all(b"\n")?;
            self.count.add(&String::from_utf8_lossy(&line));
        }
        let status = child.wait()?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }

    fn look_for_kafka(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new(cargo::program("wasmill-cluster", false)?);
        let output = command.arg("check").stdin(Stdio::null()).output().context("failed to start it")?;
        if output.status.success() {
            return Ok(());
        }
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        // Only a program that was built and ran to its end can say that Kafka is not there.
        ensure!(output.status.code() == Some(1), "{reason}");
        if self.require_kafka {
            bail!("Kafka is required: {reason}");
        }
        self.say_left_out(&reason);
        self.left_out = Some(reason);
        Ok(())
    }

    fn say_left_out(&self, reason: &str) {
        let names: Vec<&str> = STEPS.iter().filter(|step| step.kafka).map(|step| step.name).collect();
        eprintln!("\n!!!! LEFT OUT, because Kafka can not be run here: {}\n!!!! {reason}", names.join(", "));
    }

    fn report(&self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out)?;
        for (name, time) in &self.times {
            writeln!(out, "{:>8.1} s  {name}", time.as_secs_f64())?;
        }
        let total: Duration = self.times.iter().map(|(_, time)| *time).sum();
        writeln!(out, "{:>8.1} s  all", total.as_secs_f64())?;
        if let Some(reason) = &self.left_out {
            self.say_left_out(reason);
        }
        writeln!(out, "{} passed, {} failed", self.count.passed, self.count.failed)?;
        Ok(())
    }
}
