//! Kafka's own command line tools, against any broker.

use anyhow::ensure;

use crate::distribution::Distribution;
use crate::java::{Archive, Java, TOOL_TIMEOUT};
use crate::wait;

/// Runs the `main` of a class of Kafka to its end and returns what it printed.
///
/// # Errors
/// It can't be run, takes too long, or ends with another status than 0; its words are in the error.
pub fn tool(class: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let java = Java::new(&Distribution::fetched()?, Archive::None);
    let mut command = java.command(None, class);
    command.args(arguments);
    let output = wait::output(command, TOOL_TIMEOUT)?;
    ensure!(output.success, "`{class} {}` failed:\n{}", arguments.join(" "), output.text);
    Ok(output.text)
}
