//! What a guest sees of the world: nothing of the machine, and the same in each call with the same `source`.

use crate::support::*;
use std::sync::{Arc, Mutex};
use wasmill_record::{CallSource, GuestFailureKind, Invoke, Reply};
use wasmill_sandbox::{Instance, LogOrigin, Plugin, Request};

const WIT: &str = "import wasi:random/insecure-seed@0.2.6; import wasi:random/random@0.2.6;
    import wasi:clocks/monotonic-clock@0.2.6; import wasi:io/poll@0.2.6; import wasi:cli/stderr@0.2.6;
    import wasi:io/streams@0.2.6; import wasi:cli/exit@0.2.6;";
const PACKAGES: &str = "
    package wasi:random@0.2.6 {
        interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }
        interface random { get-random-u64: func() -> u64; }
    }
    package wasi:clocks@0.2.6 {
        interface monotonic-clock {
            use wasi:io/poll@0.2.6.{pollable};
            now: func() -> u64;
            subscribe-duration: func(when: u64) -> pollable;
        }
    }
    package wasi:io@0.2.6 {
        interface poll { resource pollable { block: func(); } }
        interface error { resource error; }
        interface streams {
            use error.{error};
            variant stream-error { last-operation-failed(error), closed }
            resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
        }
    }
    package wasi:cli@0.2.6 {
        interface stderr { use wasi:io/streams@0.2.6.{output-stream}; get-stderr: func() -> output-stream; }
        interface exit { exit: func(status: result); }
    }";
const IMPORTS: &str = r#"
    (import "wasi:random/insecure-seed@0.2.6" "insecure-seed" (func $insecure_seed (param i32)))
    (import "wasi:random/random@0.2.6" "get-random-u64" (func $random (result i64)))
    (import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $clock (result i64)))
    (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $subscribe (param i64) (result i32)))
    (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
    (import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
    (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
    (import "wasi:cli/exit@0.2.6" "exit" (func $exit (param i32)))
    (import "wasmill:plugin/telemetry@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))
    (import "wasmill:plugin/telemetry@0.1.0" "panicked" (func $panicked (param i32 i32 i32 i32 i32 i32)))
    (import "wasmill:plugin/state@0.1.0" "get" (func $get (param i32 i32 i32 i32)))"#;

fn guest(code: &str) -> Guest {
    Guest { wit: WIT.to_owned(), packages: PACKAGES.to_owned(), fields: IMPORTS.to_owned(), ..Guest::process(code) }
}

/// Emits its seed, its randomness, two readings of its clock, and what `source` says, 64 bytes in all.
const SHOW: &str = "
    (call $insecure_seed (i32.const 16384))
    (i64.store (i32.const 16400) (call $random))
    (i64.store (i32.const 16408) (call $clock))
    (i64.store (i32.const 16416) (call $clock))
    (i64.store (i32.const 16424) (local.get $now))
    (i64.store (i32.const 16432) (local.get $seed))
    (i64.store (i32.const 16440) (i64.extend_i32_u (local.get $partition)))
    (i32.store8 (i32.const 4096) (i32.const 3))
    (i32.store (i32.const 8192) (i32.const 1)) (i32.store (i32.const 8200) (i32.const 5))
    (i32.store (i32.const 8212) (i32.const 0)) (i32.store (i32.const 8216) (i32.const 64))
    (i32.store (i32.const 0) (i32.const 4096)) (i32.store (i32.const 4) (i32.const 1))
    (i32.store (i32.const 8) (i32.const 8192)) (i32.store (i32.const 12) (i32.const 9))
    (i32.store (i32.const 16) (i32.const 16384)) (i32.store (i32.const 20) (i32.const 64))
    (i32.const 0)";

fn shown(instance: &mut Instance, now_ms: i64) -> [u64; 8] {
    let mut reply = Reply::default();
    instance.invoke(&Records::many(1), 0, 1, &CallSource { attempt: 1, now_ms }, &mut reply).unwrap();
    let words: Vec<u64> =
        reply.bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect();
    words.try_into().unwrap()
}

#[test]
fn answers_can_be_had_again() {
    let plugin = guest(SHOW).load().unwrap();
    let mut old = started(&plugin);
    let first = shown(&mut old, NOW_MS);
    for _ in 0..10 {
        assert_eq!(shown(&mut old, NOW_MS), first, "whatever the instance has been through");
    }
    assert_eq!(shown(&mut started(&plugin), NOW_MS), first, "on a fresh instance");
    Invoke::<Records>::renew(&mut old);
    assert_eq!(shown(&mut old, NOW_MS), first, "after it was renewed");
}

#[test]
fn time_is_the_calls_and_stands_still() {
    let mut instance = guest(SHOW).instance();
    let [seed_low, seed_high, random, clock, clock_later, now, seed, partition] = shown(&mut instance, NOW_MS);
    assert_eq!((clock, clock_later, now), (NOW_MS as u64 * 1_000_000, NOW_MS as u64 * 1_000_000, NOW_MS as u64));
    assert_eq!(partition, 3);
    assert!(seed != 0 && seed_low != seed_high && random != seed_low, "drawn one after the other");
    assert_eq!(shown(&mut instance, 1)[5], 1);
}

#[test]
fn a_seed_belongs_to_pipeline_plugin_topic_and_partition() {
    let plugin = guest(SHOW).load().unwrap();
    let seed = |pipeline: &str, topic: &str| {
        let binding = plugin.bind(pipeline, &[("orders", topic)], &["out"], &[]).unwrap();
        shown(&mut plugin.instance(binding), 1)[6]
    };
    assert_eq!(seed("a", "orders"), seed("a", "orders"));
    assert_ne!(seed("a", "orders"), seed("b", "orders"));
    assert_ne!(seed("a", "orders"), seed("a", "prices"));
}

#[test]
fn a_wait_is_over_at_once() {
    // A year; were it slept, this test would not end.
    let code = format!("(call $block (call $subscribe (i64.const 31536000000000000))) {FORWARD_ALL}");
    assert!(forwards(&call(&mut guest(&code).instance(), &Records::many(1)).unwrap()));
}

type Lines = Arc<Mutex<Vec<(LogOrigin, Option<u32>, String)>>>;

fn logging(code: &str, data: &str) -> (Instance, Lines) {
    let lines = Lines::default();
    let theirs = Arc::clone(&lines);
    let sink = move |line: &wasmill_sandbox::LogLine<'_>| {
        theirs.lock().unwrap().push((line.origin, line.at, line.message.to_owned()));
    };
    let mut guest = guest(code);
    guest.data = segment(20000, data.as_bytes());
    let file = PluginFile::new(&guest.component());
    let config = serde_json::json!({});
    let limits = wasmill_config::PluginLimits { log_bytes_per_s: 1000, ..limits() };
    let request = Request { file: &file.path(), config: &config, limits, log: Some(Arc::new(sink)) };
    (started(&Plugin::load(&ENGINE, None, request).unwrap()), lines)
}

#[test]
fn what_is_printed_and_logged_becomes_lines() {
    let code = format!(
        "(call $write (call $stderr) (i32.const 20000) (i32.const 9) (i32.const 512))
         (call $log (i32.const 3) (i32.const 1) (i32.const 7) (i32.const 20000) (i32.const 4))
         {FORWARD_ALL}"
    );
    let (mut instance, lines) = logging(&code, "line\nrest");
    call(&mut instance, &Records::many(1)).unwrap();
    let expected = [
        (LogOrigin::Stderr, None, "line".to_owned()),
        (LogOrigin::Log, Some(7), "line".to_owned()),
        (LogOrigin::Stderr, None, "rest".to_owned()),
    ];
    assert_eq!(*lines.lock().unwrap(), expected);
}

#[test]
fn a_flood_of_lines_is_dropped_counted_and_held_against_nobody() {
    let code = format!(
        "(local.set $at (i32.const 2000))
         (local.set $partition (call $stderr))
         (loop $more
             (call $write (local.get $partition) (i32.const 20000) (i32.const 10) (i32.const 512))
             (br_if $more (local.tee $at (i32.sub (local.get $at) (i32.const 1)))))
         {FORWARD_ALL}"
    );
    let (mut instance, lines) = logging(&code, "ten bytes\n");
    assert!(forwards(&call(&mut instance, &Records::many(1)).unwrap()));
    let seen = lines.lock().unwrap().len() as u64;
    assert!((1..=222).contains(&seen), "{seen} lines of a kilobyte per second");
    assert!(counts(&mut instance).dropped_log_lines > 0);
}

#[test]
fn a_panic_hook_has_the_last_word() {
    let code = "(call $panicked (i32.const 1) (i32.const 2) (i32.const 20000) (i32.const 4) (i32.const 20005) (i32.const 14)) unreachable";
    let (mut instance, _) = logging(code, "boom\nsrc/lib.rs:3:5");
    let failure = failure(&mut instance, &Records::many(1));
    assert_eq!(failure.kind, GuestFailureKind::Trap);
    assert_eq!(failure.message.lines().next(), Some("panicked at src/lib.rs:3:5: boom (record 2 of the call)"));
}

#[test]
fn a_panic_without_a_hook_is_read_from_stderr() {
    let text = "thread 'main' panicked at src/lib.rs:3:5:\nboom\n";
    let code = format!(
        "(call $write (call $stderr) (i32.const 20000) (i32.const {}) (i32.const 512)) unreachable",
        text.len()
    );
    let (mut instance, _) = logging(&code, text);
    let failure = failure(&mut instance, &Records::many(1));
    assert_eq!(failure.message.lines().next(), Some("panicked at src/lib.rs:3:5: boom"));
}

#[test]
fn leaving_is_a_trap() {
    let failure = failure(&mut guest("(call $exit (i32.const 0)) unreachable").instance(), &Records::many(1));
    assert_eq!((failure.kind, failure.message.lines().next()), (GuestFailureKind::Trap, Some("called exit")));
}

#[test]
fn state_that_the_manifest_has_not_got_can_not_be_read() {
    let code = "(call $get (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 512)) (i32.const 0)";
    let failure = failure(&mut guest(code).instance(), &Records::many(1));
    assert_eq!(failure.kind, GuestFailureKind::Protocol);
    assert!(failure.message.starts_with("read a store that is not in its manifest"), "{}", failure.message);
}
