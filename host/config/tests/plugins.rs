//! What the section `plugins` becomes: files, configuration, limits, digests, and places for problems that come later.

// clippy.toml exempts test functions only, not the functions that they share.
#![allow(clippy::unwrap_used)]

#[path = "support/fixed.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use support::{checks, load_in};
use wasmill_config::{Checks, Config, PluginKind, PluginLimits, WasmPlugin, load_str};

/// `plugins` below `loyalty:`, in flow style.
fn text(loyalty: &str) -> String {
    format!(
        "version: 1
clusters: {{ main: {{ bootstrap_servers: \"localhost:9092\" }} }}
plugins:
  loyalty: {loyalty}
pipelines:
  orders:
    inputs: {{ orders: {{ topic: orders }} }}
    plugin: loyalty
    outputs: {{ valid: {{ topic: orders.valid }} }}
"
    )
}

/// In a folder with `loyalty.wasm`.
fn config(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("loyalty.wasm"), "").unwrap();
    load_in("test.yaml", text, folder.path()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn loyalty(config: &Config) -> &WasmPlugin {
    let PluginKind::Wasm(plugin) = &config.pipelines[0].plugin.kind else { panic!("{config:?}") };
    plugin
}

fn digest(loyalty: &str) -> String {
    config(&text(loyalty)).pipelines.remove(0).digest
}

#[test]
fn a_plugin_has_an_empty_configuration_and_the_default_limits() {
    let config = config(&text("{ file: loyalty.wasm }"));
    let plugin = loyalty(&config);
    assert_eq!((plugin.name.as_str(), &plugin.config), ("loyalty", &json!({})));
    assert!(plugin.file.is_absolute() && plugin.file.ends_with("loyalty.wasm"), "{plugin:?}");
    assert_eq!(plugin.limits, PluginLimits::default());
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn what_is_written_of_a_plugin_is_taken() {
    let limits = "{ record_deadline_ms: 300, target_call_ms: 20, start_deadline_ms: 6000, memory_mib: 128, recycle_mib: 100, \
                  output_bytes_max: 1024, outputs_per_record_max: 7, log_bytes_per_s: 0, module_mib: 1, compile_deadline_ms: 1000 }";
    let config = config(&text(&format!(
        "{{ file: loyalty.wasm, config: {{ rate: 1.5, tiers: [1, \"2\", {{ on: true }}], topic: \"${{TOPIC}}\" }}, limits: {limits} }}"
    )));
    let plugin = loyalty(&config);
    assert_eq!(plugin.config, json!({ "rate": 1.5, "tiers": [1, "2", { "on": true }], "topic": "orders" }));
    let expected = PluginLimits {
        record_deadline: Duration::from_millis(300),
        target_call: Duration::from_millis(20),
        start_deadline: Duration::from_secs(6),
        memory_bytes_max: 128 << 20,
        recycle_bytes: 100 << 20,
        output_bytes_max: 1024,
        outputs_per_record_max: 7,
        log_bytes_per_s: 0,
        module_bytes_max: 1 << 20,
        compile_deadline: Duration::from_secs(1),
    };
    assert_eq!(plugin.limits, expected);
}

#[test]
fn limits_that_are_not_written_follow_those_that_are() {
    for (written, target_ms, recycle_bytes) in [
        ("{ record_deadline_ms: 8, memory_mib: 32 }", 4, 24 << 20),
        ("{ record_deadline_ms: 1, memory_mib: 1 }", 1, 768 << 10),
        ("{ record_deadline_ms: 5000, memory_mib: 4096 }", 10, 3072 << 20),
    ] {
        let limits = loyalty(&config(&text(&format!("{{ file: loyalty.wasm, limits: {written} }}")))).limits;
        assert_eq!(limits.target_call, Duration::from_millis(target_ms), "{written}");
        assert_eq!(limits.recycle_bytes, recycle_bytes, "{written}");
    }
}

#[test]
fn several_pipelines_may_run_one_plugin() {
    let text = text("{ file: loyalty.wasm }");
    let (_, pipeline) = text.split_once("pipelines:\n").unwrap();
    let config = config(&format!("{text}{}", pipeline.replace("  orders:\n", "  again:\n")));
    assert_eq!((config.plugins.len(), config.pipelines.len()), (1, 2));
    assert!(config.pipelines.iter().all(|pipeline| matches!(pipeline.plugin.kind, PluginKind::Wasm(_))));
}

#[test]
fn a_plugin_that_no_pipeline_uses_is_a_warning_and_no_problem() {
    let config =
        config(&text("{ file: loyalty.wasm }").replace("pipelines:", "  spare: { file: loyalty.wasm }\npipelines:"));
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    let expected = "test.yaml:5:3: plugins.spare: no pipeline uses this plugin\n  hint: remove it, or write `plugin: spare` in a pipeline";
    assert_eq!(warnings, [expected]);
    assert_eq!(config.plugins.len(), 2, "both are there to be checked");
}

#[test]
fn a_build_without_native_plugins_says_how_to_name_a_plugin() {
    let text = text("{ file: loyalty.wasm }").replace("plugin: loyalty", "plugin: { native: identity }");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("loyalty.wasm"), "").unwrap();
    let problems =
        load_str("test.yaml", &text, folder.path(), &Checks { native_plugins: &[], ..checks() }).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].message, "this build of wasmill has no native plugins");
    assert!(problems[0].hint.as_ref().unwrap().contains("plugin: orders"), "{problems:?}");
}

#[test]
fn the_digest_of_a_pipeline_covers_what_its_plugin_is_given_and_may_use() {
    let plain = digest("{ file: loyalty.wasm, config: { rate: 1, on: true }, limits: { memory_mib: 32 } }");
    for same in [
        "{ limits: { memory_mib: '${NONE:-32}' }, config: { on: true, rate: 1 }, file: loyalty.wasm }",
        "{ file: ../../../../../../../../proc/self/exe, config: { 'on': True, rate: 0x1 }, limits: { memory_mib: 32 } }",
    ] {
        assert_eq!(digest(same), plain, "{same}");
    }
    for other in [
        "{ file: loyalty.wasm, limits: { memory_mib: 32 } }",
        "{ file: loyalty.wasm, config: { rate: 1, on: true } }",
        "{ file: loyalty.wasm, config: { rate: 1, on: true }, limits: { memory_mib: 33 } }",
        "{ file: loyalty.wasm, config: { rate: 2, on: true }, limits: { memory_mib: 32 } }",
        "{ file: loyalty.wasm, config: { rate: '1', on: true }, limits: { memory_mib: 32 } }",
        "{ file: loyalty.wasm, config: { rate: [1], on: true }, limits: { memory_mib: 32 } }",
    ] {
        assert_ne!(digest(other), plain, "{other}");
    }
}

#[test]
fn what_a_plugin_is_given_is_not_in_the_debug_form() {
    let config = config(&text("{ file: loyalty.wasm, config: { salt: \"${PASSWORD}\", more: hunter2 } }"));
    assert_eq!(loyalty(&config).config["salt"], "s3cret-from-env");
    let shown = format!("{config:?}{config:#?}");
    assert!(shown.contains("loyalty.wasm") && !shown.contains("s3cret") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_file_of_secrets_is_a_mapping_like_any_other_to_a_plugin() {
    let config = config(&text("{ file: loyalty.wasm, config: { salt: { file: /run/secrets/salt } } }"));
    assert_eq!(loyalty(&config).config, json!({ "salt": { "file": "/run/secrets/salt" } }));
}

#[test]
fn what_is_found_out_about_a_plugin_later_has_its_place_in_the_file() {
    let config = config(&text("{ file: loyalty.wasm, config: { rates: [1, two] } }"));
    let (pipeline, plugin) = (&config.pipelines[0], loyalty(&config));
    let places = [
        plugin.places.problem("/rates/1", "wrong", None),
        plugin.places.problem("/missing", "wrong", None),
        plugin.place.problem("wrong", None),
        pipeline.plugin.place.problem("wrong", None),
        pipeline.inputs[0].place.problem("wrong", None),
        pipeline.outputs[0].place.problem("wrong", None),
        pipeline.outputs_place.problem("wrong", None),
    ];
    let expected = [
        "test.yaml:4:55: plugins.loyalty.config.rates[1]: wrong",
        "test.yaml:4:34: plugins.loyalty.config.missing: wrong",
        "test.yaml:4:20: plugins.loyalty.file: wrong",
        "test.yaml:8:13: pipelines.orders.plugin: wrong",
        "test.yaml:7:15: pipelines.orders.inputs.orders: wrong",
        "test.yaml:9:16: pipelines.orders.outputs.valid: wrong",
        "test.yaml:9:14: pipelines.orders.outputs: wrong",
    ];
    assert_eq!(places.map(|problem| problem.to_string()), expected);
}

#[test]
fn a_path_is_relative_to_the_folder_of_the_file() {
    let problems = load_in("etc/test.yaml", &text("{ file: ../x.wasm }"), Path::new("etc")).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.starts_with("cannot find the plugin etc/../x.wasm: "), "{problems:?}");
}
