//! A folder with a configuration, a broker, and the binary.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use wasmill_broker::client::{committed, producer, wait_until};
use wasmill_broker::counting;
use wasmill_broker::pipeline::Setup;
use wasmill_devbroker::{Broker, Options};

pub(crate) const PARTITIONS: i32 = 2;

pub(crate) struct Place {
    pub(crate) broker: Broker,
    pub(crate) setup: Setup,
    pub(crate) admin: String,
    folder: tempfile::TempDir,
}

/// Killed when dropped.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Place {
    pub(crate) fn new(what: &str) -> Place {
        Place::with(what, |setup| setup)
    }

    pub(crate) fn with(what: &str, change: impl FnOnce(Setup) -> Setup) -> Place {
        let broker = Broker::start(Options::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let setup = change(Setup::new(what, &broker.bootstrap()).counting(&folder.path().join("cache")));
        setup.topics(&setup.bootstrap, PARTITIONS, &[], &[]);
        let admin = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let yaml = format!("{}admin: {{ listen: \"{admin}\" }}\n", setup.yaml());
        fs::write(folder.path().join("pipelines.yaml"), yaml).unwrap();
        Place { broker, setup, admin, folder }
    }

    pub(crate) fn command(&self, verb: &[&str], rest: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasmill"));
        command.args(verb).arg("pipelines.yaml").args(rest).current_dir(self.folder.path()).env_clear();
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self) -> Running {
        let log = File::create(self.folder.path().join("log")).unwrap();
        Running(self.command(&["run"], &[]).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap())
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Runs until every record of the input is committed, and on.
    pub(crate) fn run_to_end(&self) -> Running {
        let running = self.run();
        self.wait_until_done();
        running
    }

    pub(crate) fn wait_until_done(&self) {
        wait_until("the input is read to its end", || counting::is_done(&self.setup, PARTITIONS));
        // Applied after the commit, and shown from then on.
        wait_until("the cache has it", || self.tokens() == self.committed_tokens());
    }

    /// Of what is committed, by partition.
    pub(crate) fn committed_tokens(&self) -> Vec<String> {
        let Setup { bootstrap, name, input, .. } = &self.setup;
        (0..PARTITIONS).filter_map(|it| committed(bootstrap, name, input, it)).map(|(_, token)| token).collect()
    }

    /// Of what is cached, by partition.
    pub(crate) fn tokens(&self) -> Vec<String> {
        let output = self.command(&["state", "ls"], &["--output", "json"]).output().unwrap();
        let listed: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let partitions = listed[&self.setup.name][0]["partitions"].as_array().cloned().unwrap_or_default();
        partitions.iter().filter_map(|it| it["token"].as_str()).map(str::to_owned).collect()
    }

    pub(crate) fn stop(&self, mut running: Running) {
        assert!(Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap().success());
        assert_eq!(running.0.wait().unwrap().code(), Some(0), "{}", self.log());
    }

    pub(crate) fn put(&self, numbers: Range<usize>) {
        counting::put(&producer(&self.setup.bootstrap, &[]), &self.setup.input, PARTITIONS, numbers);
    }

    /// Exit code, standard output, standard error.
    pub(crate) fn ask(&self, verb: &[&str], rest: &[&str]) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = self.command(verb, rest).output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    pub(crate) fn cache(&self) -> &Path {
        self.setup.state.as_deref().unwrap()
    }

    pub(crate) fn http(&self, path: &str) -> String {
        let Ok(mut stream) = TcpStream::connect(&self.admin) else { return String::new() };
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.admin).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// `k0=2` for each line of output.
pub(crate) fn counts(lines: &str) -> Vec<String> {
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| format!("{}={}", line["key"].as_str().unwrap(), line["value"])).collect()
}
