//! Signals to children of ours; a stop is over when the child stands still.

use std::process::Child;

use anyhow::{Context, ensure};

/// Sends a signal to a child that was not yet waited for. After `SIGSTOP` it returns when every thread of the child
/// stands still (or the child has ended): `kill` returns earlier, and a thread on another core may still answer.
///
/// # Errors
/// When the system refuses; the text names the signal and the process.
pub fn send(child: &Child, signal: i32) -> anyhow::Result<()> {
    let pid = libc::pid_t::try_from(child.id()).context("no pid")?;
    // SAFETY: kill takes numbers only; the child is ours and was not waited for, so its pid is not another's.
    let sent = unsafe { libc::kill(pid, signal) } == 0;
    ensure!(sent, "failed to send signal {signal} to process {pid}: {}", std::io::Error::last_os_error());
    if signal == libc::SIGSTOP {
        stands_still(child.id()).with_context(|| format!("process {pid} was not seen to stop"))?;
    }
    Ok(())
}

/// Waits for the news that the child has stopped or ended, and leaves it for `Child::wait`.
fn stands_still(pid: u32) -> anyhow::Result<()> {
    let what = libc::WSTOPPED | libc::WEXITED | libc::WNOWAIT;
    loop {
        let mut news = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: `news` is writable for as long as the call takes; nothing is read from it.
        if unsafe { libc::waitid(libc::P_PID, pid, news.as_mut_ptr(), what) } == 0 {
            return Ok(());
        }
        let error = std::io::Error::last_os_error();
        ensure!(error.kind() == std::io::ErrorKind::Interrupted, error);
    }
}
