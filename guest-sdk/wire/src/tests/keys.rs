//! Keys: their bytes compare as their values do, and a tool reads what was written.

use crate::key::{KeyForm, KeyPart, Width, take_part, write_part};
use proptest::prelude::*;

fn form() -> impl Strategy<Value = KeyForm> {
    let width = || prop::sample::select(vec![Width::W8, Width::W16, Width::W32, Width::W64, Width::W128]);
    let plain = prop_oneof![
        Just(KeyForm::Text),
        Just(KeyForm::Bytes),
        Just(KeyForm::Bool),
        width().prop_map(KeyForm::Unsigned),
        width().prop_map(KeyForm::Signed),
    ];
    plain.prop_recursive(2, 8, 4, |part| prop::collection::vec(part, 2..=4).prop_map(KeyForm::Tuple))
}

/// Few different bytes, the special ones among them: neighbours, prefixes and equals are common.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(vec![0, 1, 2, b'a', 0xfe, 0xff]), 0..4)
}

fn part(form: &KeyForm) -> BoxedStrategy<KeyPart> {
    match form {
        KeyForm::Text => prop::collection::vec(prop::sample::select(vec!['\0', '\u{1}', 'a', '\u{ff}']), 0..4)
            .prop_map(|text| KeyPart::Text(text.into_iter().collect()))
            .boxed(),
        KeyForm::Bytes => bytes().prop_map(KeyPart::Bytes).boxed(),
        KeyForm::Bool => any::<bool>().prop_map(KeyPart::Bool).boxed(),
        KeyForm::Unsigned(width) => {
            let unused = 128 - *width as u32;
            number().prop_map(move |it| KeyPart::Unsigned(it << unused >> unused)).boxed()
        }
        KeyForm::Signed(width) => {
            let unused = 128 - *width as u32;
            number().prop_map(move |it| KeyPart::Signed((it << unused) as i128 >> unused)).boxed()
        }
        KeyForm::Tuple(forms) => forms.iter().map(part).collect::<Vec<_>>().prop_map(KeyPart::Tuple).boxed(),
    }
}

/// Small ones, and any.
fn number() -> impl Strategy<Value = u128> {
    prop_oneof![0..3_u128, any::<u128>(), (0..3_u128).prop_map(|it| !it)]
}

fn two() -> impl Strategy<Value = (KeyForm, KeyPart, KeyPart)> {
    form().prop_flat_map(|form| (part(&form), part(&form)).prop_map(move |(a, b)| (form.clone(), a, b)))
}

fn text(form: &KeyForm) -> String {
    match form {
        KeyForm::Text => "string".into(),
        KeyForm::Bytes => "bytes".into(),
        KeyForm::Bool => "bool".into(),
        KeyForm::Unsigned(width) => format!("u{}", *width as u32),
        KeyForm::Signed(width) => format!("i{}", *width as u32),
        KeyForm::Tuple(parts) => format!("({})", parts.iter().map(text).collect::<Vec<_>>().join(",")),
    }
}

proptest! {
    #[test]
    fn keys_compare_as_bytes_as_they_do_as_values((form, a, b) in two()) {
        prop_assert_eq!(form.write(&a).unwrap().cmp(&form.write(&b).unwrap()), a.cmp(&b));
    }

    #[test]
    fn what_was_written_is_read((form, a, _) in two()) {
        let written = form.write(&a).unwrap();
        prop_assert_eq!(form.read(&written), Some(a));
    }

    #[test]
    fn a_form_is_read_from_its_text(form in form()) {
        prop_assert_eq!(KeyForm::parse(&text(&form)), Some(form));
    }

    #[test]
    fn any_bytes_are_a_key_or_none(form in form(), key in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Some(part) = form.read(&key) {
            prop_assert_eq!(form.write(&part), Some(key), "there is one way to write a key");
        }
    }

    #[test]
    fn any_text_is_a_form_or_none(text in "[(),a-z0-9]{0,40}") {
        KeyForm::parse(&text);
    }

    #[test]
    fn what_follows_a_part_is_left(part in bytes(), behind in bytes()) {
        let mut written = Vec::new();
        write_part(&part, &mut written);
        written.extend_from_slice(&behind);
        let mut rest = written.as_slice();
        prop_assert_eq!(take_part(&mut rest), Some(part));
        prop_assert_eq!(rest, behind.as_slice());
    }
}

#[test]
fn the_bytes_of_keys_are_these() {
    let text = |it: &str| KeyPart::Text(it.into());
    let table = [
        ("string", text("a\0b"), &b"a\0b"[..]),
        ("(string,string)", KeyPart::Tuple(vec![text("a\0b"), text("")]), b"a\x00\xffb\x00\x01\x00\x01"),
        ("(bytes,bool)", KeyPart::Tuple(vec![KeyPart::Bytes(vec![0xff]), KeyPart::Bool(true)]), b"\xff\x00\x01\x01"),
        ("u32", KeyPart::Unsigned(258), b"\x00\x00\x01\x02"),
        ("i16", KeyPart::Signed(-1), b"\x7f\xff"),
        ("i16", KeyPart::Signed(0), b"\x80\x00"),
    ];
    for (form, part, bytes) in table {
        assert_eq!(KeyForm::parse(form).unwrap().write(&part).as_deref(), Some(bytes), "{form} {part:?}");
    }
}

#[test]
fn what_is_no_form_is_refused() {
    let deep = format!("{}u8{}", "(".repeat(100_000), ")".repeat(100_000));
    for wrong in ["", "utf8", "u7", "(u8)", "(u8,)", "(u8,u8", "(u8,u8)x", "(u8,u8,u8,u8,u8)", "u8,u8", "()", &deep] {
        assert_eq!(KeyForm::parse(wrong), None, "{}", &wrong[..wrong.len().min(20)]);
    }
}

#[test]
fn a_number_that_is_too_large_for_its_form_is_not_written() {
    assert_eq!(KeyForm::Unsigned(Width::W8).write(&KeyPart::Unsigned(256)), None);
    assert_eq!(KeyForm::Signed(Width::W8).write(&KeyPart::Signed(128)), None);
    assert_eq!(KeyForm::Signed(Width::W8).write(&KeyPart::Signed(-128)), Some(vec![0]));
    assert_eq!(KeyForm::Bool.write(&KeyPart::Unsigned(1)), None);
}
