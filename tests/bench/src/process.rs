//! A contestant's process: started, watched from outside, killed.

use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// A process that is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with its words going to `log`. Only from the main thread: the child is killed when the thread that
    /// started it ends, so that a killed bench leaves nothing behind.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Process> {
        let file = fs::File::create(log).with_context(|| format!("failed to write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
        // SAFETY: between fork and exec only prctl is called, which is async-signal-safe.
        unsafe { command.pre_exec(die_with_parent) };
        let child = command.spawn().with_context(|| format!("failed to start {command:?}"))?;
        Ok(Process { child, log: log.to_owned() })
    }

    /// # Errors
    /// When it has ended, with the last lines of its log.
    pub(crate) fn check(&mut self) -> Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().rev().take(5).collect();
        bail!("a contestant ended with {status}:\n{}", lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
    }

    /// CPU time of all its threads so far, ended ones too, to the nanosecond; `/proc` counts in steps of 10 ms.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let pid = i32::try_from(self.child.id()).context("no pid")?;
        let (mut clock, mut time) = (0, MaybeUninit::<libc::timespec>::zeroed());
        // SAFETY: both pointers are to our own variables, and the clock is what the first call said.
        let time = unsafe {
            ensure!(libc::clock_getcpuclockid(pid, &mut clock) == 0, "no CPU clock of process {pid}");
            ensure!(libc::clock_gettime(clock, time.as_mut_ptr()) == 0, "no CPU time of process {pid}");
            time.assume_init()
        };
        Ok(Duration::new(u64::try_from(time.tv_sec)?, u32::try_from(time.tv_nsec)?))
    }

    /// The most memory that was resident at once, MiB.
    pub(crate) fn peak_mib(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).context("no process status")?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak in its status")?;
        Ok(peak.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
    }

    /// Asks it to end and waits for that.
    pub(crate) fn terminate(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.id()).context("no pid")?;
        // SAFETY: kill takes numbers only; the child is not waited for yet, so the pid can't be another's.
        ensure!(unsafe { libc::kill(pid, libc::SIGTERM) } == 0, "failed to signal {pid}");
        crate::wait::until("the end of a process", Duration::from_secs(30), Duration::from_millis(5), || {
            Ok(self.child.try_wait()?)
        })?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended before; nothing else can be done about a failure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn die_with_parent() -> std::io::Result<()> {
    // SAFETY: prctl with this option takes numbers only.
    let set = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    if set == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_time_and_memory_of_another_process_are_seen() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done"]);
        let mut process = Process::start(command, log.path()).unwrap();
        let busy = || Ok((process.cpu()? > Duration::from_millis(20)).then_some(()));
        crate::wait::until("20 ms of CPU", Duration::from_secs(20), Duration::from_millis(5), busy).unwrap();
        assert!(process.peak_mib().unwrap() > 0.0);
        process.check().unwrap();
    }

    #[test]
    fn a_contestant_that_ended_is_an_error_with_its_last_words() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no broker; exit 3"]);
        let mut process = Process::start(command, log.path()).unwrap();
        let ended = || Ok(process.check().err());
        let error = crate::wait::until("its end", Duration::from_secs(20), Duration::from_millis(5), ended).unwrap();
        assert!(error.to_string().contains("no broker"), "{error}");
    }
}
