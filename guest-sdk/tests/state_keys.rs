//! Keys as authors have them: their bytes compare as they do, and a tool that knows the manifest alone reads them.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use std::borrow::Cow;
use std::fmt::Debug;
use wasmill_sdk::{AsKey, KeyPrefix, StoreKey};
use wasmill_wire::key::{KeyForm, KeyPart};

fn written<K: ?Sized>(key: impl AsKey<K>) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.write(&mut bytes);
    bytes
}

fn prefix<K: ?Sized>(prefix: impl KeyPrefix<K>) -> Vec<u8> {
    let mut bytes = Vec::new();
    prefix.write_prefix(&mut bytes);
    bytes
}

/// Order, the way back, and what the manifest's text makes of the same bytes.
fn check<K>(a: K, b: K, part: impl Fn(&K) -> KeyPart)
where
    K: StoreKey<Owned = K> + AsKey<K> + Ord + Debug,
{
    assert_eq!(written::<K>(&a).cmp(&written::<K>(&b)), a.cmp(&b), "{a:?} and {b:?}");
    let bytes = written::<K>(&a);
    assert_eq!(K::read(&bytes).as_ref(), Some(&a));
    let form = KeyForm::parse(&K::form()).expect("a tool knows the form");
    assert_eq!(form.read(&bytes), Some(part(&a)));
    assert_eq!(form.write(&part(&a)), Some(bytes));
}

fn text() -> impl Strategy<Value = String> {
    let letters = prop::sample::select(vec!['\0', '\u{1}', 'a', '\u{ff}']);
    prop_oneof![any::<String>(), prop::collection::vec(letters, 0..4).prop_map(|it| it.into_iter().collect())]
}

macro_rules! numbers {
    ($($name:ident: $number:ident $part:ident),*) => {
        proptest! {$(
            #[test]
            fn $name(a: $number, b: $number) {
                check(a, b, |it| KeyPart::$part((*it).into()));
                for edge in [$number::MIN, $number::MAX, 0, 1] {
                    check(a, edge, |it| KeyPart::$part((*it).into()));
                }
            }
        )*}
    };
}

numbers! {
    u8_is_in_order: u8 Unsigned, u16_is_in_order: u16 Unsigned, u32_is_in_order: u32 Unsigned,
    u64_is_in_order: u64 Unsigned, u128_is_in_order: u128 Unsigned,
    i8_is_in_order: i8 Signed, i16_is_in_order: i16 Signed, i32_is_in_order: i32 Signed,
    i64_is_in_order: i64 Signed, i128_is_in_order: i128 Signed
}

proptest! {
    #[test]
    fn text_is_in_order(a in text(), b in text()) {
        check(a, b, |it| KeyPart::Text(it.clone()));
    }

    #[test]
    fn bytes_are_in_order(a: Vec<u8>, b: Vec<u8>) {
        check(a, b, |it| KeyPart::Bytes(it.clone()));
    }

    #[test]
    fn pairs_are_in_order(a in (text(), any::<i64>()), b in (text(), any::<i64>())) {
        check(a, b, |(text, number)| KeyPart::Tuple(vec![KeyPart::Text(text.clone()), KeyPart::Signed((*number).into())]));
    }

    #[test]
    fn threes_are_in_order(a in (any::<bool>(), text(), text()), b in (any::<bool>(), text(), text())) {
        check(a, b, |(truth, first, second)| {
            KeyPart::Tuple(vec![KeyPart::Bool(*truth), KeyPart::Text(first.clone()), KeyPart::Text(second.clone())])
        });
    }

    #[test]
    fn tuples_in_tuples_are_in_order(
        a in ((text(), text()), any::<u8>(), any::<Vec<u8>>(), any::<bool>()),
        b in ((text(), text()), any::<u8>(), any::<Vec<u8>>(), any::<bool>()),
    ) {
        check(a, b, |((first, second), number, bytes, truth)| {
            let pair = KeyPart::Tuple(vec![KeyPart::Text(first.clone()), KeyPart::Text(second.clone())]);
            let number = KeyPart::Unsigned((*number).into());
            KeyPart::Tuple(vec![pair, number, KeyPart::Bytes(bytes.clone()), KeyPart::Bool(*truth)])
        });
    }

    #[test]
    fn a_key_begins_with_its_leading_parts_and_with_no_others(a in (text(), text(), any::<u8>()), other in text()) {
        type Key = (String, String, u8);
        let (first, second, _) = &a;
        let key = written::<Key>(&a);
        prop_assert!(key.starts_with(&prefix::<Key>((first,))));
        prop_assert!(key.starts_with(&prefix::<Key>((first, second))));
        prop_assert_eq!(key.starts_with(&prefix::<Key>((&other,))), other == *first);
    }
}

#[test]
fn what_is_the_same_key_has_the_same_bytes() {
    let same = [
        written::<str>("r-1"),
        written::<str>(String::from("r-1")),
        written::<str>(&Cow::Borrowed("r-1")),
        written::<String>("r-1"),
        written::<[u8]>(b"r-1"),
        written::<Vec<u8>>(&b"r-1"[..]),
    ];
    assert!(same.iter().all(|it| it == b"r-1"), "{same:?}");
    let pair = [
        written::<(String, u32)>(("r-1", 7)),
        written::<(String, u32)>((String::from("r-1"), &7)),
        written::<(String, u32)>(&("r-1", 7)),
    ];
    assert!(pair.iter().all(|it| it == b"r-1\x00\x01\x00\x00\x00\x07"), "{pair:?}");
}

#[test]
fn a_prefix_of_text_is_how_it_begins() {
    assert_eq!(prefix::<str>("r-"), b"r-");
    assert_eq!(prefix::<[u8]>(b"r-"), b"r-");
    assert_eq!(prefix::<(u64, bool)>(()), b"");
    assert_eq!(prefix::<(u16, bool, bool, bool)>((1, true, false)), [0, 1, 1, 0]);
}

#[test]
fn bytes_that_are_no_such_key_are_not_read() {
    assert_eq!(<str as StoreKey>::read(&[0xff]), None);
    assert_eq!(u32::read(&[0, 0, 1]), None, "too short");
    assert_eq!(u32::read(&[0, 0, 0, 1, 0]), None, "too long");
    assert_eq!(bool::read(&[2]), None);
    assert_eq!(<(String, u8)>::read(b"a\x00\x02\x00"), None, "an escape that is none");
    assert_eq!(<(String, u8)>::read(b"a"), None, "no end");
}
