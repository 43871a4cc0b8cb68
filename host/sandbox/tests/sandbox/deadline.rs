//! CPU time is what is limited. How precisely is a figure, not a test; that it ends, and what it says, is.

use crate::support::*;
use wasmill_record::GuestFailureKind;

/// Loops for ever over records that begin with `l`, forwards others.
fn looping() -> Guest {
    let code = format!(
        "(if (i32.eq (i32.load8_u (i32.add (local.get $data) (i32.load offset=24 (local.get $index)))) (i32.const 108))
             (then (loop $for_ever (br $for_ever))))
         {FORWARD_ALL}"
    );
    Guest::process(&code)
}

#[test]
fn an_endless_loop_is_ended_and_the_next_record_is_fine() {
    let mut instance = looping().instance();
    for _ in 0..2 {
        let failure = failure(&mut instance, &Records::of(&["loop"]));
        assert_eq!(failure.kind, GuestFailureKind::Deadline);
        assert!(
            failure.message.starts_with("took more CPU time than limits.record_deadline_ms = 30"),
            "{}",
            failure.message
        );
        assert!(forwards(&call(&mut instance, &Records::of(&["fine"])).unwrap()));
    }
}

#[test]
fn a_call_is_not_held_against_the_next() {
    // Each takes about half of the deadline; ten of them are five times as much.
    let code = format!(
        "(local.set $at (i32.const 0))
         (loop $more (local.set $at (i32.add (local.get $at) (i32.const 1))) (br_if $more (i32.ne (local.get $at) (i32.const 5000000))))
         {FORWARD_ALL}"
    );
    let file = PluginFile::new(&Guest::process(&code).component());
    let limits = wasmill_config::PluginLimits { record_deadline: std::time::Duration::from_millis(200), ..limits() };
    let plugin = load_file(&file.path(), &serde_json::json!({}), limits, None).unwrap();
    let mut instance = started(&plugin);
    for _ in 0..40 {
        assert!(forwards(&call(&mut instance, &Records::many(1)).unwrap()));
    }
}
