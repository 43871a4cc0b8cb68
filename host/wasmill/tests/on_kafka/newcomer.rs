//! "From an empty directory" of docs/PLUGINS.md, walked as it stands there: every line of its shell blocks is run, in order;
//! its files are written as they are shown; what it says is printed must be printed.
//!
//! What a newcomer has to wait for, and the tests have already, is taken from there:
//! * `wasmill` is this build's binary;
//! * `cargo xtask kafka` creates its topics on the Kafka of the tests, and `KAFKA_BOOTSTRAP` is that Kafka's address;
//! * `kcat`, which few machines have, is [`kcat`];
//! * lock file and target folder are those of `examples/hello-plugin`, the same plugin, so that nothing is downloaded and its
//!   dependencies are compiled once.

mod kcat;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wasmill_broker::client::create_topic;

use crate::process::Process;

const CHAPTER: &str = "## From an empty directory";

/// Where the page says that a checkout is.
const CHECKOUT: &str = "/path/to/wasmill";

/// What the page says is printed as the Kafka's address.
const ADDRESS: &str = "127.0.0.1:45123";

struct Walk {
    bootstrap: String,
    /// Where the shell is.
    folder: PathBuf,
    /// Ends after everything else.
    running: Option<Process>,
    /// To stdout, by the last shell block.
    printed: String,
    /// To stdout and stderr, by everything.
    said: String,
}

impl Walk {
    fn block(&mut self, language: &str, text: &str) {
        match language {
            "sh" => {
                self.printed.clear();
                text.lines().for_each(|line| self.line(line));
            }
            "text" => assert_eq!(self.printed.trim_end(), text),
            _ => {
                let (first, text) = text.split_once('\n').unwrap();
                let name = first.strip_prefix("// ").or_else(|| first.strip_prefix("# "));
                let name = name.unwrap_or_else(|| panic!("a block does not name its file: {first}"));
                let checkout = checkout().display().to_string();
                fs::write(self.folder.join(name), text.replace(CHECKOUT, &checkout) + "\n").unwrap();
            }
        }
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["cd", folder] => self.enter(folder),
            ["export", assignment] => assert_eq!(*assignment, format!("KAFKA_BOOTSTRAP={ADDRESS}")),
            ["cargo", "xtask", "kafka", topics @ ..] => self.create(topics),
            ["wasmill", "run", ..] => {
                self.running = Some(Process::spawn(&mut self.shell(&format!("exec {line}"))));
            }
            _ => self.pipe(line),
        }
    }

    /// The folder that `cargo new` has made.
    fn enter(&mut self, folder: &str) {
        self.folder.push(folder);
        let example = checkout().join("examples/hello-plugin");
        fs::create_dir_all(example.join("target")).unwrap();
        symlink(example.join("target"), self.folder.join("target")).unwrap();
        fs::copy(example.join("Cargo.lock"), self.folder.join("Cargo.lock")).unwrap();
    }

    fn create(&self, topics: &[&str]) {
        for option in topics.chunks(2) {
            let ["--topic", topic] = option else { panic!("not a topic: {option:?}") };
            let (name, partitions) = topic.split_once(':').unwrap();
            assert_eq!(partitions, kcat::PARTITIONS.to_string(), "as many as kcat is made for");
            create_topic(&self.bootstrap, name, kcat::PARTITIONS, &[]);
        }
    }

    /// Programs that hand their output on. No argument of the page has a bar between spaces.
    fn pipe(&mut self, line: &str) {
        let mut passed = String::new();
        for program in line.split(" | ") {
            passed = match program.strip_prefix("kcat ") {
                Some(arguments) => kcat::run(&self.bootstrap, arguments, &passed),
                None => self.run(program, &passed),
            };
        }
        self.printed.push_str(&passed);
    }

    /// What it prints. It must succeed.
    fn run(&mut self, program: &str, input: &str) -> String {
        let mut command = self.shell(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Less than a pipe holds, so it need not be read meanwhile. A program that reads nothing may be gone.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let [printed, told] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert!(output.status.success(), "`{program}` ended with {}:\n{printed}{told}", output.status);
        self.said.extend([printed.as_str(), told.as_str()]);
        printed
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = wasmill_artifacts::apart("sh");
        command.args(["-c", line]).current_dir(&self.folder);
        command.env("PATH", path()).env("KAFKA_BOOTSTRAP", &self.bootstrap);
        command
    }
}

fn checkout() -> PathBuf {
    wasmill_artifacts::root().canonicalize().unwrap()
}

/// With the binary under test before everything else.
fn path() -> OsString {
    let binary = Path::new(env!("CARGO_BIN_EXE_wasmill")).parent().unwrap().to_owned();
    let rest = env::var_os("PATH").unwrap_or_default();
    env::join_paths(std::iter::once(binary).chain(env::split_paths(&rest))).unwrap()
}

/// Languages and texts of the chapter's blocks.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let (_, chapter) = page.split_once(CHAPTER).unwrap();
    let (chapter, _) = chapter.split_once("\n## ").unwrap();
    chapter.split("\n```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap()).collect()
}

#[test]
fn the_newcomers_path_works_from_an_empty_directory() {
    let Some(cluster) = crate::cluster() else { return };
    let page = fs::read_to_string(checkout().join("docs/PLUGINS.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut walk = Walk {
        bootstrap: cluster.bootstrap(),
        folder: folder.path().to_owned(),
        running: None,
        printed: String::new(),
        said: String::new(),
    };
    let blocks = blocks(&page);
    blocks.iter().for_each(|(language, text)| walk.block(language, text));

    // The page was all there: a plugin that is tested, and runs.
    let tests: usize = blocks.iter().map(|(_, text)| text.matches("#[test]").count()).sum();
    assert!(tests > 0 && walk.said.contains(&format!("test result: ok. {tests} passed")), "{}", walk.said);
    let running = walk.running.expect("the page runs a pipeline");
    running.terminate();
    let (code, said) = running.end();
    assert_eq!(code, Some(0), "{said}");
}
