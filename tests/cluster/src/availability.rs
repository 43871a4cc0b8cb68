//! Tells whether this machine can run Kafka, and what to type when it can not.
//!
//! It only looks; it fetches nothing. Called by every broker test and by `cargo xtask test`.

use std::io::Write;
use std::process::Command;
use std::sync::{Once, OnceLock};

use crate::layout;

/// The oldest Java that Kafka 4 brokers run on.
const JAVA_OLDEST: u32 = 17;
/// With this variable set to `1` a missing Kafka is a failure and not a skip.
const REQUIRE: &str = "WASMILL_REQUIRE_KAFKA";
const INSTALL: &str = "apt-get install -y --no-install-recommends openjdk-17-jre-headless maven";

/// `Ok` when Java is there and the jars are there or can be fetched; otherwise what is missing and what to type.
/// The answer is found once per process.
pub fn available() -> Result<(), String> {
    static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
    ANSWER.get_or_init(look).clone()
}

fn look() -> Result<(), String> {
    let version = first_line("java", "-version").ok_or_else(|| format!("`java` is not on PATH: {INSTALL}"))?;
    match java_major(&version) {
        Some(major) if major >= JAVA_OLDEST => {}
        _ => return Err(format!("Java {JAVA_OLDEST} or newer is needed, `java -version` says {version:?}: {INSTALL}")),
    }
    if !layout::libs().is_dir() && first_line("mvn", "-version").is_none() {
        return Err(format!(
            "the Kafka jars are not there yet and `mvn`, which fetches them, is not on PATH: {INSTALL}"
        ));
    }
    Ok(())
}

/// The first line a program prints, or `None` when it can not be run. Java prints its version to stderr, Maven to stdout.
fn first_line(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok().filter(|output| output.status.success())?;
    let text = [output.stderr, output.stdout].concat();
    String::from_utf8_lossy(&text).lines().next().map(str::to_owned)
}

/// `openjdk version "17.0.15" 2025-04-15` is 17; the old `"1.8.0_392"` is 1, which is old enough to be refused.
fn java_major(line: &str) -> Option<u32> {
    let quoted = line.split('"').nth(1)?;
    quoted.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// For the first line of every broker test: `if !required_or_skipped() { return; }`.
///
/// True when Kafka can be run. False after a loud line on stderr, once per process, when it can not.
///
/// # Panics
/// When Kafka can not be run and `WASMILL_REQUIRE_KAFKA=1` is set.
pub fn required_or_skipped() -> bool {
    let Err(missing) = available() else { return true };
    assert!(!required(), "{REQUIRE}=1, but {missing}");
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let line = format!("\n!!!! LEFT OUT: the tests on a real Kafka did not run. {missing}\n\n");
        // Written to the handle: the test harness swallows what `eprintln!` prints in a test that passes.
        let _ = std::io::stderr().write_all(line.as_bytes());
    });
    false
}

fn required() -> bool {
    std::env::var(REQUIRE).is_ok_and(|value| value == "1")
}

#[cfg(test)]
mod tests {
    use super::java_major;

    #[test]
    fn the_major_version_of_java_is_read_from_its_first_line() {
        let table = [
            ("openjdk version \"17.0.15\" 2025-04-15", Some(17)),
            ("openjdk version \"25\" 2025-09-16", Some(25)),
            ("java version \"1.8.0_392\"", Some(1)),
            ("openjdk version \"26-ea\" 2026-03-17", Some(26)),
            ("no quotes", None),
            ("\"\"", None),
        ];
        for (line, expected) in table {
            assert_eq!(java_major(line), expected, "{line}");
        }
    }
}
