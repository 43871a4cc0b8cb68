//! What can't be loaded is refused with its name and what is wrong with it, whatever it does meanwhile.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wasmill_config::PluginLimits;
use wasmill_guests::built::guest;
use wasmill_guests::host::load;

/// The whole message; it names the file.
fn refused(file: &Path, config: &Value, limits: PluginLimits) -> String {
    let Err(error) = load(file, config, limits) else { panic!("{} was loaded", file.display()) };
    let message = error.to_string();
    assert!(message.contains(&file.display().to_string()), "names the file: {message}");
    assert!(error.is_users(), "not the machine's fault: {message}");
    message
}

/// Starts get less time than by default, so that the test needs less.
fn limits() -> PluginLimits {
    PluginLimits { start_deadline: Duration::from_millis(300), ..PluginLimits::default() }
}

fn configure(fault: &str) -> String {
    refused(&guest("configure"), &json!(fault), limits())
}

fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "`{word}` in: {message}");
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        File::create(&path).unwrap().write_all(bytes).unwrap();
        path
    }
}

#[test]
fn imports_that_no_plugin_gets_are_all_named_at_once() {
    let message = refused(&guest("imports-http"), &Value::Null, limits());
    says(&message, &["wasi:http/outgoing-handler@0.2", "wasi:http/types@0.2", "wasi:keyvalue/store@0.2.0"]);
    assert!(!message.contains("wasi:cli"), "what is inert is not named: {message}");
}

#[test]
fn a_component_that_is_no_plugin_is_told_what_it_lacks() {
    says(
        &refused(&guest("no-manifest"), &Value::Null, limits()),
        &["exports no wasmill:plugin/batch@0.1.0 or wasmill:plugin/typed@0.1.0"],
    );
}

#[test]
fn a_plugin_of_another_contract_version_is_told_which_one_is_served() {
    says(&refused(&guest("wrong-version"), &Value::Null, limits()), &["0.9.0", "0.1"]);
}

#[test]
fn a_plugin_that_never_says_what_it_is_is_ended() {
    says(&refused(&guest("describe-loops"), &Value::Null, limits()), &["describe", "plugin-deadline"]);
}

#[test]
fn a_configuration_that_never_ends_is_ended() {
    says(&configure("loops"), &["configure", "plugin-deadline"]);
}

#[test]
fn a_configuration_that_allocates_for_ever_is_ended() {
    says(&configure("allocates"), &["configure", "plugin-memory", "memory_mib"]);
}

#[test]
fn a_configuration_that_breaks_down_is_told_as_such() {
    says(&configure("panics"), &["configure", "plugin-trap", "nobody can be set up like this"]);
    says(&configure("exits"), &["configure", "plugin-trap"]);
}

#[test]
fn problems_of_a_configuration_are_named_by_pointer_and_are_bounded() {
    says(&configure("problems"), &["/limit: must be less than 10", "is not for us"]);
    says(&configure("no-pointer"), &["must be less than 10"]);
    says(&configure("problems-none"), &["configuration"]);
    let many = configure("problems-many");
    assert!(many.lines().count() <= 102 && many.len() < 200_000, "{} lines", many.lines().count());
}

#[test]
fn an_answer_of_configure_that_is_none_is_refused_at_its_length() {
    says(&configure("answers-nonsense"), &["configure"]);
    let much = configure("answers-much");
    assert!(much.len() < 10_000, "{} bytes of message", much.len());
}

#[test]
fn a_plugin_that_is_configured_as_it_wants_is_loaded() {
    let plugin = load(&guest("configure"), &json!("well"), limits()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(plugin.manifest().name, "configure");
}

#[test]
fn a_module_of_200_mib_is_refused_by_its_size_and_not_read() {
    let folder = Folder::new();
    // A component that holds one custom section; the length is its LEB128. The rest of the file has no blocks on disk.
    let path = folder.file("large.wasm", b"\0asm\x0d\0\x01\0\0\xf7\xff\xff\x63");
    File::options().write(true).open(&path).unwrap().set_len(200 << 20).unwrap();
    wasmill_guests::memory::forget_peak();
    let before = wasmill_guests::memory::peak_mib();
    says(&refused(&path, &Value::Null, limits()), &["module_mib = 64"]);
    let grown = wasmill_guests::memory::peak_mib().saturating_sub(before);
    assert!(grown < 190, "{grown} MiB for a file that is refused");
}

#[test]
fn a_file_that_is_no_component_is_told_what_it_is() {
    let folder = Folder::new();
    let refused = |name: &str, bytes: &[u8]| refused(&folder.file(name, bytes), &Value::Null, limits());
    for bytes in [b"".as_slice(), b"\0asm", b"#!/bin/sh\necho", &[0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0]] {
        says(&refused("not.wasm", bytes), &["is not WebAssembly"]);
    }
    says(&refused("module.wasm", b"\0asm\x01\0\0\0"), &["core module", "wasmill plugin wrap"]);
    says(&refused("empty.wasm", b"\0asm\x0d\0\x01\0"), &["wasmill:plugin"]);
    says(&refused("broken.wasm", b"\0asm\x0d\0\x01\0\xff\xff\xff\xff"), &["does not compile"]);
    let whole = std::fs::read(guest("zoo")).unwrap();
    says(&refused("cut.wasm", &whole[..whole.len() / 2]), &["does not compile"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = Folder::new();
    says(&refused(&folder.0.path().join("none.wasm"), &Value::Null, limits()), &["No such file"]);
    says(&refused(folder.0.path(), &Value::Null, limits()), &["directory"]);
}

#[test]
fn a_plugin_that_takes_too_long_to_compile_is_given_up() {
    // The compiled code of an earlier run would be found, so the bytes are made new: a custom section with a name.
    let name = format!("{:032}", std::process::id());
    let mut bytes = std::fs::read(guest("zoo")).unwrap();
    bytes.extend_from_slice(&[0, 33, 32]);
    bytes.extend_from_slice(name.as_bytes());
    let folder = Folder::new();
    let path = folder.file("slow.wasm", &bytes);
    let limits = PluginLimits { compile_deadline: Duration::from_millis(1), ..limits() };
    says(&refused(&path, &Value::Null, limits), &["compile_deadline_ms = 1;"]);
}
