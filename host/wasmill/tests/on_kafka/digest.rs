//! A WebAssembly plugin in the binary, on a real Kafka: where its digest is found again, and what its emissions carry.

#[path = "../../../sandbox/tests/sandbox/support/guest.rs"]
#[allow(dead_code, reason = "the sandbox's own tests use the rest")]
mod guest;

use std::fs;

use guest::{Guest, segment};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use wasmill_broker::client::Isolation::ReadCommitted;
use wasmill_broker::client::{create_topic, headers, key_values, producer, read_count, send_with_headers, unique};

use crate::process::Process;
use crate::walk::{free_address, get};

/// A word for each argument of an emission: own value, inherited key, inherited headers and three of its own.
const EMISSION: [u32; 9] = [1, 0, 1 | 4, 0, 0, 0, 4, 4, 3];

/// Where code and message are in the reply's bytes, behind value and headers.
const CODE: (&[u8], &[u8]) = (b"not-four", b"has not four bytes");

/// Emits for a value of four bytes, rejects any other; one record in a call.
fn plugin() -> Guest {
    let mut data = b"made".to_vec();
    for (name, value) in [("own", Some("1")), ("own", None), ("none", Some(""))] {
        data.extend((name.len() as u32).to_le_bytes());
        data.extend(value.map_or(u32::MAX, |value| value.len() as u32).to_le_bytes());
        data.extend(name.bytes().chain(value.unwrap_or_default().bytes()));
    }
    let code_at = data.len() as u32;
    data.extend([CODE.0, CODE.1].concat());
    let (code_len, message_len) = (CODE.0.len() as u32, CODE.1.len() as u32);
    let rejection = [code_at, code_len, code_at + code_len, message_len];
    let args: Vec<u8> = EMISSION.iter().chain(&rejection).flat_map(|word| word.to_le_bytes()).collect();
    // `$at` is 1 for a rejection: its action and its arguments are the second ones.
    let process = format!(
        "(local.set $at (i32.ne (i32.load offset=28 (local.get $index)) (i32.const 4)))
        (i32.store (i32.const 0) (i32.add (i32.const 4096) (local.get $at))) (i32.store (i32.const 4) (i32.const 1))
        (i32.store (i32.const 8) (i32.add (i32.const 8192) (i32.mul (local.get $at) (i32.const {emission_bytes}))))
        (i32.store (i32.const 12) (select (i32.const {}) (i32.const {}) (local.get $at)))
        (i32.store (i32.const 16) (i32.const 16384)) (i32.store (i32.const 20) (i32.const {}))
        (i32.const 0)",
        rejection.len(),
        EMISSION.len(),
        data.len(),
        emission_bytes = EMISSION.len() * 4,
    );
    let manifest = json!({
        "name": "four", "version": "1", "outputs": [{ "name": "out" }], "codes": ["not-four"], "batch-max": 1,
    });
    let data = [segment(4096, &[3, 4]), segment(8192, &args), segment(16384, &data)].concat();
    Guest { manifest, process, data, ..Guest::default() }
}

#[test]
fn a_plugins_digest_is_in_log_metrics_and_dead_letters_and_its_headers_follow_the_inherited_ones() {
    let Some(cluster) = crate::cluster() else { return };
    let (bootstrap, name, admin) = (cluster.bootstrap(), unique("digest"), free_address());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("four.wasm");
    let component = plugin().component();
    fs::write(&file, &component).unwrap();
    let hex: String = Sha256::digest(&component).iter().map(|byte| format!("{byte:02x}")).collect();
    let digest = format!("sha256:{hex}");
    let topics = ["in", "out", "dlq"].map(|topic| format!("{name}.{topic}"));
    topics.iter().for_each(|topic| create_topic(&bootstrap, topic, 1, &[]));
    let [input, output, dead_letters] = &topics;
    let yaml = format!(
        "version: 1
clusters: {{ main: {{ bootstrap_servers: \"{bootstrap}\" }} }}
plugins: {{ four-bytes: {{ file: \"{}\" }} }}
pipelines:
  {name}:
    inputs: {{ in: {{ topic: {input} }} }}
    plugin: four-bytes
    outputs: {{ out: {{ topic: {output} }} }}
    dead_letters: {{ topic: {dead_letters} }}
admin: {{ listen: \"{admin}\" }}
",
        file.display()
    );
    let running = Process::start(&["run"], &yaml, &[]);
    let writer = producer(&bootstrap, &[]);
    let own = [("trace", Some("a")), ("own", Some("0")), ("trace", None)];
    send_with_headers(&writer, input, ("k-1", "four"), &own);
    send_with_headers(&writer, input, ("k-2", "other"), &own);

    let written = read_count(&bootstrap, output, 1, 1, ReadCommitted);
    assert_eq!(key_values(&written), [("k-1".to_owned(), "made".to_owned())]);
    let text = |(name, value): &(&str, Option<&str>)| ((*name).to_owned(), value.map(str::to_owned));
    let made = [("own", Some("1")), ("own", None), ("none", Some(""))];
    assert_eq!(headers(&written[0]), own.iter().chain(&made).map(text).collect::<Vec<_>>());

    let letters = read_count(&bootstrap, dead_letters, 1, 1, ReadCommitted);
    assert_eq!(key_values(&letters), [("k-2".to_owned(), "other".to_owned())]);
    let headers = headers(&letters[0]);
    assert_eq!(headers[..own.len()], own.each_ref().map(text));
    let header = |name: &str| {
        let found = headers.iter().find(|(found, _)| found.strip_prefix("__wasmill.errors.") == Some(name));
        found.and_then(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!([header("code"), header("message")], ["not-four", "has not four bytes"]);
    assert_eq!([header("plugin"), header("plugin.digest")], ["four".to_owned(), digest.clone()]);
    assert!(header("seed").parse::<u64>().is_ok(), "{headers:?}");

    let metrics = get(&admin, "/metrics");
    let info = format!(r#"wasmill_plugin_info{{pipeline="{name}",plugin="four-bytes",digest="{digest}"}} 1"#);
    assert!(metrics.lines().any(|line| line == info), "{metrics}");
    running.terminate();
    let (code, said) = running.end();
    assert_eq!(code, Some(0), "{said}");
    let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ready: Vec<Value> = lines.filter(|line| line.to_string().contains(r#""ready""#)).collect();
    assert!(ready.iter().any(|line| line.to_string().contains(&digest)), "{said}");
}
