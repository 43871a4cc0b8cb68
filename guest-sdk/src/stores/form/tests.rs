use super::{Binary, Form, Json, Versioned, from_binary};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// As it was.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct First {
    balance: i64,
}

impl Versioned for First {
    const VERSION: u8 = 1;
}

/// As it is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Second {
    cents: i64,
    tier: String,
}

impl Versioned for Second {
    const VERSION: u8 = 2;

    fn migrate(version: u8, bytes: &[u8]) -> Option<Second> {
        let First { balance } = (version == First::VERSION).then(|| from_binary(bytes))??;
        Some(Second { cents: balance * 100, tier: "none".into() })
    }
}

fn written<F: Form<V>, V>(value: &V) -> Vec<u8> {
    let mut bytes = b"before".to_vec();
    F::write(value, &mut bytes).unwrap();
    assert!(bytes.starts_with(b"before"), "a form only appends");
    bytes.split_off(6)
}

#[test]
fn binary_is_a_version_and_messagepack() {
    let bytes = written::<Binary, _>(&Second { cents: 300, tier: "gold".into() });
    // An array of two: a 16-bit number, a text of four bytes.
    assert_eq!(bytes, b"\x02\x92\xcd\x01\x2c\xa4gold");
    assert_eq!(<Binary as Form<Second>>::read(&bytes), Ok(Second { cents: 300, tier: "gold".into() }));
}

#[test]
fn binary_can_be_shown_by_who_knows_nothing_of_the_type() {
    let bytes = written::<Binary, _>(&Second { cents: -1, tier: "gold".into() });
    let shown: serde_json::Value = rmp_serde::from_slice(&bytes[1..]).unwrap();
    assert_eq!(shown, serde_json::json!([-1, "gold"]));
}

#[test]
fn a_former_version_is_migrated() {
    let bytes = written::<Binary, _>(&First { balance: 3 });
    assert_eq!(<Binary as Form<Second>>::read(&bytes), Ok(Second { cents: 300, tier: "none".into() }));
}

#[test]
fn a_version_that_can_not_be_migrated_is_named() {
    let bytes = written::<Binary, _>(&Second { cents: 300, tier: "gold".into() });
    let why = <Binary as Form<First>>::read(&bytes).unwrap_err();
    assert_eq!(why, "it is of version 2, this plugin writes 1 and can't migrate it");
    let why = <Binary as Form<Second>>::read(b"\x01\xc1").unwrap_err();
    assert_eq!(why, "it is of version 1, this plugin writes 2 and can't migrate it");
}

#[test]
fn what_is_cut_off_or_goes_on_is_not_read() {
    let bytes = written::<Binary, _>(&Second { cents: 300, tier: "gold".into() });
    for end in 0..bytes.len() {
        assert!(<Binary as Form<Second>>::read(&bytes[..end]).is_err(), "{end} bytes");
    }
    let longer = [&bytes[..], b"\x00"].concat();
    assert!(<Binary as Form<Second>>::read(&longer).is_err(), "one byte more");
    assert!(<Json as Form<First>>::read(b"{\"balance\":1}x").is_err());
}

#[test]
fn json_that_can_not_be_is_an_error() {
    let why =
        <Json as Form<BTreeMap<Vec<u8>, u8>>>::write(&BTreeMap::from([(vec![1], 1)]), &mut Vec::new()).unwrap_err();
    assert!(why.contains("key must be a string"), "{why}");
}
