//! One run of the binary with a configuration of its own.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use wasmill_broker::client::wait_until;

/// Killed when dropped.
pub(crate) struct Process {
    child: Child,
    folder: tempfile::TempDir,
}

impl Process {
    /// `wasmill VERB FILE`, with nothing in its environment but what is given.
    pub(crate) fn start(verb: &[&str], configuration: &str, environment: &[(&str, &str)]) -> Process {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pipelines.yaml");
        fs::write(&file, configuration).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasmill"));
        command.args(verb).arg(&file).current_dir(folder.path()).env_clear().envs(environment.iter().copied());
        Process::in_folder(&mut command, folder)
    }

    /// Any other command that becomes the binary.
    pub(crate) fn spawn(command: &mut Command) -> Process {
        Process::in_folder(command, tempfile::tempdir().unwrap())
    }

    fn in_folder(command: &mut Command, folder: tempfile::TempDir) -> Process {
        let log = File::create(folder.path().join("log")).unwrap();
        let command = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Process { child: command.spawn().unwrap(), folder }
    }

    /// Everything it has printed so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    pub(crate) fn signal(&self, name: &str) {
        let name = format!("-{name}");
        assert!(Command::new("kill").args([&name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Another `wasmill VERB FILE` beside it, with the same file: its exit code, and what it says.
    pub(crate) fn ask(&self, verb: &[&str]) -> (Option<i32>, String) {
        let file = self.folder.path().join("pipelines.yaml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasmill"));
        let output = command.args(verb).arg(file).env_clear().stdin(Stdio::null()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    /// Waits for its end: the exit code, and what it has said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        wait_until("the end of the process", || self.has_ended());
        (self.child.wait().unwrap().code(), self.said())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
