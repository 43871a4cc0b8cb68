//! What is refused before a record is ever seen, each with the file's name and what to do.

use crate::support::*;
use serde_json::json;
use std::time::Duration;
use wasmill_sandbox::{LoadError, World, inspect};

const LOOP: &str = "(loop $for_ever (br $for_ever))";

fn error(guest: &Guest) -> LoadError {
    guest.load().err().unwrap()
}

#[test]
fn a_plugin_says_what_it_is() {
    let plugin = Guest::default().load().unwrap();
    assert_eq!((plugin.manifest().name.as_str(), plugin.world()), ("guest", World::Fast));
    assert!(plugin.digest().starts_with("sha256:") && plugin.digest().len() == 71);
}

#[test]
fn a_core_module_is_told_how_to_become_a_component() {
    let file = PluginFile::new(&Guest::default().module());
    let error = load_file(&file.path(), &json!({}), limits(), None).err().unwrap();
    assert!(error.to_string().contains(&format!("wasmill plugin wrap {}", file.path().display())), "{error}");
}

#[test]
fn everything_that_is_not_offered_is_named_at_once() {
    let guest = Guest {
        fields: r#"
            (import "wasi:http/outgoing@0.2.3" "get" (func (result i32)))
            (import "wasi:keyvalue/store@0.2.0" "get" (func (result i32)))
            (import "wasi:random/random@0.2.6" "get-random-u64" (func (result i64)))"#
            .to_owned(),
        wit: "import wasi:http/outgoing@0.2.3; import wasi:keyvalue/store@0.2.0; import wasi:random/random@0.2.6;"
            .to_owned(),
        packages: "package wasi:http@0.2.3 { interface outgoing { get: func() -> u32; } }
            package wasi:keyvalue@0.2.0 { interface store { get: func() -> u32; } }
            package wasi:random@0.2.6 { interface random { get-random-u64: func() -> u64; } }"
            .to_owned(),
        ..Guest::default()
    };
    let error = error(&guest);
    assert!(
        matches!(&error, LoadError::Imports { names, .. }
        if names == &["wasi:http/outgoing@0.2.3", "wasi:keyvalue/store@0.2.0"]),
        "{error}"
    );
    let file = PluginFile::new(&guest.component());
    let inspection = inspect(&ENGINE, None, &file.path(), limits()).unwrap();
    assert_eq!((inspection.imports.inert.len(), inspection.imports.refused.len()), (1, 2));
    assert!(matches!(inspection.manifest, Err(LoadError::Imports { .. })));
    assert_eq!(inspection.world, Some(World::Fast));
}

#[test]
fn what_a_known_interface_has_not_got_is_named() {
    let guest = Guest {
        fields: r#"(import "wasi:random/random@0.2.6" "get-dice" (func (result i64)))"#.to_owned(),
        wit: "import wasi:random/random@0.2.6;".to_owned(),
        packages: "package wasi:random@0.2.6 { interface random { get-dice: func() -> u64; } }".to_owned(),
        ..Guest::default()
    };
    let words = error(&guest).to_string();
    assert!(words.contains("guest.wasm") && words.contains("wasi:random/random@0.2.6"), "{words}");
}

#[test]
fn a_component_that_is_no_plugin_is_told_so() {
    let file = PluginFile::new(&wat::parse_str("(component)").unwrap());
    let error = load_file(&file.path(), &json!({}), limits(), None).err().unwrap();
    assert!(
        matches!(&error, LoadError::Contract { what, .. } if what.contains("wasmill:plugin/batch@0.1.0")),
        "{error}"
    );
}

#[test]
fn a_plugin_of_another_contract_is_told_which_it_is() {
    let text = r#"(component (instance $none) (export "wasmill:plugin/batch@0.7.0" (instance $none)))"#;
    let file = PluginFile::new(&wat::parse_str(text).unwrap());
    let error = load_file(&file.path(), &json!({}), limits(), None).err().unwrap();
    assert!(error.to_string().contains("but wasmill:plugin/batch@0.7.0"), "{error}");
}

#[test]
fn bytes_that_only_begin_like_a_component_do_not_compile() {
    let file = PluginFile::new(b"\0asm\x0d\0\x01\0 and so on");
    let error = load_file(&file.path(), &json!({}), limits(), None).err().unwrap();
    assert!(matches!(error, LoadError::Compile { .. }), "{error}");
}

#[test]
fn a_compiler_that_takes_too_long_is_not_waited_for() {
    let file = PluginFile::new(&Guest::default().component());
    let limits = wasmill_config::PluginLimits { compile_deadline: Duration::ZERO, ..limits() };
    let error = load_file(&file.path(), &json!({}), limits, None).err().unwrap();
    assert!(matches!(&error, LoadError::CompileDeadline { .. }), "{error}");
    assert!(error.to_string().contains("limits.compile_deadline_ms"), "{error}");
}

#[test]
fn a_manifest_that_is_none_is_refused() {
    let error = error(&Guest { manifest: json!({ "name": "No", "outputs": [{ "name": "No" }] }), ..Guest::default() });
    assert!(matches!(&error, LoadError::Manifest { problems, .. } if problems.0.len() == 2), "{error}");
}

#[test]
fn a_start_that_never_ends_is_ended() {
    for guest in [
        Guest { start: LOOP.to_owned(), ..Guest::default() },
        Guest { describe: LOOP.to_owned(), ..Guest::default() },
        Guest { configure: LOOP.to_owned(), ..Guest::default() },
    ] {
        let error = error(&guest);
        assert!(matches!(&error, LoadError::Guest { code: "plugin-deadline", .. }), "{error}");
        assert!(error.to_string().contains("limits.start_deadline_ms"), "{error}");
    }
}

#[test]
fn a_start_that_takes_all_memory_is_ended() {
    let grow = "(loop $more (drop (memory.grow (i32.const 1))) (br $more))".to_owned();
    for guest in [
        Guest { pages: 100, ..Guest::default() },
        Guest { start: grow.clone(), ..Guest::default() },
        Guest { configure: grow, ..Guest::default() },
    ] {
        let error = error(&guest);
        assert!(matches!(&error, LoadError::Guest { code: "plugin-memory", .. }), "{error}");
    }
}

#[test]
fn a_configuration_is_held_against_the_schema_before_the_plugin_sees_it() {
    let mut guest = Guest { configure: "unreachable".to_owned(), ..Guest::default() };
    guest.manifest["config-schema"] = json!({ "type": "object", "properties": { "max": { "type": "integer" } } });
    let error = guest.load_with(&json!({ "max": "many" })).err().unwrap();
    let problems = error.config_problems().unwrap();
    assert_eq!((problems.0.len(), problems.0[0].pointer.as_str()), (1, "/max"));
    let error = guest.load_with(&json!({ "max": 3 })).err().unwrap();
    assert!(matches!(error, LoadError::Guest { during: "configure", code: "plugin-trap", .. }), "{error}");
}

/// Ok (0) with some text, or Err (1) with one problem whose path and message are that text.
fn answering(err: bool, text: &str) -> Guest {
    let code = match err {
        false => format!(
            "(i32.store (i32.const 36) (i32.const 1)) (i32.store (i32.const 40) (i32.const 40000))
             (i32.store (i32.const 44) (i32.const {}))",
            text.len()
        ),
        true => format!(
            "(i32.store (i32.const 32) (i32.const 1)) (i32.store (i32.const 36) (i32.const 128))
             (i32.store (i32.const 40) (i32.const 1))
             (i32.store (i32.const 128) (i32.const 40000)) (i32.store (i32.const 132) (i32.const {len}))
             (i32.store (i32.const 136) (i32.const 40000)) (i32.store (i32.const 140) (i32.const {len}))",
            len = text.len()
        ),
    };
    Guest { configure: code, data: segment(40000, text.as_bytes()), ..Guest::default() }
}

#[test]
fn what_a_plugin_has_against_its_configuration_is_named_by_pointer() {
    let error = error(&answering(true, "/max"));
    let problems = error.config_problems().unwrap();
    assert_eq!((problems.0[0].pointer.as_str(), problems.0[0].message.as_str()), ("/max", "/max"));
}

#[test]
fn configure_may_override_what_the_manifest_says() {
    let mut guest =
        answering(false, r#"{"inputs":["a","b"],"reads":[],"unused-outputs":["out"],"unused-stores":["seen"]}"#);
    guest.manifest["stores"] = json!([{ "name": "seen", "key": "utf8", "value": "json", "version": 1 }]);
    let plugin = guest.load().unwrap();
    let manifest = plugin.manifest();
    assert_eq!((manifest.inputs.len(), manifest.reads().len(), manifest.outputs[0].optional), (2, 0, true));
    let error = error(&answering(false, r#"{"unused-outputs":["nowhere"]}"#));
    assert!(matches!(&error, LoadError::Manifest { .. }) && error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn the_store_retry_is_the_hosts_own() {
    let mut guest = Guest::default();
    guest.manifest["stores"] = json!([{ "name": "retry", "key": "utf8", "value": "json", "version": 1 }]);
    let error = error(&guest);
    assert!(matches!(&error, LoadError::Manifest { .. }) && error.to_string().contains("reserved"), "{error}");
}

#[test]
fn the_configuration_arrives_as_it_was_given() {
    // Configures itself only if the text is exactly this long.
    let config = json!({ "max": 3, "words": ["ä", "b"] });
    let code =
        format!("(if (i32.ne (local.get $config_len) (i32.const {})) (then unreachable))", config.to_string().len());
    let guest = Guest { configure: code, ..Guest::default() };
    assert!(guest.load_with(&config).is_ok() && guest.load_with(&json!({})).is_err());
}

#[test]
fn a_loaded_plugin_does_not_mind_that_its_file_is_replaced() {
    let file = PluginFile::new(&Guest::default().component());
    let plugin = load_file(&file.path(), &json!({}), limits(), None).unwrap();
    std::fs::write(file.path(), b"something else").unwrap();
    assert!(forwards(&call(&mut started(&plugin), &Records::many(2)).unwrap()));
}

#[test]
fn inspection_says_everything_about_a_good_plugin() {
    let component = Guest::default().component();
    let file = PluginFile::new(&component);
    let inspection = inspect(&ENGINE, None, &file.path(), limits()).unwrap();
    let (manifest, said) = inspection.manifest.unwrap();
    assert_eq!((manifest.name.as_str(), &said["name"]), ("guest", &json!("guest")));
    assert_eq!((inspection.bytes, inspection.cached, inspection.world), (component.len(), false, Some(World::Fast)));
}
