//! Waits that end: for a condition that no event announces, and for a program to finish.
//!
//! The only place of this crate that sleeps: a broker's start and a child's end can only be asked for, not awaited.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::spawn;

/// Shorter burns the CPU that the starting broker needs; longer adds half of it to every start.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Asks until there is an answer. `Ok(None)` means not yet; an error ends the wait at once. `None` after the timeout.
pub(crate) fn until<T>(
    timeout: Duration,
    mut ask: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(answer) = ask()? {
            return Ok(Some(answer));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// The status of a child once it has ended, `None` after the timeout.
pub(crate) fn ended(child: &mut Child, timeout: Duration) -> anyhow::Result<Option<ExitStatus>> {
    until(timeout, || Ok(child.try_wait()?))
}

/// What a program printed, stdout and stderr as they came.
pub(crate) struct Output {
    pub(crate) success: bool,
    pub(crate) text: String,
}

/// Runs a program to its end and kills it when it takes longer than the timeout.
pub(crate) fn output(mut command: Command, timeout: Duration) -> anyhow::Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    // A file takes any amount of output, where a pipe that nobody reads would block the program.
    let mut file = anonymous_file().context("failed to make a file for a program's output")?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file.try_clone()?);
    let mut child = spawn::tied_to_this_process(command).with_context(|| format!("failed to start `{program}`"))?;
    let status = ended(&mut child, timeout)?;
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match status {
        Some(status) => Ok(Output { success: status.success(), text }),
        None => bail!("`{program}` was not done after {} s:\n{text}", timeout.as_secs()),
    }
}

/// A file in memory without a name, gone with its last handle.
fn anonymous_file() -> std::io::Result<File> {
    use std::os::fd::FromRawFd;
    // SAFETY: the name is a C string literal; the call keeps no pointer to it.
    let fd = unsafe { libc::memfd_create(c"output".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the descriptor is fresh and owned by nobody else.
    Ok(unsafe { File::from_raw_fd(fd) })
}
