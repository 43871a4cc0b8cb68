use super::{Kind, Text, is_id, present, read};
use serde::Deserialize;
use std::borrow::Cow;

#[derive(Debug, Deserialize)]
struct Message<'r> {
    #[serde(borrow)]
    name: Text<'r>,
    #[serde(default, deserialize_with = "present")]
    count: Option<i64>,
}

#[test]
fn only_what_was_escaped_is_copied() {
    let plain: Message<'_> = read(br#"{"name": "caf\u00e9"}"#).unwrap();
    assert!(matches!(plain.name.0, Cow::Owned(ref name) if name == "caf\u{e9}"), "{plain:?}");
    let plain: Message<'_> = read("{\"name\": \"caf\u{e9}\"}".as_bytes()).unwrap();
    assert!(matches!(plain.name.0, Cow::Borrowed("caf\u{e9}")), "{plain:?}");
}

#[test]
fn each_mistake_has_its_kind() {
    for (value, kind) in [
        (&b"\"\xff\""[..], Kind::InvalidJson),
        (b"", Kind::InvalidJson),
        (br#"{"name": "a"} x"#, Kind::InvalidJson),
        (br#"{"count": 1}"#, Kind::MissingField),
        (br#"{"name": "a", "n\u0061me": "a"}"#, Kind::DuplicateField),
        (br#"{"name": 1}"#, Kind::WrongType),
        (br#"{"name": null}"#, Kind::WrongType),
        (br#"{"name": "a", "count": null}"#, Kind::WrongType),
        (br#"{"name": "a", "count": 1.0}"#, Kind::WrongType),
        (br#"{"name": "a", "count": 9223372036854775808}"#, Kind::WrongType),
        (b"[]", Kind::WrongType),
        (br#"["a", 1]"#, Kind::WrongType),
        (b"\"\"", Kind::WrongType),
    ] {
        let mistake = read::<Message<'_>>(value).unwrap_err();
        assert_eq!(mistake.kind, kind, "{}: {}", String::from_utf8_lossy(value), mistake.message);
    }
    let message: Message<'_> = read(br#"{"name": "a", "count": 9223372036854775807, "more": null}"#).unwrap();
    assert_eq!(message.count, Some(i64::MAX));
}

#[test]
fn an_id_is_short_and_has_no_spaces() {
    for id in ["a", "o-1", "\u{9867}\u{5ba2}-7", &"x".repeat(64)] {
        assert!(is_id(id), "{id}");
    }
    for text in ["", "o 1", "o\n1", "o\u{0}", "o\u{a0}1", "o\u{85}", &"x".repeat(65), &"\u{9867}".repeat(22)] {
        assert!(!is_id(text), "{text:?}");
    }
}
