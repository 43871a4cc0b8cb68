//! A plugin as a core module in text, made a component with the contract's own WIT.

use serde_json::{Value, json};
use std::fmt::Write;
use wit_component::StringEncoding;
use wit_parser::Resolve;

const CONTRACT: &str = include_str!("../../../../../wit/plugin.wit");

/// Where things are in the guest's memory; what is allocated begins at 64 KiB.
const CONFIGURED: u32 = 32;
const DESCRIBED: u32 = 64;
const MANIFEST: u32 = 1024;

/// Forwards everything until it is told otherwise.
#[derive(Clone)]
pub(crate) struct Guest {
    pub(crate) manifest: Value,
    pub(crate) typed: bool,
    /// Imports and functions of its own.
    pub(crate) fields: String,
    /// WIT items of its world, and packages that they name.
    pub(crate) wit: String,
    pub(crate) packages: String,
    /// Code that runs before everything else.
    pub(crate) start: String,
    pub(crate) describe: String,
    /// Code of `configure`; what it leaves in the result's place is the answer.
    pub(crate) configure: String,
    /// Code of `process`, which leaves the address of the reply.
    pub(crate) process: String,
    pub(crate) data: String,
    /// Pages of memory to begin with.
    pub(crate) pages: u32,
}

impl Default for Guest {
    fn default() -> Guest {
        Guest {
            manifest: json!({ "name": "guest", "version": "1", "outputs": [{ "name": "out" }] }),
            typed: false,
            fields: String::new(),
            wit: String::new(),
            packages: String::new(),
            start: String::new(),
            describe: String::new(),
            configure: String::new(),
            process: FORWARD_ALL.to_owned(),
            data: String::new(),
            pages: 2,
        }
    }
}

/// All actions 1, all arguments 0.
pub(crate) const FORWARD_ALL: &str = r"
    (local.set $at (call $alloc (i32.const 0) (i32.const 0) (i32.const 1) (local.get $count)))
    (memory.fill (local.get $at) (i32.const 1) (local.get $count))
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $count))
    (local.set $at (call $alloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.mul (local.get $count) (i32.const 4))))
    (memory.fill (local.get $at) (i32.const 0) (i32.mul (local.get $count) (i32.const 4)))
    (i32.store (i32.const 8) (local.get $at))
    (i32.store (i32.const 12) (local.get $count))
    (i64.store (i32.const 16) (i64.const 0))
    (i32.const 0)";

/// For a plugin in plain types: zeros say `forward` to output 0 without changes, 24 bytes for each record.
pub(crate) const FORWARD_ALL_TYPED: &str = r"
    (local.set $at (call $alloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.mul (local.get $count) (i32.const 24))))
    (memory.fill (local.get $at) (i32.const 0) (i32.mul (local.get $count) (i32.const 24)))
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $count))
    (i32.const 0)";

impl Guest {
    pub(crate) fn process(code: &str) -> Guest {
        Guest { process: code.to_owned(), ..Guest::default() }
    }

    pub(crate) fn typed(code: &str) -> Guest {
        Guest { process: code.to_owned(), typed: true, ..Guest::default() }
    }

    /// Answers every call with these three lists.
    pub(crate) fn answering(actions: &[u8], args: &[u32], data: &[u8]) -> Guest {
        let args: Vec<u8> = args.iter().flat_map(|word| word.to_le_bytes()).collect();
        let (args_at, data_at) = (8192, 16384);
        let mut code = String::new();
        let lists = [(4096, actions.len()), (args_at, args.len() / 4), (data_at, data.len())];
        for (number, (at, len)) in lists.into_iter().enumerate() {
            write!(code, "(i32.store (i32.const {}) (i32.const {at}))", number * 8).unwrap();
            write!(code, "(i32.store (i32.const {}) (i32.const {len}))", number * 8 + 4).unwrap();
        }
        let data = [(4096, actions), (args_at, &args), (data_at, data)].map(|(at, bytes)| segment(at, bytes)).concat();
        Guest { process: format!("{code} (i32.const 0)"), data, ..Guest::default() }
    }

    /// The core module with the world's types in it: what wit-bindgen makes for wasm32-wasip1.
    pub(crate) fn module(&self) -> Vec<u8> {
        let mut module = wat::parse_str(self.text()).unwrap();
        let mut resolve = Resolve::default();
        resolve.push_str("plugin.wit", CONTRACT).unwrap();
        let contract = if self.typed { "plugin-typed" } else { "plugin" };
        let Guest { wit, packages, .. } = self;
        let world =
            format!("package test:guest; world guest {{ include wasmill:plugin/{contract}@0.1.0; {wit} }} {packages}");
        let package = resolve.push_str("guest.wit", &world).unwrap();
        let world = resolve.select_world(&[package], Some("guest")).unwrap();
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
        module
    }

    pub(crate) fn component(&self) -> Vec<u8> {
        wit_component::ComponentEncoder::default().validate(true).module(&self.module()).unwrap().encode().unwrap()
    }

    fn text(&self) -> String {
        let Guest { fields, start, describe, configure, process, data, pages, .. } = self;
        let manifest = self.manifest.to_string();
        let (interface, batch) = match self.typed {
            true => ("typed", "(param $records i32) (param $count i32)"),
            false => ("batch", "(param $data i32) (param $data_len i32) (param $index i32) (param $index_len i32)"),
        };
        let (count_local, count_set) = match self.typed {
            true => ("", ""),
            false => ("(local $count i32)", "(local.set $count (i32.div_u (local.get $index_len) (i32.const 10)))"),
        };
        format!(
            r#"(module
                {fields}
                (memory (export "memory") {pages})
                (global $top (mut i32) (i32.const 65536))
                (func $alloc (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
                    (local $at i32)
                    (local.set $at (global.get $top))
                    (global.set $top (i32.and (i32.add (i32.add (global.get $top) (local.get $size)) (i32.const 15)) (i32.const -16)))
                    (block $enough
                        (loop $grow
                            (br_if $enough (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
                            (drop (memory.grow (i32.const 1)))
                            (br $grow)))
                    (local.get $at))
                (func $started {start})
                (start $started)
                (func (export "wasmill:plugin/lifecycle@0.1.0#describe") (result i32)
                    {describe}
                    (i32.store (i32.const {DESCRIBED}) (i32.const {MANIFEST}))
                    (i32.store (i32.const {}) (i32.const {}))
                    (i32.const {DESCRIBED}))
                (func (export "wasmill:plugin/lifecycle@0.1.0#configure") (param $config i32) (param $config_len i32) (result i32)
                    {configure}
                    (i32.const {CONFIGURED}))
                (func $process (export "wasmill:plugin/{interface}@0.1.0#process")
                    (param $input i32) (param $topic i32) (param $topic_len i32) (param $partition i32) (param $attempt i32)
                    (param $now i64) (param $seed i64) {batch} (result i32)
                    (local $at i32) {count_local}
                    {count_set}
                    {process})
                (func (export "cabi_post_wasmill:plugin/{interface}@0.1.0#process") (param i32)
                    (global.set $top (i32.const 65536)))
                {data} {manifest_segment})"#,
            DESCRIBED + 4,
            manifest.len(),
            manifest_segment = segment(MANIFEST, manifest.as_bytes()),
        )
    }
}

/// Bytes in the guest's memory.
pub(crate) fn segment(at: u32, bytes: &[u8]) -> String {
    let text = bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "\\{byte:02x}").unwrap();
        text
    });
    format!("(data (i32.const {at}) \"{text}\")")
}
