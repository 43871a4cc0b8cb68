//! What a guest answers, and what it gets for an answer that is none.

use crate::support::*;
use serde_json::json;
use wasmill_record::{Batch, Field, GuestFailureKind::*, Outcome};

#[test]
fn a_batch_goes_in_and_one_outcome_per_record_comes_out() {
    let mut instance = Guest::default().instance();
    for count in [1, 3, 256, 2] {
        let reply = call(&mut instance, &Records::many(count)).unwrap();
        assert!(forwards(&reply) && reply.outcomes.len() == count);
    }
    assert_eq!(counts(&mut instance).renewals, 0, "one instance for all of them");
}

#[test]
fn emissions_carry_what_the_plugin_made() {
    // One emission: own value, inherited key and headers, one header of its own.
    let mut data = b"value".to_vec();
    data.extend_from_slice(&[1, 0, 0, 0, 2, 0, 0, 0]);
    data.extend_from_slice(b"nxy");
    let args = [1, 0, 1 | 4, 0, 0, 0, 5, 5, 1];
    let mut instance = Guest::answering(&[3], &args, &data).instance();
    let reply = call(&mut instance, &Records::many(1)).unwrap();
    assert_eq!(reply.outcomes, [Outcome::Emit { first: 0, count: 1 }]);
    let emission = reply.emissions[0];
    assert!(
        matches!((emission.key, emission.value), (Field::Inherit, Field::Bytes(span)) if reply.slice(span) == Some(b"value"))
    );
    let own = reply.headers(emission.headers).unwrap();
    assert_eq!(
        (own.len(), reply.slice(own[0].name), reply.slice(own[0].value.unwrap())),
        (1, Some(&b"n"[..]), Some(&b"xy"[..]))
    );
}

#[test]
fn an_optional_output_may_be_left_unmapped_and_what_goes_there_is_counted() {
    let manifest = json!({
        "name": "guest", "version": "1", "outputs": [{ "name": "audit", "optional": true }, { "name": "out" }],
    });
    let plugin = Guest { manifest, ..Guest::default() }.load().unwrap();
    let binding = plugin.bind("shop", &[("orders", "orders")], &["out"], &[]).unwrap();
    let mut instance = plugin.instance(binding);
    let reply = call(&mut instance, &Records::many(3)).unwrap();
    assert_eq!(reply.outcomes, [Outcome::Drop; 3]);
    assert_eq!((counts(&mut instance).dropped_emissions, counts(&mut instance).dropped_emissions), (3, 0));
}

#[test]
fn only_what_the_plugin_reads_crosses() {
    // Rejects with the value as its message, where there is one: a length of 0xfffffffe says that it was not sent.
    let says = r"
        (i32.store8 (i32.const 4096) (if (result i32) (i32.eq (i32.load offset=28 (local.get $index)) (i32.const -2))
            (then (i32.const 2)) (else (i32.const 1))))
        (i32.store (i32.const 0) (i32.const 4096)) (i32.store (i32.const 4) (i32.const 1))
        (i32.store (i32.const 8) (i32.const 8192))
        (i32.store (i32.const 12) (i32.eq (i32.load8_u (i32.const 4096)) (i32.const 1)))
        (i64.store (i32.const 16) (i64.const 0))
        (i32.const 0)";
    let with = |reads: &[&str]| {
        let manifest = json!({ "name": "guest", "version": "1", "outputs": [{ "name": "out" }], "reads": reads });
        let mut instance = Guest { manifest, ..Guest::process(says) }.instance();
        call(&mut instance, &Records::many(1)).unwrap().outcomes[0]
    };
    assert_eq!(with(&["value"]), Outcome::Forward { output: 0 });
    assert_eq!(with(&["key"]), Outcome::Drop);
}

#[test]
fn what_breaks_the_contract_is_a_protocol_violation() {
    let cases: &[(&str, Guest)] = &[
        ("no answer at all", Guest::answering(&[], &[], &[])),
        ("no action", Guest::answering(&[0], &[], &[])),
        ("an output that is not there", Guest::answering(&[1], &[1], &[])),
        ("arguments left over", Guest::answering(&[2], &[0], &[])),
        ("a change of a store that is not there", Guest::answering(&[0x82], &[1, 0, 0, 1, 0, 1], b"k")),
        ("bytes outside of the reply", Guest::answering(&[4], &[0, 2, 0, 0], b"x")),
        ("a list outside of memory", Guest::process("(i32.store (i32.const 4) (i32.const -1)) (i32.const 0)")),
        ("a reply outside of memory", Guest::process("(i32.const -8)")),
        ("more than may cross", Guest { pages: 60, ..Guest::process(HUGE) }),
    ];
    for (what, guest) in cases {
        let mut instance = guest.instance();
        let failure = failure(&mut instance, &Records::many(1));
        assert_eq!(failure.kind, Protocol, "{what}: {failure:?}");
        assert!(!failure.message.is_empty(), "{what}");
    }
}

/// Claims the same 3 MiB three times over in one list of words: more bytes than the memory has, were they copied.
const HUGE: &str = "(i32.store (i32.const 8) (i32.const 0)) (i32.store (i32.const 12) (i32.const 900000))
    (i32.store (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 3600000))
    (i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 4) (i32.const 3600000)) (i32.const 0)";

#[test]
fn output_that_expands_is_stopped_before_it_is_made() {
    // 200 emissions of the same 8 KiB: 1.6 MiB of 1 MiB, from 14 KiB of reply.
    let emission = [0, 2 | 1, 0, 0, 0, 0, 0, 0];
    let args: Vec<u32> = std::iter::once(200).chain(emission.into_iter().cycle().take(8 * 200)).collect();
    let mut instance = Guest::answering(&[3], &args, &[]).instance();
    let failure = failure(&mut instance, &Records(vec![vec![b'x'; 8192]]));
    assert_eq!(failure.kind, Protocol);
    assert!(failure.message.contains("output_bytes_max"), "{}", failure.message);
}

#[test]
fn a_trap_says_where_it_happened() {
    let failure = failure(&mut Guest::process("unreachable").instance(), &Records::many(1));
    assert_eq!(failure.kind, Trap);
    let mut lines = failure.message.lines();
    assert_eq!(lines.next(), Some("wasm trap: wasm `unreachable` instruction executed"));
    assert!(lines.next().is_some_and(|line| line.contains("process")), "{}", failure.message);
}

#[test]
fn recursion_without_end_is_a_trap() {
    let guest = Guest { fields: "(func $deep (result i32) (call $deep))".to_owned(), ..Guest::process("(call $deep)") };
    let failure = failure(&mut guest.instance(), &Records::many(1));
    assert_eq!((failure.kind, failure.message.lines().next()), (Trap, Some("wasm trap: call stack exhausted")));
    assert!(failure.message.len() <= 4096);
}

#[test]
fn memory_beyond_the_limit_is_named_as_such() {
    let mut instance = Guest::process("(drop (memory.grow (i32.const 100))) (i32.const 0)").instance();
    let failure = failure(&mut instance, &Records::many(1));
    assert_eq!(failure.kind, Memory);
    assert!(failure.message.starts_with("asked for 7 MiB of memory; limits.memory_mib is 4"), "{}", failure.message);
}

/// What the limit leaves beside the two pages that a guest of these tests begins with.
const ROOM: usize = (4 << 20) - (2 << 16);

/// What a record of these tests takes besides its value: key, one header with its lengths, ten words of the index.
const BESIDE_VALUE: usize = 1 + (8 + 1 + 6) + 40;

#[test]
fn a_record_that_the_memory_can_not_hold_is_too_large_and_never_handed_over() {
    // Drops everything, without memory of its own.
    let mut instance = Guest::answering(&[2], &[], &[]).instance();
    let value = |bytes: usize| Records(vec![vec![b'x'; bytes]]);
    let largest = call(&mut instance, &value(ROOM - BESIDE_VALUE)).unwrap();
    assert_eq!((largest.outcomes, counts(&mut instance).recycled), (vec![Outcome::Drop], 1));

    call(&mut instance, &Records::many(1)).unwrap();
    let failure = failure(&mut instance, &value(ROOM - BESIDE_VALUE + 1));
    assert_eq!(failure.kind, TooLarge);
    assert_eq!(
        failure.message,
        "4 MiB are more than the plugin's memory can hold: limits.memory_mib is 4, of which it has 3 for records"
    );
    call(&mut instance, &Records::many(1)).unwrap();
    assert_eq!(counts(&mut instance).renewals, 0, "the guest has done nothing");
}

#[test]
fn records_that_are_too_large_together_are_not_so_alone() {
    let mut instance = Guest::answering(&[2], &[], &[]).instance();
    let half = || vec![b'x'; ROOM / 2];
    assert_eq!(kind(&mut instance, &Records(vec![half(), half()])), TooLarge);
    call(&mut instance, &Records(vec![half()])).unwrap();
}

#[test]
fn what_a_plugin_does_not_read_is_not_too_large() {
    let manifest = json!({ "name": "guest", "version": "1", "outputs": [], "reads": ["key"] });
    let mut instance = Guest { manifest, ..Guest::answering(&[2], &[], &[]) }.instance();
    call(&mut instance, &Records(vec![vec![b'x'; 2 * ROOM]])).unwrap();
}

#[test]
fn the_seed_for_dead_letters_is_the_one_that_the_plugin_gets() {
    // Emits it: 8 bytes of its own value, key inherited.
    let says = Guest::answering(&[3], &[1, 0, 1, 0, 0, 0, 8, 0, 0], &[0; 8]);
    let process = format!("(i64.store (i32.const 16384) (local.get $seed)) {}", says.process);
    let mut instance = Guest { process, ..says }.instance();
    let records = Records::many(1);
    let reply = call(&mut instance, &records).unwrap();
    let Field::Bytes(span) = reply.emissions[0].value else { panic!("{reply:?}") };
    let got = u64::from_le_bytes(reply.slice(span).unwrap().try_into().unwrap());
    let seed = |instance: &mut _, partition| wasmill_record::Invoke::<Records>::seed(instance, partition);
    let partition = records.partition();
    assert_eq!(seed(&mut instance, partition), Some(got));
    let other = wasmill_record::InputPartition::new(0, partition.partition + 1);
    assert!(seed(&mut instance, other).is_some_and(|seed| seed != got));
    assert_eq!(seed(&mut instance, wasmill_record::InputPartition::new(7, 0)), None, "an input that is not bound");
}

#[test]
fn a_plugins_batch_limit_is_said_to_the_caller() {
    let manifest = json!({ "name": "guest", "version": "1", "outputs": [{ "name": "out" }], "batch-max": 16 });
    let instance = Guest { manifest, ..Guest::default() }.instance();
    assert_eq!(wasmill_record::Invoke::<Records>::batch_max(&instance), 16);
}

#[test]
fn counters_count_what_is_kept() {
    let manifest =
        json!({ "name": "guest", "version": "1", "outputs": [{ "name": "out" }], "counters": ["seen", "checked"] });
    let add = r#"(import "wasmill:plugin/telemetry@0.1.0" "add" (func $add (param i32 i64)))"#;
    // One per record; a record of 5 bytes traps afterwards, one of 7 names a counter that is not there.
    let code = format!(
        "(call $add (i32.const 1) (i64.extend_i32_u (local.get $count)))
         (if (i32.eq (i32.load offset=28 (local.get $index)) (i32.const 5)) (then unreachable))
         (if (i32.eq (i32.load offset=28 (local.get $index)) (i32.const 7)) (then (call $add (i32.const 2) (i64.const 1))))
         {}",
        FORWARD_ALL
    );
    let mut instance = Guest { manifest, fields: add.to_owned(), ..Guest::process(&code) }.instance();
    call(&mut instance, &Records::of(&["a", "b", "c"])).unwrap();
    assert_eq!(kind(&mut instance, &Records::of(&["12345"])), Trap);
    assert_eq!(kind(&mut instance, &Records::of(&["1234567"])), Protocol);
    call(&mut instance, &Records::of(&["a", "b"])).unwrap();
    let mut taken = Vec::new();
    wasmill_record::Invoke::<Records>::take_counters(&mut instance, &mut |name, by| taken.push((name.to_owned(), by)));
    let sum: u64 = taken.iter().map(|(_, by)| by).sum();
    assert!(taken.iter().all(|(name, _)| name == "checked") && sum == 5, "{taken:?}");
}
