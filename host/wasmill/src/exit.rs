//! Exit codes: 0 done, 1 the user's to fix, 2 ours.
//!
//! A verb says whose fault an error is by its type: [`UserFault`] anywhere in the chain, or [`Said`] when the user has been
//! told already; everything else is ours. Only `main` ends the process.

use std::fmt;
use std::process::ExitCode;

use wasmill_telemetry::logging::LoggingError;

use crate::output;

const USER: u8 = 1;
const OURS: u8 = 2;

/// An error that the user can fix; the text says how.
#[derive(Debug)]
pub(crate) struct UserFault(pub(crate) String);

impl fmt::Display for UserFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UserFault {}

/// The user's to fix, and all about it has been printed.
#[derive(Debug)]
pub(crate) struct Said;

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mistakes above")
    }
}

impl std::error::Error for Said {}

/// The exit code of a verb, after its error has been printed.
pub(crate) fn code(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let (code, print) = judge(&error);
    if print {
        output::complain(&format!("error: {error:#}\n"));
    }
    ExitCode::from(code)
}

/// The code, and whether the error is still to be printed.
fn judge(error: &anyhow::Error) -> (u8, bool) {
    let is_user_logging = |error: &LoggingError| matches!(error, LoggingError::Filter { .. });
    if error.downcast_ref::<Said>().is_some() {
        (USER, false)
    } else if error.downcast_ref::<UserFault>().is_some()
        || error.chain().any(|cause| cause.is::<UserFault>())
        || error.downcast_ref::<LoggingError>().is_some_and(is_user_logging)
    {
        (USER, true)
    } else {
        (OURS, true)
    }
}

/// The exit code when the command line was not a verb to run: help and version are what was asked for, the rest is a mistake.
pub(crate) fn command_line(refused: &clap::Error) -> ExitCode {
    let text = refused.render().to_string();
    if refused.use_stderr() {
        output::complain(&text);
        return ExitCode::from(USER);
    }
    code(output::data(&text))
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    fn fault() -> anyhow::Error {
        UserFault("the topic is not there".to_owned()).into()
    }

    #[test]
    fn an_error_is_ours_unless_it_says_otherwise() {
        assert_eq!(judge(&anyhow!("broken")), (OURS, true));
        assert_eq!(judge(&LoggingError::AlreadySet.into()), (OURS, true));
    }

    #[test]
    fn a_user_fault_is_found_below_and_as_context() {
        assert_eq!(judge(&fault()), (USER, true));
        assert_eq!(judge(&fault().context("starting")), (USER, true));
        let io: anyhow::Result<()> = Err(std::io::Error::other("refused")).context(UserFault("check it".to_owned()));
        assert_eq!(judge(&io.context("starting").unwrap_err()), (USER, true));
    }

    #[test]
    fn what_has_been_said_is_not_said_again() {
        assert_eq!(judge(&anyhow::Error::from(Said)), (USER, false));
        assert_eq!(judge(&anyhow::Error::from(Said).context("starting")), (USER, false));
    }
}
