use super::*;

fn change<'a>(store: u16, key: &'a [u8], value: Option<&'a [u8]>) -> OverlayChange<'a> {
    OverlayChange { store, key, value, timestamp_ms: Some(1) }
}

#[test]
fn a_key_appears_once_with_its_last_value_where_it_was_first_changed() {
    let mut overlay = Overlay::new(2);
    assert!(overlay.change(change(1, b"b", Some(b"1"))));
    assert!(overlay.change(change(0, b"a", Some(b"2"))));
    assert!(overlay.change(change(1, b"b", None)));
    assert!(overlay.change(change(0, b"b", Some(b"3"))));
    let all: Vec<_> = overlay.each().collect();
    assert_eq!(all, [change(1, b"b", None), change(0, b"a", Some(b"2")), change(0, b"b", Some(b"3"))]);
    assert!(overlay.get(1, b"b").is_some_and(|seen| seen.value.is_none()), "a deletion is seen");
    assert!(overlay.get(1, b"a").is_none(), "stores never meet");
}

#[test]
fn there_is_no_store_beyond_the_last() {
    let mut overlay = Overlay::new(1);
    assert!(!overlay.change(change(1, b"a", None)));
    assert!(overlay.get(1, b"a").is_none());
    assert_eq!(overlay.from(1, Bound::Unbounded).count(), 0);
}

#[test]
fn bytes_follow_what_is_held_and_are_nothing_after_a_clear() {
    let mut overlay = Overlay::new(1);
    overlay.change(change(0, b"key", Some(&[0; 100])));
    assert_eq!(overlay.bytes(), 103 + ENTRY_BYTES);
    overlay.change(change(0, b"key", Some(&[0; 10])));
    assert_eq!(overlay.bytes(), 13 + ENTRY_BYTES);
    overlay.change(change(0, b"key", None));
    assert_eq!(overlay.bytes(), 3 + ENTRY_BYTES);
    overlay.clear();
    assert_eq!((overlay.bytes(), overlay.len(), overlay.each().count()), (0, 0, 0));
    assert!(overlay.get(0, b"key").is_none());
}
