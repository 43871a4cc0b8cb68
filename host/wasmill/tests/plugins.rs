//! What a user sees of plugins: `lint` and `run` with them, `plugin inspect`, `plugin wrap`; as a process, without Kafka.
//!
//! The plugins are a few lines of text each, made components by the sandbox's own test guest. Goldens are beside the calls;
//! `UPDATE_EXPECT=1 cargo test -p wasmill` writes them anew.

// clippy.toml exempts test functions only, not the functions that they share.
#![allow(clippy::unwrap_used)]

#[path = "../../sandbox/tests/sandbox/support/guest.rs"]
#[allow(dead_code, reason = "the sandbox's own tests use the rest")]
mod guest;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use expect_test::{Expect, expect};
use guest::{Guest, segment};
use serde_json::{Value, json};
use wasmill_broker::client::wait_until;

/// A folder with `orders.wasm` and `orders.yaml`.
struct Folder(tempfile::TempDir);

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

impl Folder {
    fn with(guest: &Guest, plugin: &str, outputs: &str) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        fs::write(folder.path("orders.wasm"), guest.component()).unwrap();
        folder.configure(plugin, outputs);
        folder
    }

    fn configure(&self, plugin: &str, outputs: &str) {
        let text = format!(
            "version: 1
clusters: {{ main: {{ bootstrap_servers: \"localhost:1\" }} }}
plugins:
  orders:
    file: orders.wasm
{plugin}pipelines:
  check:
    inputs: {{ orders: {{ topic: orders }} }}
    plugin: orders
    outputs: {outputs}
state: {{ directory: state }}
"
        );
        fs::write(self.path("orders.yaml"), text).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn see(&self, arguments: &[&str]) -> Seen {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasmill"));
        command.args(arguments).current_dir(self.0.path()).env_clear().env("TOKEN", "s3cret-of-env");
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = |bytes| steady(&String::from_utf8(bytes).unwrap());
        Seen { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// `text` without what depends on the tools that made the component, and on the machine.
fn steady(text: &str) -> String {
    let line = |line: &str| match line {
        line if line.starts_with("size ") => "size         N bytes".to_owned(),
        line if line.starts_with("digest ") => "digest       sha256:D".to_owned(),
        line if line.starts_with("compiled in ") => "compiled in  T ms".to_owned(),
        line => line.to_owned(),
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

/// Takes `max-items`, has an optional output, and says more about itself than it needs to.
fn orders() -> Guest {
    let manifest = json!({
        "name": "order-validation", "version": "1.2.3", "sdk": "by-hand 0.1", "doc": "Checks orders.\nSlowly.",
        "config-schema": {
            "type": "object", "additionalProperties": false,
            "properties": { "max-items": { "type": "integer", "minimum": 1 }, "token": { "type": "string", "maxLength": 8 } },
        },
        "outputs": [{ "name": "valid" }, { "name": "audit", "optional": true }],
        "counters": ["big-orders"], "codes": ["no-items", "too-many-items"], "reads": ["value"], "batch-max": 100,
    });
    Guest { manifest, ..Guest::default() }
}

const VALID: &str = "{ valid: { topic: orders.valid } }";

#[test]
fn lint_loads_the_plugins_and_says_ok() {
    let folder = Folder::with(&orders(), "    config: { max-items: 50 }\n", VALID);
    let ok = || {
        expect![[r#"
        orders.yaml: ok: 1 pipeline, 1 input, 1 output
    "#]]
    };
    folder.see(&["lint", "orders.yaml"]).expect(0, ok(), expect![[r#""#]]);
    folder.configure("", "{ valid: { topic: orders.valid }, audit: { topic: orders.audit } }");
    folder.see(&["lint", "orders.yaml"]).expect(
        0,
        expect![[r#"
            orders.yaml: ok: 1 pipeline, 1 input, 2 outputs
        "#]],
        expect![[r#""#]],
    );
    let left: Vec<_> = fs::read_dir(folder.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "lint writes nothing: {left:?}");
}

#[test]
fn lint_warns_of_a_plugin_that_nobody_uses_and_checks_it_all_the_same() {
    let folder = Folder::with(&orders(), "  spare:\n    file: orders.wasm\n", VALID);
    folder.see(&["lint", "orders.yaml"]).expect(
        0,
        expect![[r#"
        orders.yaml: ok: 1 pipeline, 1 input, 1 output
    "#]],
        expect![[r#"
        warning: orders.yaml:6:3: plugins.spare: no pipeline uses this plugin
          hint: remove it, or write `plugin: spare` in a pipeline
    "#]],
    );
    let report: Value = serde_json::from_str(&folder.see(&["lint", "orders.yaml", "--output", "json"]).stdout).unwrap();
    assert_eq!((&report["ok"], &report["warnings"][0]["path"]), (&true.into(), &"plugins.spare".into()));
    folder.configure("  spare:\n    file: orders.wasm\n    config: { max-items: many }\n", VALID);
    let seen = folder.see(&["lint", "orders.yaml"]);
    assert_eq!(seen.code, Some(1));
    assert!(seen.stderr.contains("plugins.spare.config.max-items"), "{}", seen.stderr);
}

#[test]
fn what_does_not_fit_the_plugins_schema_has_its_line_in_the_file() {
    let config = "    config:\n      max-items: 0\n      token: ${TOKEN}\n      surplus: [1, 2]\n";
    let folder = Folder::with(&orders(), config, VALID);
    folder.see(&["lint", "orders.yaml"]).expect(
        1,
        expect![[r#""#]],
        expect![[r#"
        orders.yaml:6:5: plugins.orders.config: Additional properties are not allowed ('surplus' was unexpected)
        orders.yaml:7:18: plugins.orders.config.max-items: value is less than the minimum of 1
        orders.yaml:8:14: plugins.orders.config.token: value is longer than 8 characters
        3 problems found
    "#]],
    );
}

#[test]
fn what_the_plugin_itself_refuses_has_its_line_in_the_file() {
    // An error with one problem: a pointer and a message.
    let code = "(i32.store8 (i32.const 32) (i32.const 1)) (i32.store (i32.const 36) (i32.const 512))
        (i32.store (i32.const 40) (i32.const 1)) (i32.store (i32.const 512) (i32.const 600))
        (i32.store (i32.const 516) (i32.const 8)) (i32.store (i32.const 520) (i32.const 620))
        (i32.store (i32.const 524) (i32.const 12))";
    let data = [segment(600, b"/rules/1"), segment(620, b"is no period")].concat();
    let guest = Guest { configure: code.to_owned(), data, ..Guest::default() };
    let folder =
        Folder::with(&guest, "    config:\n      rules:\n      - 1d\n      - 1x\n", "{ out: { topic: copy } }");
    folder.see(&["lint", "orders.yaml"]).expect(
        1,
        expect![[r#""#]],
        expect![[r#"
        orders.yaml:9:9: plugins.orders.config.rules[1]: is no period
        1 problem found
    "#]],
    );
}

#[test]
fn outputs_that_do_not_fit_have_their_line_in_the_file() {
    let folder = Folder::with(&orders(), "", "{ vaild: { topic: orders.valid } }");
    folder.see(&["lint", "orders.yaml"]).expect(1, expect![[r#""#]], expect![[r#"
        orders.yaml:10:14: pipelines.check.outputs: the plugin's output `valid` is not mapped and not optional; add `outputs.valid: { topic: ... }`
        orders.yaml:10:16: pipelines.check.outputs.vaild: the plugin has no output `vaild`; there are: valid, audit
        2 problems found
    "#]]);
}

#[test]
fn what_is_no_plugin_is_named_with_its_line() {
    let folder = Folder::with(&orders(), "", VALID);
    fs::write(folder.path("orders.wasm"), "no wasm").unwrap();
    folder.see(&["lint", "orders.yaml"]).expect(1, expect![[r#""#]], expect![[r#"
        orders.yaml:5:11: plugins.orders.file: plugin `orders.wasm` is not WebAssembly; build it with `cargo build --release --target wasm32-wasip2`
        1 problem found
    "#]]);
    fs::write(folder.path("orders.wasm"), orders().module()).unwrap();
    folder.see(&["lint", "orders.yaml"]).expect(1, expect![[r#""#]], expect![[r#"
        orders.yaml:5:11: plugins.orders.file: plugin `orders.wasm` is a core module, not a component; turn it into one with `wasmill plugin wrap orders.wasm`, or build it for wasm32-wasip2
        1 problem found
    "#]]);
}

#[test]
fn problems_with_plugins_are_in_the_json_report() {
    let folder = Folder::with(&orders(), "    config: { max-items: many }\n", VALID);
    let seen = folder.see(&["lint", "orders.yaml", "--output", "json"]);
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!((seen.code, &report["ok"]), (Some(1), &false.into()));
    let problem = &report["problems"][0];
    assert_eq!((&problem["line"], &problem["path"]), (&6.into(), &"plugins.orders.config.max-items".into()));
}

#[test]
fn run_refuses_what_lint_refuses_before_it_asks_a_broker() {
    let folder = Folder::with(&orders(), "    config: { max-items: many }\n", VALID);
    let (run, lint) = (folder.see(&["run", "orders.yaml"]), folder.see(&["lint", "orders.yaml"]));
    assert_eq!((run.code, run.stderr), (lint.code, lint.stderr));
}

#[test]
fn run_keeps_compiled_code_beside_the_state_and_refuses_a_folder_that_others_can_write_to() {
    let folder = Folder::with(&orders(), "    config: { max-items: many }\n", VALID);
    folder.see(&["run", "orders.yaml"]);
    let cache = folder.path("state/cache");
    let kept = || fs::read_dir(&cache).unwrap().count();
    assert_eq!(fs::metadata(&cache).unwrap().permissions().mode() & 0o077, 0, "closed to others");
    assert_eq!(kept(), 1);
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
    let seen = folder.see(&["run", "orders.yaml"]);
    assert_eq!(seen.code, Some(1), "{}", seen.stderr);
    assert!(seen.stderr.contains("state/cache") && seen.stderr.contains("chmod"), "{}", seen.stderr);
}

#[test]
fn run_ends_at_once_when_it_is_told_to_stop_while_it_loads_plugins() {
    let guest = Guest { describe: "(loop $for_ever (br $for_ever))".to_owned(), ..orders() };
    let folder = Folder::with(&guest, "    limits: { start_deadline_ms: 60000 }\n", VALID);
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasmill"));
    command.args(["run", "orders.yaml"]).current_dir(folder.0.path()).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let kept = || fs::read_dir(folder.path("state/cache")).is_ok_and(|mut kept| kept.next().is_some());
    wait_until("it is compiled, and asked what it is", kept);
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    wait_until("the end of the process", || child.try_wait().unwrap().is_some());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("told to stop before the plugins were loaded"), "{said}");
}

#[test]
fn inspect_says_what_a_plugin_is() {
    let folder = Folder::with(&orders(), "", VALID);
    folder.see(&["plugin", "inspect", "orders.wasm"]).expect(
        0,
        expect![[r#"
        file         orders.wasm
        size         N bytes
        digest       sha256:D
        compiled in  T ms
        world        fast
        plugin       order-validation 1.2.3
        built with   by-hand 0.1
        about        Checks orders. Slowly.
        reads        value
        outputs      valid
                     audit (optional)
        counters     big-orders
        codes        no-items
                     too-many-items
        batch-max    100
        config       has a schema: --output json
        imports      wasmill:plugin/types@0.1.0
    "#]],
        expect![[r#""#]],
    );
    let seen = folder.see(&["plugin", "inspect", "orders.wasm", "--output", "json"]);
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!((seen.code, &report["error"], &report["world"]), (Some(0), &Value::Null, &"fast".into()));
    assert_eq!(report["manifest"], orders().manifest, "in its own words");
    let size = fs::metadata(folder.path("orders.wasm")).unwrap().len();
    assert_eq!(report["bytes"], size);
    assert!(report["digest"].as_str().unwrap().starts_with("sha256:") && report["compile_ms"].as_f64().unwrap() > 0.0);
}

#[test]
fn inspect_prints_what_it_can_of_a_plugin_that_would_not_be_loaded() {
    let packages = "package other:thing { interface api { go: func(); } }".to_owned();
    let fields = r#"(import "other:thing/api" "go" (func))"#.to_owned();
    let guest = Guest { wit: "import other:thing/api;".to_owned(), packages, fields, ..orders() };
    let folder = Folder::with(&guest, "", VALID);
    folder.see(&["plugin", "inspect", "orders.wasm"]).expect(
        1,
        expect![[r#"
        file         orders.wasm
        size         N bytes
        digest       sha256:D
        compiled in  T ms
        world        fast
        imports      wasmill:plugin/types@0.1.0
        refused      other:thing/api
    "#]],
        expect![[r#"
        error: plugin `orders.wasm` imports other:thing/api, which wasmill does not offer to plugins; build it without
    "#]],
    );
    let seen = folder.see(&["plugin", "inspect", "orders.wasm", "--output", "json"]);
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!((seen.code, &report["manifest"]), (Some(1), &Value::Null));
    assert!(report["error"].as_str().unwrap().contains("other:thing/api"), "{report}");
}

#[test]
fn a_file_that_is_no_component_can_not_be_inspected() {
    let folder = Folder::with(&orders(), "", VALID);
    folder.see(&["plugin", "inspect", "orders.yaml"]).expect(
        1,
        expect![[r#""#]],
        expect![[r#"
        error: plugin `orders.yaml` is not WebAssembly; build it with `cargo build --release --target wasm32-wasip2`
    "#]],
    );
    folder.see(&["plugin", "inspect", "none.wasm"]).expect(
        1,
        expect![[r#""#]],
        expect![[r#"
        error: failed to read plugin `none.wasm`: No such file or directory (os error 2)
    "#]],
    );
}

#[test]
fn a_wrapped_module_is_a_plugin() {
    let folder = Folder::with(&orders(), "", VALID);
    fs::write(folder.path("module.wasm"), orders().module()).unwrap();
    fs::write(folder.path("orders.wasm"), "to be replaced").unwrap();
    let seen = folder.see(&["plugin", "wrap", "module.wasm", "-o", "orders.wasm"]);
    assert_eq!((seen.code, seen.stderr.as_str()), (Some(0), ""));
    assert!(seen.stdout.starts_with("orders.wasm: ") && seen.stdout.ends_with(" bytes\n"), "{}", seen.stdout);
    assert_eq!(folder.see(&["lint", "orders.yaml"]).code, Some(0));
    let beside =
        |name: &std::ffi::OsStr| !["module.wasm", "orders.wasm", "orders.yaml"].iter().any(|known| name == *known);
    assert!(!fs::read_dir(folder.0.path()).unwrap().any(|entry| beside(&entry.unwrap().file_name())));
}

#[test]
fn what_can_not_be_wrapped_leaves_everything_as_it_was() {
    let folder = Folder::with(&orders(), "", VALID);
    let before = fs::read(folder.path("orders.wasm")).unwrap();
    folder.see(&["plugin", "wrap", "orders.wasm", "-o", "orders.wasm"]).expect(
        1,
        expect![[r#""#]],
        expect![[r#"
        error: orders.wasm: it is a component already: use it as it is
    "#]],
    );
    folder.see(&["plugin", "wrap", "orders.yaml", "-o", "orders.wasm"]).expect(
        1,
        expect![[r#""#]],
        expect![[r#"
        error: orders.yaml: it is not WebAssembly; build it with `cargo build --release --target wasm32-wasip1`
    "#]],
    );
    folder.see(&["plugin", "wrap", "none.wasm", "-o", "orders.wasm"]).expect(
        1,
        expect![[r#""#]],
        expect![[r#"
        error: failed to read none.wasm: No such file or directory (os error 2)
    "#]],
    );
    assert_eq!(fs::read(folder.path("orders.wasm")).unwrap(), before);
    fs::write(folder.path("module.wasm"), orders().module()).unwrap();
    let nowhere = Path::new("no/such/folder/out.wasm").to_str().unwrap();
    assert_eq!(folder.see(&["plugin", "wrap", "module.wasm", "-o", nowhere]).code, Some(1));
}
