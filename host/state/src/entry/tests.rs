use super::*;
use proptest::prelude::*;

#[test]
fn a_value_expires_when_it_is_older_than_its_time_to_live_and_not_before() {
    let ttl = Some(Duration::from_millis(10));
    assert!(!has_expired(Some(100), ttl, Some(110)));
    assert!(has_expired(Some(100), ttl, Some(111)));
    assert!(!has_expired(None, ttl, Some(i64::MAX)), "without a timestamp");
    assert!(!has_expired(Some(i64::MIN + 1), ttl, None), "before any record was seen");
    assert!(!has_expired(Some(0), None, Some(i64::MAX)), "without a time to live");
    assert!(has_expired(Some(i64::MIN + 1), ttl, Some(i64::MAX)), "no overflow");
}

#[test]
fn a_partitions_range_ends_where_the_next_one_begins() {
    let (lower, upper) = range(7, b"", None);
    assert_eq!(lower, Bound::Included(vec![0, 0, 0, 7]));
    assert_eq!(upper, Bound::Excluded(vec![0, 0, 0, 8]));
    assert_eq!(range(255, &[0xff, 0xff], None).1, Bound::Excluded(vec![0, 0, 1]));
    assert_eq!(successor(&[0xff, 0xff]), None);
}

#[test]
fn no_partition_reaches_the_marks() {
    use std::ops::RangeBounds;
    for partition in [0, 1, i32::MAX] {
        assert!(!range(i32::MAX, b"", None).contains(&mark_key(partition)));
    }
    assert!(mark_key(1) < mark_key(256), "in the order of partitions");
}

#[test]
fn what_is_too_short_is_none_of_ours() {
    assert_eq!(own_value(&[1, 2, 3]), None);
    assert_eq!(own_key(&[0, 0, 1]), None);
}

proptest! {
    #[test]
    fn a_value_comes_back_as_it_went_in(written in proptest::option::of(i64::MIN + 1..), value: Vec<u8>) {
        let stored = tree_value(written, &value);
        prop_assert_eq!(own_value(&stored), Some((written, value.as_slice())));
    }

    #[test]
    fn a_key_is_in_the_range_if_it_begins_with_the_prefix_and_comes_after(
        partition in 0i32.., prefix in proptest::collection::vec(prop_oneof![Just(0u8), Just(255u8), Just(7u8)], 0..3),
        key in proptest::collection::vec(prop_oneof![Just(0u8), Just(255u8), Just(7u8)], 0..4),
        after in proptest::option::of(proptest::collection::vec(prop_oneof![Just(0u8), Just(255u8), Just(7u8)], 0..4)),
    ) {
        use std::ops::RangeBounds;
        let expected = key.starts_with(&prefix) && after.as_ref().is_none_or(|after| key > *after);
        let (lower, upper) = range(partition, &prefix, after.as_deref());
        prop_assert_eq!((lower, upper).contains(&tree_key(partition, &key)), expected);
    }
}
