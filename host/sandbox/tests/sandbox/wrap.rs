//! A wasip1 module becomes a component that loads like any other.

use crate::support::*;
use serde_json::json;
use wasmill_sandbox::{WrapError, wrap};

#[test]
fn a_module_with_types_becomes_a_plugin() {
    let guest = Guest {
        // As a wasip1 standard library would.
        fields: r#"(import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))"#
            .to_owned(),
        process: format!("(if (call $random_get (i32.const 512) (i32.const 8)) (then unreachable)) {FORWARD_ALL}"),
        ..Guest::default()
    };
    let file = PluginFile::new(&wrap(&guest.module()).unwrap());
    let plugin = load_file(&file.path(), &json!({}), limits(), None).unwrap();
    assert!(forwards(&call(&mut started(&plugin), &Records::many(3)).unwrap()));
}

#[test]
fn what_can_not_be_wrapped_is_told_why() {
    assert_eq!(wrap(&Guest::default().component()), Err(WrapError::Component));
    assert_eq!(wrap(b"hello"), Err(WrapError::NotWasm));
    assert_eq!(wrap(&wat::parse_str("(module)").unwrap()), Err(WrapError::NoTypes));
    let mut cut = Guest::default().module();
    cut.truncate(cut.len() - 10);
    assert!(matches!(wrap(&cut), Err(WrapError::Encode(_))));
}
