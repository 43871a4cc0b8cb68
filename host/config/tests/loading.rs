//! What a good file becomes: defaults, substitution, secrets, digests; and files that can't be read at all.

// clippy.toml exempts test functions only, not the functions that they share.
#![allow(clippy::unwrap_used)]

#[path = "support/fixed.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use support::{checks, load_in};
use wasmill_config::{Checks, Commit, Config, Delivery, Partitioner, Pipeline, PluginKind, Problem, Start, load};

const SMALLEST: &str = r#"
version: 1
clusters: { main: { bootstrap_servers: "localhost:9092" } }
pipelines:
  orders:
    inputs: { orders: { topic: orders } }
    plugin: { native: identity }
    outputs: { valid: { topic: orders.valid } }
"#;

fn config(text: &str) -> Config {
    load_in("test.yaml", text, Path::new("/etc/wasmill")).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn digest(text: &str) -> String {
    config(text).pipelines.remove(0).digest
}

fn runs_native(pipeline: &Pipeline, name: &str) -> bool {
    matches!(&pipeline.plugin.kind, PluginKind::Native(native) if native == name)
}

fn only_problem(path: &Path) -> Problem {
    let mut problems = load(path, &checks()).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.remove(0)
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = config(SMALLEST);
    assert!(config.admin.is_none() && config.state_directory.is_none());
    let state = config.state;
    assert_eq!((state.cache_bytes, state.write_buffer_bytes, state.overlay_bytes), (128 << 20, 64 << 20, 32 << 20));
    assert_eq!((state.key_bytes_max, state.value_bytes_max, state.open_files_max), (4096, 512 << 10, 512));
    assert!(config.plugins.is_empty() && config.warnings.is_empty());
    let [pipeline] = config.pipelines.as_slice() else { panic!("{} pipelines", config.pipelines.len()) };
    assert_eq!((pipeline.name.as_str(), pipeline.group.as_str(), pipeline.workers), ("orders", "orders", 4));
    assert_eq!(pipeline.cluster.bootstrap_servers, "localhost:9092");
    assert_eq!(pipeline.session_timeout, Duration::from_secs(30));
    assert_eq!(pipeline.delivery, Delivery::ExactlyOnce);
    assert_eq!(pipeline.inputs[0].start, Start::Earliest);
    assert_eq!(pipeline.outputs[0].partition, Partitioner::Key);
    assert!(runs_native(pipeline, "identity"));
    assert_eq!(pipeline.dead_letters.topic, "orders.dlq");
    assert_eq!((pipeline.batch.records_max, pipeline.batch.bytes_max), (256, 256 * 1024));
    let commit = Commit {
        interval: Duration::from_millis(100),
        transaction_timeout: Duration::from_secs(10),
        records_max: 100_000,
        bytes_max: 64 * 1024 * 1024,
        refresh_interval: Duration::from_secs(3600),
    };
    assert_eq!(pipeline.commit, commit);
    assert_eq!(pipeline.retry.attempts, 5);
    assert_eq!(pipeline.retry.backoff_initial, Duration::from_millis(100));
    assert_eq!(pipeline.retry.backoff_max, Duration::from_secs(10));
}

#[test]
fn what_is_written_is_taken() {
    let config = config(
        r#"
version: 1
clusters:
  east: { bootstrap_servers: "e1:9092, [::1]:9093" }
  west:
    bootstrap_servers: west:9092
    oauthbearer: { token_file: secrets/token }
    properties: { sasl.mechanisms: OAUTHBEARER, fetch.wait.max.ms: 50 }
pipelines:
  second:
    cluster: west
    group: The_Group-1
    session_timeout_ms: 6000
    delivery: at_least_once
    workers: "${WORKERS:-3}"
    inputs: { orders: { topic: "${TOPIC}", start: latest } }
    plugin: { native: validator }
    outputs: { z: { topic: z }, a: { topic: a, partition: source } }
    dead_letters: { topic: "dead-${TOPIC}" }
    batch: { records_max: 1, bytes_max: 16777216 }
    commit: { interval_ms: ${INTERVAL}, transaction_timeout_ms: 60000, records_max: 1, bytes_max: 65536, refresh_interval_ms: 1000 }
    retry: { attempts: 1, backoff_ms: { initial: 1, max: 86400000 }, order: partition }
  first:
    cluster: east
    inputs: { orders: { topic: orders } }
    plugin: { native: retry-first }
    outputs: {}
    stores: { orders: { ttl_ms: 1000 }, top-10: {} }
state:
  directory: state
  cache_mib: 8
  write_buffer_mib: 4096
  overlay_mib: 17
  key_bytes_max: 32768
  value_bytes_max: 16777216
  open_files_max: 16
admin: { listen: "[::]:0" }
"#
        .replace("${INTERVAL}", "'${INTERVAL}'")
        .as_str(),
    );
    assert_eq!(config.state_directory, Some(PathBuf::from("/etc/wasmill/state")));
    let state = config.state;
    assert_eq!((state.cache_bytes, state.write_buffer_bytes, state.overlay_bytes), (8 << 20, 4 << 30, 17 << 20));
    assert_eq!((state.key_bytes_max, state.value_bytes_max, state.open_files_max), (32 << 10, 16 << 20, 16));
    assert_eq!(config.admin.unwrap().listen, "[::]:0".parse().unwrap());
    let [second, first] = config.pipelines.as_slice() else { panic!("{} pipelines", config.pipelines.len()) };
    assert_eq!((second.name.as_str(), first.name.as_str()), ("second", "first"), "the order of the file");
    assert_eq!(first.cluster.bootstrap_servers, "e1:9092,[::1]:9093");
    assert!(first.outputs.is_empty());
    let stores: Vec<_> = first.stores.iter().map(|store| (store.name.as_str(), store.ttl)).collect();
    assert_eq!(stores, [("orders", Some(Duration::from_secs(1))), ("top-10", None)]);
    assert_eq!(second.cluster.oauthbearer_token_file, Some(PathBuf::from("/etc/wasmill/secrets/token")));
    assert_eq!(second.cluster.properties["fetch.wait.max.ms"].expose(), "50");
    assert_eq!((second.group.as_str(), second.workers), ("The_Group-1", 3));
    assert_eq!((second.inputs[0].topic.as_str(), second.inputs[0].start), ("orders", Start::Latest));
    assert_eq!(second.dead_letters.topic, "dead-orders");
    assert_eq!(second.commit.interval, Duration::from_millis(250));
    assert_eq!(second.commit.refresh_interval, Duration::from_secs(1));
    let outputs: Vec<(&str, Partitioner)> =
        second.outputs.iter().map(|output| (output.name.as_str(), output.partition)).collect();
    assert_eq!(outputs, [("z", Partitioner::Key), ("a", Partitioner::Source)], "the order of the file");
}

#[test]
fn inputs_are_numbered_in_the_order_of_the_file_and_each_has_its_own_start() {
    let inputs = "{ z: { topic: zz, start: latest }, a: { topic: aa } }";
    let pipeline = config(&SMALLEST.replace("{ orders: { topic: orders } }", inputs)).pipelines.remove(0);
    let inputs: Vec<(&str, &str, Start)> =
        pipeline.inputs.iter().map(|input| (input.name.as_str(), input.topic.as_str(), input.start)).collect();
    assert_eq!(inputs, [("z", "zz", Start::Latest), ("a", "aa", Start::Earliest)]);
    assert_eq!(pipeline.dead_letters.topic, "zz.dlq", "by default beside the first input");
}

#[test]
fn the_default_of_workers_is_held_to_its_bounds() {
    for (cores, workers) in [(0, 1), (1, 1), (64, 64), (500, 64)] {
        let checks = Checks { cores, ..checks() };
        let config = wasmill_config::load_str("test.yaml", SMALLEST, Path::new(""), &checks).unwrap();
        assert_eq!(config.pipelines[0].workers, workers);
    }
}

fn with_password(value: &str, folder: &Path) -> Result<Config, Vec<Problem>> {
    let cluster = format!(
        "main: {{ bootstrap_servers: \"localhost:9092\", properties: {{ sasl.password: {value}, client.id: ours }} }}"
    );
    let text = SMALLEST.replace("main: { bootstrap_servers: \"localhost:9092\" }", &cluster);
    load_in("test.yaml", &text, folder)
}

#[test]
fn a_secret_is_read_from_its_file_without_one_newline_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    for (written, expected) in [
        ("hunter2", "hunter2"),
        ("hunter2\n", "hunter2"),
        ("hunter2\r\n", "hunter2"),
        ("hunter2\n\n", "hunter2\n"),
        (" hunter2 ", " hunter2 "),
    ] {
        fs::write(folder.path().join("password"), written).unwrap();
        let config = with_password("{ file: password }", folder.path()).unwrap();
        assert_eq!(config.pipelines[0].cluster.properties["sasl.password"].expose(), expected, "{written:?}");
        let shown = format!("{config:?}{config:#?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("***") && shown.contains("ours"), "{shown}");
    }
}

#[test]
fn a_secret_in_the_file_itself_or_in_the_environment_is_not_shown_either() {
    for password in ["hunter2", "\"${NOT_SET:-hunter2}\""] {
        let config = with_password(password, Path::new("")).unwrap();
        assert_eq!(config.pipelines[0].cluster.properties["sasl.password"].expose(), "hunter2");
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}

#[test]
fn whatever_the_environment_gives_to_the_client_library_is_hidden() {
    let text =
        SMALLEST.replace("\"localhost:9092\" }", "\"localhost:9092\", properties: { client.id: \"a-${PASSWORD}\" } }");
    let config = config(&text);
    assert_eq!(config.pipelines[0].cluster.properties["client.id"].expose(), "a-s3cret-from-env");
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn a_secret_is_not_shown_when_the_client_library_quotes_only_its_beginning() {
    let cut = |name: &str, value: &str| Err(format!("Invalid value \"{:.6}\" for {name}", value));
    let checks = Checks { property: &cut, ..checks() };
    let text = SMALLEST
        .replace("\"localhost:9092\" }", "\"localhost:9092\", properties: { sasl.password: hunter2-and-more } }");
    let problems = wasmill_config::load_str("test.yaml", &text, Path::new(""), &checks).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(!problems[0].to_string().contains("hunt"), "{problems:?}");
}

#[test]
fn secret_files_that_are_no_secret_are_refused_without_quoting_them() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[u8], &str); 5] = [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"hunter2\xff", "is not UTF-8"),
        (b"hunter2\0", "NUL"),
        (&[b'x'; 1024 * 1024 + 1], "is larger than"),
    ];
    for (written, reason) in cases {
        fs::write(folder.path().join("password"), written).unwrap();
        let problems = with_password("{ file: password }", folder.path()).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].message.contains(reason), "{problems:?}");
        assert!(!problems[0].to_string().contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn the_digest_is_that_of_the_meaning() {
    let plain = digest(SMALLEST);
    assert!(plain.starts_with("sha256:") && plain.len() == 7 + 64, "{plain}");
    let same = [
        SMALLEST.replace("orders: { topic: orders }", "orders: { topic: \"${TOPIC}\" }"),
        SMALLEST.replace("plugin: { native: identity }", "plugin:\n      native: 'identity'"),
        format!("# comment\n{SMALLEST}state: {{ directory: kept }}\n"),
    ];
    for text in same {
        assert_eq!(digest(&text), plain, "{text}");
    }
    let other = [
        SMALLEST.replace("topic: orders }", "topic: orders2 }"),
        SMALLEST.replace("identity", "validator"),
        SMALLEST.replace("localhost:9092", "localhost:9093"),
        SMALLEST.replace("  orders:\n", "  orders2:\n"),
        format!("{SMALLEST}    commit: {{ interval_ms: 200 }}\n"),
    ];
    for text in other {
        assert_ne!(digest(&text), plain, "{text}");
    }
}

#[test]
fn the_order_of_keys_does_not_change_the_digest_but_that_of_inputs_and_outputs_does() {
    let [ab, ba] = ["{ a: { topic: x }, b: { topic: y } }", "{ b: { topic: y }, a: { topic: x } }"]
        .map(|outputs| digest(&SMALLEST.replace("{ valid: { topic: orders.valid } }", outputs)));
    assert_ne!(ab, ba, "an output's number is its position");
    let [ab, ba] = ["{ a: { topic: x }, b: { topic: y } }", "{ b: { topic: y }, a: { topic: x } }"]
        .map(|inputs| digest(&SMALLEST.replace("{ orders: { topic: orders } }", inputs)));
    assert_ne!(ab, ba, "the first input leads");
    let [one, two] = ["{ interval_ms: 200, records_max: 5 }", "{ records_max: 5, interval_ms: 200 }"]
        .map(|commit| digest(&format!("{SMALLEST}    commit: {commit}\n")));
    assert_eq!(one, two);
}

#[test]
fn no_secret_is_in_the_digest() {
    let digests =
        ["one", "two"].map(|password| with_password(password, Path::new("")).unwrap().pipelines[0].digest.clone());
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn a_file_that_can_not_be_read_is_one_problem_without_a_line() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("missing.yaml"), folder.path().to_owned()] {
        let problem = only_problem(&path);
        assert_eq!((problem.line, problem.path.as_str()), (0, ""));
        assert!(problem.to_string().starts_with(&format!("{}: cannot read the file: ", path.display())), "{problem}");
    }
}

#[test]
fn a_file_that_is_not_utf8_is_refused_at_the_first_such_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin1.yaml");
    fs::write(&path, b"version: 1\n# caf\xc3\xa9 caf\xe9\n").unwrap();
    let problem = only_problem(&path);
    assert_eq!((problem.line, problem.column), (2, 11));
    assert!(problem.message.contains("not UTF-8"), "{problem}");
}

#[test]
fn a_file_of_ten_megabytes_is_refused_and_one_of_a_megabyte_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.yaml");
    let padding = |bytes: usize| format!("{SMALLEST}#{}", "x".repeat(bytes - SMALLEST.len() - 1));
    fs::write(&path, padding(10 << 20)).unwrap();
    assert!(only_problem(&path).message.contains("larger than 1048576 bytes"));
    fs::write(&path, padding(1 << 20)).unwrap();
    assert_eq!(load(&path, &checks()).unwrap().pipelines.len(), 1);
}
