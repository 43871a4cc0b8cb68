//! One process of the product: started with a configuration file, signalled, waited for, its log kept.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::caches;
use crate::metrics;
use crate::pipelines::{self, Components};
use crate::plan::CrashPoint;
use crate::wait;

/// What all processes of a run have in common.
#[derive(Debug)]
pub struct Setting {
    pub binary: PathBuf,
    pub components: Components,
    pub bootstrap: String,
    /// Configuration files, logs and state directories.
    pub directory: PathBuf,
}

/// A process that was started. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pub log: PathBuf,
    pub admin_port: u16,
    /// The place where it was told to kill itself, and at which pass.
    pub armed: Option<(CrashPoint, u64)>,
    stopped: bool,
}

impl Process {
    /// Starts the `life`th process of a slot, with a clock that is this much ahead. Only from the main thread: the child is killed when the thread that started
    /// it ends, so that a killed chaos run leaves nothing behind.
    pub fn start(
        setting: &Setting,
        slot: usize,
        life: u64,
        armed: Option<(CrashPoint, u64)>,
        ahead: Duration,
    ) -> Result<Process> {
        let admin_port = metrics::free_port()?;
        let name = format!("process-{slot}-{life}");
        let configuration = setting.directory.join(format!("{name}.yaml"));
        let state = caches::directory(&setting.directory, slot);
        let text = pipelines::configuration(&setting.bootstrap, &setting.components, &state, admin_port, life);
        fs::write(&configuration, text).with_context(|| format!("failed to write {}", configuration.display()))?;
        let log = setting.directory.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("failed to write {}", log.display()))?;
        let mut command = Command::new(&setting.binary);
        command
            .arg("run")
            .arg(&configuration)
            .current_dir(&setting.directory)
            .env("WASMILL_INSTANCE_ID", instance(slot))
            .env_remove("WASMILL_CRASH_POINT")
            .env("WASMILL_CLOCK_OFFSET_MS", ahead.as_millis().to_string())
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0);
        if let Some((point, nth)) = armed {
            command.env("WASMILL_CRASH_POINT", format!("{}:{nth}", point.name()));
        }
        end_with_us(&mut command);
        let child = command.spawn().with_context(|| format!("failed to start {}", setting.binary.display()))?;
        Ok(Process { child, log, admin_port, armed, stopped: false })
    }

    /// Sends a signal; after SIGSTOP every thread of the process stands still.
    pub fn signal(&mut self, signal: i32) -> Result<()> {
        wasmill_cluster::signal::send(&self.child, signal)?;
        match signal {
            libc::SIGSTOP => self.stopped = true,
            libc::SIGCONT => self.stopped = false,
            _ => {}
        }
        Ok(())
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// `None` while it runs.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("failed to ask for a child's status")
    }

    /// Waits for its end; `None` after `deadline`.
    pub fn wait(&mut self, deadline: Duration) -> Result<Option<ExitStatus>> {
        wait::until(deadline, || self.ended().transpose()).transpose()
    }

    /// Whether it died by its own hand at its crash point: killed, with the line in its log.
    pub fn died_at_crash_point(&self, status: ExitStatus) -> bool {
        let Some((point, _)) = self.armed else { return false };
        status.signal() == Some(libc::SIGKILL) && self.has_logged(&format!("crash point {}", point.name()), 0)
    }

    /// Bytes of its log.
    pub fn logged(&self) -> usize {
        fs::metadata(&self.log).map_or(0, |log| log.len() as usize)
    }

    /// Whether its log says this, behind so many bytes.
    pub fn has_logged(&self, words: &str, behind: usize) -> bool {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(log.get(behind..).unwrap_or_default()).contains(words)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended before; nothing else can be done about a failure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The instance id of a slot; its transactional ids are made of it.
pub fn instance(slot: usize) -> String {
    format!("chaos-{slot}")
}

/// For people: `exit 1`, `signal 9`.
pub fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// The last lines of a log, for a violation.
pub fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n    ")
}

/// Has the child killed when the thread that starts it ends, however it ends.
pub fn end_with_us(command: &mut Command) {
    // SAFETY: between fork and exec only prctl is called, which is async-signal-safe.
    unsafe { command.pre_exec(die_with_parent) };
}

fn die_with_parent() -> std::io::Result<()> {
    // SAFETY: prctl with this option takes numbers only.
    let set = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    if set == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(raw: i32) -> ExitStatus {
        ExitStatus::from_raw(raw)
    }

    #[test]
    fn ends_are_described_by_code_or_signal() {
        assert_eq!(describe(status(0)), "exit 0");
        assert_eq!(describe(status(2 << 8)), "exit 2");
        assert_eq!(describe(status(libc::SIGKILL)), "signal 9");
    }
}
