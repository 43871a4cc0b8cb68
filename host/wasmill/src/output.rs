//! Writing to standard output and standard error when the reader may have gone.
//!
//! `println!` would panic then. Used by every verb that prints.

use std::io::{ErrorKind, Write, stderr, stdout};

use anyhow::Context;

/// Writes data. A reader that has read enough (`wasmill config schema | head`) is no error.
pub(crate) fn data(text: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to standard output"),
        _ => Ok(()),
    }
}

/// Writes for people. When nobody can read it there is nobody to tell that to either; the exit code still says it.
pub(crate) fn complain(text: &str) {
    let _ = stderr().lock().write_all(text.as_bytes());
}
