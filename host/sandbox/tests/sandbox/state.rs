//! Keyed state as a guest sees it: what it asks for, and what rides in its answer.

use crate::support::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use wasmill_record::{
    Change, EachEntry, Emission, Field, GuestFailureKind, Invoke, InvokeError, ReadState, Reply, StateError,
};
use wasmill_sandbox::{Instance, LoadError};

/// The second of the pipeline's stores has these; the first one can't be read.
struct Map(BTreeMap<Vec<u8>, Vec<u8>>);

impl ReadState for Map {
    fn get(&self, store: u16, key: &[u8], into: &mut Vec<u8>) -> Result<Option<usize>, StateError> {
        if store != 1 {
            return Err(StateError("the disk is on fire".to_owned()));
        }
        Ok(self.0.get(key).map(|value| {
            into.extend_from_slice(value);
            value.len()
        }))
    }

    fn scan(&self, _: u16, prefix: &[u8], after: Option<&[u8]>, each: &mut EachEntry<'_>) -> Result<(), StateError> {
        let wanted = |key: &&Vec<u8>| key.starts_with(prefix) && after.is_none_or(|after| key.as_slice() > after);
        for key in self.0.keys().filter(wanted) {
            if !each(key, &self.0[key]) {
                break;
            }
        }
        Ok(())
    }
}

fn state() -> Arc<dyn ReadState> {
    let pairs = [("a", "one"), ("b", ""), ("c1", "three"), ("c2", "four"), ("c3", "five")];
    Arc::new(Map(pairs.map(|(key, value)| (key.into(), value.into())).into()))
}

/// Where the keys are in the guest's memory, and where answers go.
const KEYS: u32 = 4096;
const INDEX: u32 = 4160;
const ANSWER: u32 = 4224;

const IMPORTS: &str = r#"
    (import "wasmill:plugin/state@0.1.0" "read" (func $read (param i32 i32 i32 i32 i32 i32)))
    (import "wasmill:plugin/state@0.1.0" "get" (func $get (param i32 i32 i32 i32)))
    (import "wasmill:plugin/state@0.1.0" "scan" (func $scan (param i32 i32 i32 i32 i32 i32 i32 i32)))"#;

/// Runs `ask`, and emits the list that it has left at `list`, of items of so many bytes.
fn asking(ask: &str, list: u32, item_bytes: u32) -> Guest {
    let (actions, args, length) = (4352, 4368, 4368 + 6 * 4);
    let process = format!(
        "{ask}
        (i32.store (i32.const 0) (i32.const {actions})) (i32.store (i32.const 4) (i32.const 1))
        (i32.store (i32.const 8) (i32.const {args})) (i32.store (i32.const 12) (i32.const 9))
        (i32.store (i32.const {length}) (i32.mul (i32.load (i32.const {})) (i32.const {item_bytes})))
        (i32.store (i32.const 16) (i32.load (i32.const {list})))
        (i32.store (i32.const 20) (i32.load (i32.const {length})))
        (i32.const 0)",
        list + 4,
    );
    let words: Vec<u8> = [1u32, 0, 1].into_iter().flat_map(u32::to_le_bytes).collect();
    let index: Vec<u8> = [0u32, 1, 1, 1, 2, 2, 4, 1].into_iter().flat_map(u32::to_le_bytes).collect();
    let data =
        [segment(KEYS, b"abc1x"), segment(INDEX, &index), segment(actions, &[3]), segment(args, &words)].concat();
    let manifest = json!({
        "name": "guest", "version": "1", "outputs": [{ "name": "out" }],
        "stores": [{ "name": "seen", "key": "string", "value": "json", "version": 1 }],
    });
    Guest { manifest, fields: IMPORTS.to_owned(), process, data, ..Guest::default() }
}

/// Keys `a`, `b`, `c1` and `x`.
fn reading(list: u32, item_bytes: u32) -> Guest {
    asking(
        &format!(
            "(call $read (i32.const 0) (i32.const {KEYS}) (i32.const 5) (i32.const {INDEX}) (i32.const 8) (i32.const {ANSWER}))"
        ),
        list,
        item_bytes,
    )
}

/// For a pipeline whose second store it is.
fn keeping(guest: &Guest) -> Instance {
    let plugin = guest.load().unwrap();
    let binding = plugin.bind("shop", &[("orders", "orders")], &["out"], &["other", "seen"]).unwrap();
    let mut instance = plugin.instance(binding);
    Invoke::<Records>::read_from(&mut instance, &state());
    instance
}

fn emitted(reply: &Reply) -> Vec<u8> {
    let [Emission { value: Field::Bytes(span), .. }] = reply.emissions[..] else { panic!("{:?}", reply.emissions) };
    reply.slice(span).unwrap().to_vec()
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

#[test]
fn values_come_in_the_order_of_the_keys_and_a_missing_one_is_null() {
    let one = Records::many(1);
    assert_eq!(emitted(&call(&mut keeping(&reading(ANSWER, 1)), &one).unwrap()), b"onethree");
    let index = words(&emitted(&call(&mut keeping(&reading(ANSWER + 8, 4)), &one).unwrap()));
    assert_eq!(index, [0, 3, 3, 0, 3, 5, 0, u32::MAX], "an empty value is there, and has no bytes");
}

#[test]
fn a_key_that_is_asked_for_alone_is_counted() {
    let ask = format!("(call $get (i32.const 0) (i32.const {}) (i32.const 2) (i32.const {ANSWER}))", KEYS + 2);
    // An option: one byte, then the list.
    let mut instance = keeping(&asking(&ask, ANSWER + 4, 1));
    assert_eq!(emitted(&call(&mut instance, &Records::many(1)).unwrap()), b"three");
    assert_eq!((counts(&mut instance).unplanned_reads, counts(&mut instance).unplanned_reads), (1, 0));
    let mut instance = keeping(&reading(ANSWER, 1));
    call(&mut instance, &Records::many(1)).unwrap();
    assert_eq!(counts(&mut instance).unplanned_reads, 0);
}

#[test]
fn a_scan_begins_behind_a_key_and_ends_at_its_limit() {
    let scan = |after: u32, limit: u32| {
        // Prefix `c`, after `c1`.
        format!(
            "(call $scan (i32.const 0) (i32.const {c}) (i32.const 1) (i32.const {after}) (i32.const {c}) (i32.const 2) \
             (i32.const {limit}) (i32.const {ANSWER}))",
            c = KEYS + 2
        )
    };
    let found = |after, limit| {
        let guest = asking(&scan(after, limit), ANSWER, 1);
        String::from_utf8(emitted(&call(&mut keeping(&guest), &Records::many(1)).unwrap())).unwrap()
    };
    assert_eq!(found(0, 10), "c1threec2fourc3five");
    assert_eq!(found(1, 10), "c2fourc3five");
    assert_eq!((found(1, 1), found(0, 0)), ("c2four".to_owned(), String::new()));
}

#[test]
fn a_store_that_is_not_there_and_a_key_that_is_not_there_are_breaches() {
    let read = |store: u32, bytes: u32| {
        let ask = format!(
            "(call $read (i32.const {store}) (i32.const {KEYS}) (i32.const {bytes}) (i32.const {INDEX}) (i32.const 8) \
             (i32.const {ANSWER}))"
        );
        failure(&mut keeping(&asking(&ask, ANSWER, 1)), &Records::many(1))
    };
    for (failure, words) in [(read(1, 5), "read a store that is not"), (read(0, 2), "read a key outside of the data")] {
        assert_eq!(failure.kind, GuestFailureKind::Protocol);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
}

#[test]
fn state_is_read_in_calls_for_records_only() {
    let guest = reading(ANSWER, 1);
    let configure = guest.process.split("(i32.store").next().unwrap().to_owned();
    let error = Guest { configure, ..guest }.load().err().expect("it reads in configure");
    assert!(matches!(&error, LoadError::Guest { during: "configure", code: "plugin-protocol", .. }), "{error}");
}

#[test]
fn state_that_can_not_be_read_is_held_against_no_record() {
    let plugin = reading(ANSWER, 1).load().unwrap();
    let binding = plugin.bind("shop", &[("orders", "orders")], &["out"], &["seen"]).unwrap();
    let mut instance = plugin.instance(binding);
    Invoke::<Records>::read_from(&mut instance, &state());
    let answered = call(&mut instance, &Records::many(1));
    assert!(matches!(&answered, Err(InvokeError::Host(message)) if message.contains("on fire")), "{answered:?}");
}

#[test]
fn an_answer_that_no_guest_could_hold_is_not_made() {
    // The same 1 MiB five times; the limit of the tests is 4 MiB.
    struct Large;
    impl ReadState for Large {
        fn get(&self, _: u16, _: &[u8], into: &mut Vec<u8>) -> Result<Option<usize>, StateError> {
            into.resize(into.len() + (1 << 20), 7);
            Ok(Some(1 << 20))
        }
        fn scan(&self, _: u16, _: &[u8], _: Option<&[u8]>, each: &mut EachEntry<'_>) -> Result<(), StateError> {
            for _ in 0..100 {
                if !each(b"k", &[7; 1 << 20]) {
                    return Ok(());
                }
            }
            panic!("nobody has stopped it")
        }
    }
    let many: Vec<u8> = (0..10).flat_map(|_| [0u32.to_le_bytes(), 1u32.to_le_bytes()].concat()).collect();
    let read = format!(
        "(call $read (i32.const 0) (i32.const {KEYS}) (i32.const 5) (i32.const 5120) (i32.const 20) (i32.const {ANSWER}))"
    );
    let scan = format!(
        "(call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1) \
         (i32.const {ANSWER}))"
    );
    for ask in [read, scan] {
        let guest = asking(&ask, ANSWER, 1);
        let mut instance = keeping(&Guest { data: guest.data.clone() + &segment(5120, &many), ..guest });
        let large: Arc<dyn ReadState> = Arc::new(Large);
        Invoke::<Records>::read_from(&mut instance, &large);
        assert_eq!(kind(&mut instance, &Records::many(1)), GuestFailureKind::Memory);
    }
}

#[test]
fn changes_arrive_with_their_record_under_the_pipelines_numbers() {
    // Forward with one change, forward without, drop with two: a value, and a deletion.
    let args = [0, 1, 0, 0, 1, 1, 2, 0, 2, 0, 0, 1, 3, 0, 0, 4, 1, 0, u32::MAX];
    let base = Guest::answering(&[0x81, 1, 0x82], &args, b"kvvwx");
    let guest = Guest { manifest: reading(ANSWER, 1).manifest, ..base };
    let reply = call(&mut keeping(&guest), &Records::many(3)).unwrap();
    let shown = |changes: &[Change]| -> Vec<(u16, String, Option<String>)> {
        let text = |span| String::from_utf8(reply.slice(span).unwrap().to_vec()).unwrap();
        changes.iter().map(|change| (change.store, text(change.key), change.value.map(text))).collect()
    };
    let of = |at| shown(reply.changes_of(at).unwrap());
    assert_eq!(of(0), [(1, "k".to_owned(), Some("vv".to_owned()))]);
    assert_eq!(of(1), []);
    assert_eq!(of(2), [(1, "k".to_owned(), Some(String::new())), (1, "x".to_owned(), None)]);
}

#[test]
fn a_plugin_in_plain_types_that_keeps_state_gets_one_record_a_call() {
    let guest = Guest { manifest: reading(ANSWER, 1).manifest, ..Guest::typed(FORWARD_ALL_TYPED) };
    assert_eq!(Invoke::<Records>::batch_max(&keeping(&guest)), 1);
    let without = Guest::typed(FORWARD_ALL_TYPED);
    assert!(Invoke::<Records>::batch_max(&without.instance()) > 1);
}
