use super::*;
use crate::{CacheLimits, Database, StoreSettings, Stores};
use std::time::Duration;
use wasmill_record::{ChangelogEnd, CommitOffset, ReadState};

mod model;

pub(crate) const TTL: Duration = Duration::from_millis(100);

/// Store 0 keeps its values, store 1 has a time to live.
pub(crate) fn settings() -> Vec<StoreSettings> {
    let store = |name: &str, ttl| StoreSettings { name: name.into(), topic_id: format!("{name}-topic"), ttl };
    vec![store("kept", None), store("fading", Some(TTL))]
}

pub(crate) struct Fixture {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) database: Database,
    pub(crate) stores: Stores,
}

pub(crate) fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path(), &CacheLimits::default()).unwrap();
    let stores = database.stores("cluster", "group", settings()).unwrap();
    Fixture { folder, database, stores }
}

impl Fixture {
    pub(crate) fn restored(&self, partition: i32) -> Arc<Partition> {
        let partition = self.stores.partition(partition).unwrap();
        partition.restored(None, &[CommitOffset::at(0); 2], 0).unwrap();
        partition
    }

    /// Closed and opened again.
    pub(crate) fn again(self) -> Fixture {
        let Fixture { folder, database, stores } = self;
        drop((stores, database));
        let database = Database::open(folder.path(), &CacheLimits::default()).unwrap();
        let stores = database.stores("cluster", "group", settings()).unwrap();
        Fixture { folder, database, stores }
    }
}

fn get(partition: &Partition, store: u16, key: &str) -> Option<String> {
    let mut into = b"before".to_vec();
    let length = partition.get(store, key.as_bytes(), &mut into).unwrap();
    assert_eq!(into.len(), 6 + length.unwrap_or(0), "what was there stays, and nothing is added for nothing");
    length.map(|_| String::from_utf8(into.split_off(6)).unwrap())
}

fn put(partition: &Partition, store: u16, key: &str, value: &str, timestamp_ms: i64) {
    partition.observe(Some(timestamp_ms));
    partition.change(store, key.as_bytes(), Some(value.as_bytes()), Some(timestamp_ms)).unwrap();
}

fn scan(partition: &Partition, store: u16, prefix: &str, after: Option<&str>, max: usize) -> Vec<String> {
    let mut found = Vec::new();
    let each = &mut |key: &[u8], value: &[u8]| {
        found.push(format!("{}={}", String::from_utf8_lossy(key), String::from_utf8_lossy(value)));
        found.len() < max
    };
    partition.scan(store, prefix.as_bytes(), after.map(str::as_bytes), each).unwrap();
    found
}

fn committed(partition: &Partition, store: u16, key: &str) -> Option<String> {
    let value = partition.committed().get(store, key.as_bytes()).unwrap();
    value.map(|it| String::from_utf8(it.value).unwrap())
}

fn applied(token: &str) -> Applied<'_> {
    Applied { token, ends: &[], now_ms: 1 }
}

#[test]
fn a_change_is_read_at_once_and_committed_by_apply_only() {
    let fixture = fixture();
    let partition = fixture.restored(3);
    put(&partition, 0, "a", "1", 5);
    assert_eq!(get(&partition, 0, "a").as_deref(), Some("1"));
    assert_eq!(committed(&partition, 0, "a"), None);
    partition.apply(&applied("t1")).unwrap();
    assert_eq!(committed(&partition, 0, "a").as_deref(), Some("1"));
    assert_eq!(get(&partition, 0, "a").as_deref(), Some("1"));
    assert!(partition.changes() == 0 && partition.overlay_bytes() == 0);
    let value = partition.committed().get(0, b"a").unwrap().unwrap();
    assert_eq!(value.timestamp_ms, Some(5));
}

#[test]
fn an_abort_takes_back_changes_and_deletions() {
    let fixture = fixture();
    let partition = fixture.restored(0);
    put(&partition, 0, "a", "1", 5);
    partition.apply(&applied("t1")).unwrap();
    put(&partition, 0, "a", "2", 6);
    partition.change(0, b"a", None, Some(7)).unwrap();
    put(&partition, 0, "b", "3", 6);
    assert_eq!((get(&partition, 0, "a"), get(&partition, 0, "b").as_deref()), (None, Some("3")));
    partition.drop_changes();
    assert_eq!((get(&partition, 0, "a").as_deref(), get(&partition, 0, "b")), (Some("1"), None));
}

#[test]
fn partitions_stores_and_groups_never_meet() {
    let fixture = fixture();
    let (one, two) = (fixture.restored(1), fixture.restored(2));
    put(&one, 0, "a", "1", 5);
    one.apply(&applied("t1")).unwrap();
    assert_eq!((get(&two, 0, "a"), get(&one, 1, "a")), (None, None));
    assert_eq!(scan(&two, 0, "", None, 9), [""; 0]);
    let other = fixture.database.stores("cluster", "other", settings()).unwrap();
    assert_eq!(get(&other.partition(1).unwrap(), 0, "a"), None);
    assert_eq!(two.marks()[0].as_ref().unwrap().token, None, "a mark is of one partition");
}

#[test]
fn the_partitions_that_are_cached_are_known_without_their_owners() {
    let fixture = fixture();
    assert_eq!(fixture.stores.cached_partitions().unwrap(), [0; 0]);
    for partition in [300, 2, i32::MAX] {
        put(&fixture.restored(partition), 0, "a", "1", 5);
    }
    let fixture = fixture.again();
    assert_eq!(fixture.stores.cached_partitions().unwrap(), [2, 300, i32::MAX]);
    let partition = fixture.stores.partition(2).unwrap();
    partition.clear(0).unwrap();
    partition.clear(1).unwrap();
    assert_eq!(fixture.stores.cached_partitions().unwrap(), [300, i32::MAX]);
    assert!(fixture.stores.partition(-1).is_err());
}

#[test]
fn a_mark_goes_with_its_values_over_a_restart() {
    let fixture = fixture();
    let partition = fixture.restored(3);
    put(&partition, 0, "a", "1", 70);
    let end = |store, partition, next| ChangelogEnd { store, partition, next: CommitOffset::at(next) };
    let ends = [end(0, 3, 8), end(0, 4, 99), end(0, 3, 6)];
    partition.apply(&Applied { token: "i:r:0:1", ends: &ends, now_ms: 1234 }).unwrap();
    drop(partition);
    let fixture = fixture.again();
    let partition = fixture.stores.partition(3).unwrap();
    assert_eq!(get(&partition, 0, "a").as_deref(), Some("1"));
    let expected = |store: &str, next| Mark {
        cluster_id: "cluster".into(),
        topic_id: format!("{store}-topic"),
        next: CommitOffset::at(next),
        token: Some("i:r:0:1".into()),
        applied_ms: 1234,
        stream_time_ms: Some(70),
    };
    assert_eq!(partition.marks(), [Some(expected("kept", 8)), Some(expected("fading", 0))]);
    assert_eq!(partition.stream_time_ms(), Some(70), "expiry goes on where it was");
}

#[test]
fn changes_go_out_once_per_key_and_an_error_ends_it() {
    let fixture = fixture();
    let partition = fixture.restored(0);
    put(&partition, 1, "b", "1", 5);
    put(&partition, 0, "a", "2", 6);
    partition.change(1, b"b", None, None).unwrap();
    let mut seen = Vec::new();
    let result: Result<(), &str> = partition.each_change(|change| {
        seen.push((change.store, change.key.to_vec(), change.value.map(<[u8]>::to_vec), change.timestamp_ms));
        Ok(())
    });
    result.unwrap();
    assert_eq!(seen, [(1, b"b".to_vec(), None, Some(6)), (0, b"a".to_vec(), Some(b"2".to_vec()), Some(6))]);
    let mut calls = 0;
    let result = partition.each_change(|_| {
        calls += 1;
        Err("full")
    });
    assert_eq!((result, calls), (Err("full"), 1));
    assert_eq!(partition.changes(), 2, "they are still to be applied");
}

#[test]
fn a_full_disk_keeps_the_overlay_readable_until_it_is_applied() {
    let fixture = fixture();
    let partition = fixture.restored(0);
    put(&partition, 0, "a", "1", 5);
    fixture.database.faults().no_space(2);
    for _ in 0..2 {
        let error = partition.apply(&applied("t1")).unwrap_err();
        assert!(error.is_full() && error.may_pass(), "{error}");
        assert_eq!((get(&partition, 0, "a").as_deref(), committed(&partition, 0, "a")), (Some("1"), None));
        assert_eq!(partition.marks()[0].as_ref().unwrap().token, None);
    }
    partition.apply(&applied("t1")).unwrap();
    assert_eq!(committed(&partition, 0, "a").as_deref(), Some("1"));
    assert_eq!(partition.marks()[0].as_ref().unwrap().token.as_deref(), Some("t1"));
}

#[test]
fn what_was_never_restored_is_not_applied() {
    let fixture = fixture();
    let partition = fixture.stores.partition(0).unwrap();
    put(&partition, 0, "a", "1", 5);
    assert_eq!(partition.apply(&applied("t1")), Err(CacheError::NotRestored("kept".into())));
}

#[test]
fn a_store_that_is_not_there_and_a_key_too_long_are_errors() {
    let fixture = fixture();
    let partition = fixture.restored(0);
    let long = vec![0; 65_532];
    assert!(matches!(partition.change(0, &long, None, None), Err(CacheError::KeyTooLong { bytes: 65_532, .. })));
    assert_eq!(partition.change(2, b"a", None, None), Err(CacheError::NoSuchStore(2)));
    assert!(partition.get(2, b"a", &mut Vec::new()).is_err());
    assert!(partition.scan(2, b"", None, &mut |_, _| true).is_err());
    assert_eq!(partition.get(0, &long, &mut Vec::new()), Ok(None), "no such key can be there");
    partition.change(0, &long[1..], Some(b"longest"), None).unwrap();
    partition.apply(&applied("t1")).unwrap();
    let value = partition.committed().get(0, &long[1..]).unwrap().unwrap();
    assert_eq!(value.value, b"longest");
}

#[test]
fn a_scan_merges_what_is_changed_with_what_is_committed() {
    let fixture = fixture();
    let partition = fixture.restored(0);
    for key in ["a", "b1", "b2", "b3", "c"] {
        put(&partition, 0, key, "old", 5);
    }
    partition.apply(&applied("t1")).unwrap();
    put(&partition, 0, "b2", "new", 6);
    put(&partition, 0, "b0", "new", 6);
    put(&partition, 0, "b4", "new", 6);
    partition.change(0, b"b3", None, None).unwrap();
    assert_eq!(scan(&partition, 0, "b", None, 9), ["b0=new", "b1=old", "b2=new", "b4=new"]);
    assert_eq!(scan(&partition, 0, "b", Some("b1"), 9), ["b2=new", "b4=new"]);
    assert_eq!(scan(&partition, 0, "b", Some("a"), 1), ["b0=new"]);
    assert_eq!(scan(&partition, 0, "b", Some("c"), 9), [""; 0]);
    assert_eq!(scan(&partition, 0, "", Some("b3"), 9), ["b4=new", "c=old"]);
}

#[test]
fn what_has_expired_is_not_there_and_is_swept_a_few_keys_at_a_time() {
    let fixture = fixture();
    let partition = fixture.restored(0);
    put(&partition, 0, "kept", "1", 0);
    for (at, key) in ["a", "b", "c", "d"].iter().enumerate() {
        put(&partition, 1, key, "1", i64::try_from(at).unwrap());
    }
    partition.apply(&applied("t1")).unwrap();
    partition.observe(Some(102));
    assert_eq!(get(&partition, 1, "b"), None, "written at 1, 101 ago");
    assert_eq!(get(&partition, 1, "c").as_deref(), Some("1"), "written at 2, 100 ago");
    assert_eq!(scan(&partition, 1, "", None, 9), ["c=1", "d=1"]);
    put(&partition, 1, "b", "again", 102);
    assert_eq!(get(&partition, 1, "b").as_deref(), Some("again"));
    let expired = |max| -> Vec<String> {
        let keys = partition.expired(max).unwrap();
        assert!(keys.iter().all(|key| key.store == 1), "a store without a time to live is not looked at");
        keys.into_iter().map(|key| String::from_utf8(key.key).unwrap()).collect()
    };
    assert_eq!(expired(3), ["a"], "b is changed by the open transaction");
    partition.observe(Some(200));
    assert_eq!(expired(2), ["d"], "it goes on where it was, to the end");
    assert_eq!(expired(9), ["a", "c", "d"], "and begins again");
    partition.change(1, b"a", None, None).unwrap();
    assert_eq!(expired(9), ["c", "d"]);
    partition.apply(&applied("t2")).unwrap();
    assert_eq!(committed(&partition, 1, "b").as_deref(), Some("again"));
    assert_eq!(committed(&partition, 1, "c"), None, "expired for those who look on too");
}

#[test]
fn a_restore_goes_on_where_it_was_cut_off_and_is_exact_only_at_its_end() {
    let fixture = fixture();
    let partition = fixture.stores.partition(0).unwrap();
    let record = |key: &'static str, value: Option<&'static str>, timestamp_ms| RestoredRecord {
        key: key.as_bytes(),
        value: value.map(str::as_bytes),
        timestamp_ms: Some(timestamp_ms),
    };
    let chunk = [record("a", Some("1"), 1), record("b", Some("1"), 2), record("a", Some("2"), 3), record("b", None, 4)];
    partition.restore(0, &chunk, CommitOffset::at(40), 1000).unwrap();
    drop(partition);
    let fixture = fixture.again();
    let partition = fixture.stores.partition(0).unwrap();
    assert_eq!((get(&partition, 0, "a").as_deref(), get(&partition, 0, "b")), (Some("2"), None));
    let mark = partition.marks().remove(0).unwrap();
    assert_eq!((mark.next.next(), mark.token, mark.applied_ms, mark.stream_time_ms), (40, None, 1000, Some(4)));
    assert_eq!(partition.marks()[1], None);
    partition.restore(0, &[], CommitOffset::at(50), 2000).unwrap();
    assert_eq!(partition.marks()[0].as_ref().unwrap().applied_ms, 1000, "as old as when it began");
    partition.restored(Some("t"), &[CommitOffset::at(50), CommitOffset::at(0)], 3000).unwrap();
    for mark in partition.marks() {
        let mark = mark.unwrap();
        assert_eq!((mark.token.as_deref(), mark.applied_ms), (Some("t"), 3000));
    }
    assert!(partition.restored(None, &[CommitOffset::at(1)], 0).is_err(), "one position per store");
}

#[test]
fn a_large_chunk_is_restored_as_a_small_one_is() {
    let fixture = fixture();
    let partition = fixture.stores.partition(1).unwrap();
    let keys: Vec<[u8; 4]> = (0..25_000u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let record = |key, value| RestoredRecord { key, value, timestamp_ms: Some(7) };
    let mut small: Vec<_> = keys[..100].iter().map(|key| record(key.as_slice(), Some(b"small".as_slice()))).collect();
    partition.restore(0, &small, CommitOffset::at(100), 0).unwrap();
    let mut large: Vec<_> = keys.iter().map(|key| record(key.as_slice(), Some(b"old".as_slice()))).collect();
    large.extend(keys.iter().map(|key| record(key.as_slice(), Some(b"new".as_slice()))));
    large.extend(keys[..10].iter().map(|key| record(key.as_slice(), None)));
    partition.restore(0, &large, CommitOffset::at(60_000), 0).unwrap();
    small.truncate(5);
    partition.restore(0, &small, CommitOffset::at(60_005), 0).unwrap();
    let look = |partition: &Partition| {
        for (at, key) in keys.iter().enumerate() {
            let mut value = Vec::new();
            partition.get(0, key, &mut value).unwrap();
            let expected: &[u8] = match at {
                0..5 => b"small",
                5..10 => b"",
                _ => b"new",
            };
            assert_eq!(value, expected, "key {at}");
        }
        assert_eq!(partition.marks()[0].as_ref().unwrap().next.next(), 60_005);
    };
    look(&partition);
    drop(partition);
    look(&fixture.again().stores.partition(1).unwrap());
}

#[test]
fn a_cleared_store_is_empty_and_has_no_mark_and_others_are_as_they_were() {
    let fixture = fixture();
    let (one, two) = (fixture.restored(1), fixture.restored(2));
    for partition in [&one, &two] {
        // More than one round.
        for at in 0..5_500 {
            put(partition, 0, &format!("{at:05}"), "1", 5);
        }
        put(partition, 1, "a", "1", 5);
        partition.apply(&applied("t1")).unwrap();
    }
    one.clear(0).unwrap();
    assert_eq!(scan(&one, 0, "", None, usize::MAX).len(), 0);
    assert_eq!(get(&one, 1, "a").as_deref(), Some("1"));
    assert_eq!(scan(&two, 0, "", None, usize::MAX).len(), 5_500);
    let again = fixture.stores.partition(1).unwrap();
    assert!(again.marks()[0].is_none() && again.marks()[1].is_some(), "on the disk too");
}

#[test]
fn the_mark_goes_before_the_entries_when_a_store_is_cleared() {
    let fixture = fixture();
    let partition = fixture.restored(0);
    put(&partition, 0, "a", "1", 5);
    partition.apply(&applied("t1")).unwrap();
    fixture.database.faults().no_space_after(1);
    assert!(partition.clear(0).unwrap_err().is_full());
    assert!(fixture.stores.partition(0).unwrap().marks()[0].is_none());
    partition.clear(0).unwrap();
    assert_eq!(get(&partition, 0, "a"), None);
}

#[test]
fn another_changelog_is_not_replayed_over_an_old_one() {
    let fixture = fixture();
    fixture.restored(0);
    let mut settings = settings();
    settings[0].topic_id = "new".into();
    let stores = fixture.database.stores("cluster", "group", settings).unwrap();
    let partition = stores.partition(0).unwrap();
    assert!(matches!(partition.restore(0, &[], CommitOffset::at(1), 0), Err(CacheError::Refused(_))));
    partition.clear(0).unwrap();
    partition.restore(0, &[], CommitOffset::at(1), 0).unwrap();
}

/// What a reset leaves: deletions, whose times are those of the reset, and offsets anywhere.
#[test]
fn a_stream_that_begins_anew_has_no_time_of_the_one_before() {
    let fixture = fixture();
    let partition = fixture.restored(0);
    put(&partition, 1, "k", "v", 1_000_000);
    partition.apply(&Applied { token: "t", ends: &[], now_ms: 0 }).unwrap();
    let partition = fixture.stores.partition(0).unwrap();
    let deleted = RestoredRecord { key: b"k", value: None, timestamp_ms: Some(2_000_000) };
    partition.restore(1, &[deleted], CommitOffset::at(1), 0).unwrap();
    partition.restored(Some("reset"), &[CommitOffset::at(0), CommitOffset::at(1)], 0).unwrap();
    put(&partition, 1, "k", "of long ago", 10);
    assert_eq!(get(&partition, 1, "k").as_deref(), Some("of long ago"));
}

#[test]
fn a_store_that_is_cleared_takes_its_time_with_it() {
    let fixture = fixture();
    let partition = fixture.restored(0);
    put(&partition, 1, "k", "v", 1_000_000);
    partition.apply(&Applied { token: "t", ends: &[], now_ms: 0 }).unwrap();
    partition.clear(0).unwrap();
    assert_eq!(partition.stream_time_ms(), Some(1_000_000), "of the other one");
    partition.clear(1).unwrap();
    assert_eq!(partition.stream_time_ms(), None);
}
