//! What a user sees: output, complaints and exit codes of the verbs that need no Kafka, as a process.
//!
//! Goldens are beside the calls; `UPDATE_EXPECT=1 cargo test -p wasmill` writes them anew.

// clippy.toml exempts test functions only, not the functions that they share.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use expect_test::{Expect, expect, expect_file};

const GOOD: &str = r#"
version: 1
clusters: { main: { bootstrap_servers: "${KAFKA:-localhost:9092}", properties: { client.id: ours } } }
pipelines:
  orders:
    inputs: { orders: { topic: orders } }
    plugin: { native: identity }
    outputs: { valid: { topic: orders.valid }, refused: { topic: orders.refused } }
"#;

const BAD: &str = r#"
version: 1
clusters: { main: { bootstrap_servers: "localhost:9092", properties: { client.idd: ours, fetch.wait.max.ms: soon, acks: 1 } } }
pipelines:
  orders:
    input: { orders: { topic: orders } }
    plugin: { native: identity }
    outputs: {}
"#;

struct Seen {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Seen {
    fn expect(&self, code: i32, stdout: Expect, stderr: Expect) {
        stdout.assert_eq(&self.stdout);
        stderr.assert_eq(&self.stderr);
        assert_eq!(self.code, Some(code));
    }
}

fn wasmill(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmill"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

fn see(mut command: Command) -> Seen {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Seen { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Runs it in a folder with `good.yaml` and `bad.yaml`.
fn seen(arguments: &[&str]) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.yaml"), GOOD).unwrap();
    fs::write(folder.path().join("bad.yaml"), BAD).unwrap();
    see(wasmill(folder.path(), arguments))
}

#[test]
fn lint_says_in_one_line_what_it_found() {
    seen(&["lint", "good.yaml"]).expect(
        0,
        expect![[r#"
        good.yaml: ok: 1 pipeline, 1 input, 2 outputs
    "#]],
        expect![""],
    );
}

#[test]
fn lint_prints_every_mistake_on_standard_error() {
    seen(&["lint", "bad.yaml"]).expect(1, expect![""], expect![[r#"
        bad.yaml:3:72: clusters.main.properties."client.idd": the client library does not take it: No such configuration property: "client.idd"
          hint: see librdkafka's CONFIGURATION.md for names and values
        bad.yaml:3:90: clusters.main.properties."fetch.wait.max.ms": the client library does not take it: Invalid value for configuration property "fetch.wait.max.ms"
          hint: see librdkafka's CONFIGURATION.md for names and values
        bad.yaml:3:115: clusters.main.properties.acks: `1` can't be set: wasmill sets `acks`, outputs are on every in-sync replica before positions are
          hint: remove it
        bad.yaml:6:5: pipelines.orders.input: unknown key
          hint: did you mean `inputs`?
        4 problems found
    "#]]);
}

#[test]
fn the_broken_example_has_many_mistakes_and_each_has_a_line_and_a_hint() {
    let seen = see(wasmill(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), &["lint", "examples/broken.yaml"]));
    assert_eq!((seen.code, seen.stdout.as_str()), (Some(1), ""));
    expect_file!["golden/broken.txt"].assert_eq(&seen.stderr);
    let lines: Vec<&str> = seen.stderr.lines().collect();
    let (mistakes, rest) = lines.as_chunks::<2>();
    assert!(mistakes.len() >= 10 && rest.len() == 1, "{} mistakes, then {rest:?}", mistakes.len());
    for [mistake, hint] in mistakes {
        let mut place = mistake.strip_prefix("examples/broken.yaml:").into_iter().flat_map(|rest| rest.split(':'));
        assert!(place.next().is_some_and(|line| line.parse::<u32>().is_ok()), "no line: {mistake}");
        assert!(hint.starts_with("  hint: "), "no hint: {mistake}");
    }
}

#[test]
fn lint_as_json_is_one_object_on_standard_output() {
    seen(&["lint", "good.yaml", "--output", "json"]).expect(
        0,
        expect![[r#"
            {
              "file": "good.yaml",
              "ok": true,
              "online": [],
              "pipelines": [
                {
                  "cluster": "main",
                  "dead_letters": {
                    "topic": "orders.dlq"
                  },
                  "digest": "sha256:621feb7791cd89e21ffcfd493490dab8003051204fadec66ec134c683ae9f692",
                  "group": "orders",
                  "inputs": [
                    {
                      "name": "orders",
                      "topic": "orders"
                    }
                  ],
                  "name": "orders",
                  "outputs": [
                    {
                      "name": "valid",
                      "topic": "orders.valid"
                    },
                    {
                      "name": "refused",
                      "topic": "orders.refused"
                    }
                  ],
                  "plugin": {
                    "native": "identity"
                  }
                }
              ],
              "problems": [],
              "warnings": []
            }
        "#]],
        expect![""],
    );
    seen(&["lint", "bad.yaml", "--output", "json"]).expect(1, expect![[r#"
        {
          "file": "bad.yaml",
          "ok": false,
          "online": [],
          "pipelines": [],
          "problems": [
            {
              "column": 72,
              "file": "bad.yaml",
              "hint": "see librdkafka's CONFIGURATION.md for names and values",
              "line": 3,
              "message": "the client library does not take it: No such configuration property: \"client.idd\"",
              "path": "clusters.main.properties.\"client.idd\""
            },
            {
              "column": 90,
              "file": "bad.yaml",
              "hint": "see librdkafka's CONFIGURATION.md for names and values",
              "line": 3,
              "message": "the client library does not take it: Invalid value for configuration property \"fetch.wait.max.ms\"",
              "path": "clusters.main.properties.\"fetch.wait.max.ms\""
            },
            {
              "column": 115,
              "file": "bad.yaml",
              "hint": "remove it",
              "line": 3,
              "message": "`1` can't be set: wasmill sets `acks`, outputs are on every in-sync replica before positions are",
              "path": "clusters.main.properties.acks"
            },
            {
              "column": 5,
              "file": "bad.yaml",
              "hint": "did you mean `inputs`?",
              "line": 6,
              "message": "unknown key",
              "path": "pipelines.orders.input"
            }
          ],
          "warnings": []
        }
    "#]], expect![""]);
}

#[test]
fn a_file_that_is_not_there_is_the_users_to_fix() {
    seen(&["lint", "none.yaml"]).expect(
        1,
        expect![""],
        expect![[r#"
        none.yaml: cannot read the file: No such file or directory (os error 2)
        1 problem found
    "#]],
    );
}

#[test]
fn run_refuses_what_lint_refuses_in_the_same_words() {
    let (run, lint) = (seen(&["run", "bad.yaml"]), seen(&["lint", "bad.yaml"]));
    assert_eq!((run.code, run.stdout, run.stderr), (lint.code, lint.stdout, lint.stderr));
}

#[test]
fn the_environment_of_the_process_is_substituted() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.yaml"), GOOD).unwrap();
    let mut command = wasmill(folder.path(), &["lint", "good.yaml"]);
    command.env("KAFKA", "no port");
    see(command).expect(1, expect![""], expect![[r#"
        good.yaml:3:40: clusters.main.bootstrap_servers: expected `host:port`, several with commas between, found `${KAFKA:-localhost:9092}` (after substitution)
          hint: write for example `kafka-1:9092,kafka-2:9092`
        1 problem found
    "#]]);
}

#[test]
fn mistakes_on_the_command_line_are_the_users_to_fix() {
    seen(&["lnit", "good.yaml"]).expect(
        1,
        expect![""],
        expect![[r#"
        error: unrecognized subcommand 'lnit'

          tip: a similar subcommand exists: 'lint'

        Usage: wasmill [OPTIONS] <COMMAND>

        For more information, try '--help'.
    "#]],
    );
    seen(&["lint"]).expect(
        1,
        expect![""],
        expect![[r#"
        error: the following required arguments were not provided:
          <FILE>

        Usage: wasmill lint <FILE>

        For more information, try '--help'.
    "#]],
    );
    seen(&["run", "good.yaml", "--instance-id", "a.b"]).expect(
        1,
        expect![""],
        expect![[r#"
        error: invalid value 'a.b' for '--instance-id <ID>': write 1 to 64 of a-z A-Z 0-9 _ -

        For more information, try '--help'.
    "#]],
    );
    seen(&["lint", "good.yaml", "--log", "loud"]).expect(1, expect![""], expect![[r#"
        error: the log level is not a log filter: `loud`: `loud` is none of off, error, warn, info, debug, trace, nor `target=level`
    "#]]);
}

#[test]
fn help_is_what_was_asked_for() {
    seen(&["--help"]).expect(
        0,
        expect![[r#"
            Runs plugins on the records of Kafka topics and writes what they answer back, exactly once

            Usage: wasmill [OPTIONS] <COMMAND>

            Commands:
              run          Run the pipelines of a configuration until SIGTERM or SIGINT
              dev          Run the pipelines of a configuration on a Kafka inside of this process, for trying
                           things out
              lint         Report every mistake in a configuration
              plugin       About a plugin's file
              pipeline     About the pipelines of a running process
              config       About the configuration file
              completions  Print a script that completes wasmill's command line in a shell
              help         Print this message or the help of the given subcommand(s)

            Options:
                  --log-format <FORMAT>  How log lines look on standard error; `auto` is `human` on a terminal
                                         and `json` elsewhere [default: auto] [possible values: auto, human,
                                         json]
                  --log <LEVEL>          What is logged: a level, or `target=level` with commas between
                                         [default: $WASMILL_LOG, else info]
              -h, --help                 Print help
              -V, --version              Print version

            Exit codes: 0 done, 1 yours to fix, 2 ours.
        "#]],
        expect![""],
    );
    let version = seen(&["--version"]);
    assert_eq!((version.code, version.stdout), (Some(0), format!("wasmill {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn the_schema_is_the_golden_one() {
    let schema = seen(&["config", "schema"]);
    assert_eq!((schema.code, schema.stderr.as_str()), (Some(0), ""));
    expect_file!["golden/schema.json"].assert_eq(&schema.stdout);
    let schema: serde_json::Value = serde_json::from_str(&schema.stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn each_shell_has_a_script_that_knows_the_verbs() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = seen(&["completions", shell]);
        assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""), "{shell}");
        for word in ["wasmill", "lint", "run", "schema", "instance-id"] {
            assert!(script.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = wasmill(folder.path(), &["config", "schema"]);
    let output = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));
}

#[test]
fn nobody_to_complain_to_leaves_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.yaml"), BAD).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = wasmill(folder.path(), &["lint", "bad.yaml"]).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(1));
}
