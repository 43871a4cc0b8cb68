//! `wasmill completions`: a script for a shell, made from the command line's own definition.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::output;

/// Prints the script for `shell`.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<()> {
    // Into memory first: the generator panics when its writer fails.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "wasmill", &mut script);
    output::data(&String::from_utf8(script)?)
}
