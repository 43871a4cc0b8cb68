//! Plugins in plain types: the same answers, checked by the same rules.

use crate::support::*;
use serde_json::json;
use wasmill_record::{Field, GuestFailureKind, Outcome};
use wasmill_sandbox::World;

#[test]
fn a_batch_goes_in_and_one_outcome_per_record_comes_out() {
    let guest = Guest::typed(FORWARD_ALL_TYPED);
    assert_eq!(guest.load().unwrap().world(), World::Typed);
    let mut instance = guest.instance();
    for count in [1, 256, 3] {
        let reply = call(&mut instance, &Records::many(count)).unwrap();
        assert!(forwards(&reply) && reply.outcomes.len() == count);
    }
}

/// One outcome of 24 bytes at 4096, made of words.
fn answering(words: &[u32; 6], data: &[u8]) -> Guest {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let code = "(i32.store (i32.const 0) (i32.const 4096)) (i32.store (i32.const 4) (i32.const 1)) (i32.const 0)";
    let data = [segment(4096, &bytes), segment(5000, data)].concat();
    Guest { data, ..Guest::typed(code) }
}

#[test]
fn a_rejection_comes_with_its_words() {
    let mut instance = answering(&[3, 5000, 8, 5008, 4, 0], b"no-itemsnone").instance();
    let reply = call(&mut instance, &Records::many(1)).unwrap();
    let Outcome::Reject { code, message } = reply.outcomes[0] else { panic!("{:?}", reply.outcomes) };
    assert_eq!((reply.slice(code), reply.slice(message)), (Some(&b"no-items"[..]), Some(&b"none"[..])));
}

#[test]
fn a_retry_comes_with_its_pause() {
    let mut instance = answering(&[4, 250, 5000, 5, 5000, 0], b"later").instance();
    let reply = call(&mut instance, &Records::many(1)).unwrap();
    assert!(matches!(reply.outcomes[0], Outcome::Retry { after_ms: 250, .. }));
}

#[test]
fn an_emission_carries_what_the_plugin_made() {
    // output 0, key inherited, value of 3 bytes, headers inherited and one given, no timestamp, partition 2.
    let emission: [u8; 80] = {
        let mut bytes = [0; 80];
        let mut put = |at: usize, word: u32| bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        put(4, 0); // key: inherit
        put(16, 2); // value: bytes
        put(20, 5200);
        put(24, 3);
        put(28, 1); // inherit-headers
        put(32, 5100); // headers
        put(36, 1);
        put(40, 0); // timestamp: none
        put(56, 1); // partition
        put(60, 2);
        bytes
    };
    let header: Vec<u8> = [5203u32, 4, 1, 5207, 2].iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut guest = answering(&[2, 5000, 1, 0, 0, 0], &emission);
    guest.data += &[segment(5100, &header), segment(5200, b"newnamehv")].concat();
    let reply = call(&mut guest.instance(), &Records::many(1)).unwrap();
    assert_eq!(reply.outcomes, [Outcome::Emit { first: 0, count: 1 }]);
    let emission = reply.emissions[0];
    assert_eq!(
        (emission.key, emission.inherit_headers, emission.timestamp, emission.partition),
        (Field::Inherit, true, None, Some(2))
    );
    assert!(matches!(emission.value, Field::Bytes(span) if reply.slice(span) == Some(b"new")));
    let own = reply.headers(emission.headers).unwrap();
    assert_eq!((reply.slice(own[0].name), reply.slice(own[0].value.unwrap())), (Some(&b"name"[..]), Some(&b"hv"[..])));
}

#[test]
fn what_breaks_the_contract_is_a_protocol_violation() {
    for (what, guest) in [
        ("an output that is not there", answering(&[0, 1, 0, 0, 0, 0], b"")),
        ("an outcome that is none", answering(&[9, 0, 0, 0, 0, 0], b"")),
        ("a code that is none", answering(&[3, 5000, 2, 5000, 0, 0], b"No")),
        ("text that is none", answering(&[3, 5000, 1, 5001, 1, 0], b"a\xff")),
        ("a message that is too long", answering(&[3, 5000, 1, 5000, 1025, 0], &[b'a'; 1025])),
        ("a list outside of memory", answering(&[1, u32::MAX, 7, 0, 0, 0], b"")),
    ] {
        assert_eq!(kind(&mut guest.instance(), &Records::many(1)), GuestFailureKind::Protocol, "{what}");
    }
    let mut instance = answering(&[0; 6], b"").instance();
    assert_eq!(kind(&mut instance, &Records::many(2)), GuestFailureKind::Protocol, "one answer for two records");
}

#[test]
fn only_what_the_plugin_reads_crosses() {
    // Forwards where the value was sent (bytes: 2), drops where it was not (unread: 0). A record takes 56 bytes.
    let code = "(i32.store8 (i32.const 4096) (i32.eqz (i32.load8_u offset=36 (local.get $records))))
        (i32.store (i32.const 0) (i32.const 4096)) (i32.store (i32.const 4) (i32.const 1)) (i32.const 0)";
    let with = |reads: &[&str]| {
        let manifest = json!({ "name": "guest", "version": "1", "outputs": [{ "name": "out" }], "reads": reads });
        let mut instance = Guest { manifest, ..Guest::typed(code) }.instance();
        call(&mut instance, &Records::many(1)).unwrap().outcomes[0]
    };
    assert_eq!((with(&["value"]), with(&["key"])), (Outcome::Forward { output: 0 }, Outcome::Drop));
}
