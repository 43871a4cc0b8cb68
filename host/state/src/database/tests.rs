use super::*;
use crate::RestoredRecord;
use crate::partition::Applied;
use std::path::PathBuf;
use wasmill_record::CommitOffset;

fn settings(name: &str) -> Vec<StoreSettings> {
    vec![StoreSettings { name: name.into(), topic_id: "topic".into(), ttl: None }]
}

fn open(folder: &tempfile::TempDir) -> Result<Database, OpenError> {
    Database::open(folder.path(), &CacheLimits::default())
}

/// With one committed value.
fn fill(database: &Database) {
    let stores = database.stores("cluster", "group", settings("s")).unwrap();
    let partition = stores.partition(0).unwrap();
    partition.restored(None, &[CommitOffset::at(0)], 0).unwrap();
    partition.change(0, b"a", Some(b"1"), None).unwrap();
    partition.apply(&Applied { token: "t", ends: &[], now_ms: 0 }).unwrap();
}

fn value(database: &Database) -> Option<Vec<u8>> {
    let stores = database.stores("cluster", "group", settings("s")).unwrap();
    stores.committed(0).get(0, b"a").unwrap().map(|it| it.value)
}

fn aside(folder: &tempfile::TempDir) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut aside: Vec<PathBuf> = all.filter(|path| path.to_string_lossy().contains("stores-aside-")).collect();
    aside.sort();
    aside
}

#[test]
fn a_directory_belongs_to_one_and_the_other_is_told_to_whom() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    let error = open(&folder).err().unwrap().to_string();
    assert!(error.contains(&format!("process {} since 20", std::process::id())), "{error}");
    drop(database);
    open(&folder).unwrap();
}

#[test]
fn what_was_there_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    fill(&database);
    drop(database);
    assert_eq!(value(&open(&folder).unwrap()).as_deref(), Some(b"1".as_slice()));
    assert!(aside(&folder).is_empty());
}

#[test]
fn what_does_not_open_is_set_aside_by_name_and_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("stores")).unwrap();
    std::fs::write(folder.path().join("stores/version"), "of something else").unwrap();
    let database = open(&folder).unwrap();
    assert_eq!(value(&database), None);
    let kept = aside(&folder);
    assert_eq!(kept.len(), 1);
    assert_eq!(std::fs::read_to_string(kept[0].join("version")).unwrap(), "of something else");
}

#[test]
fn another_format_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    fill(&database);
    drop(database);
    std::fs::write(folder.path().join("stores/FORMAT"), "wasmill state cache 0\n").unwrap();
    assert_eq!(value(&open(&folder).unwrap()), None);
    assert_eq!(aside(&folder).len(), 1);
}

#[test]
fn what_was_found_damaged_is_not_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    fill(&database);
    let stores = database.stores("cluster", "group", settings("s")).unwrap();
    let partition = stores.partition(0).unwrap();
    let error = database.shared.condemn("a test says so");
    assert!(!error.may_pass());
    assert_eq!(stores.committed(0).get(0, b"a"), Err(error.clone()), "nothing is read of it any more");
    assert_eq!(partition.apply(&Applied { token: "t2", ends: &[], now_ms: 0 }), Err(error));
    drop((partition, stores, database));
    assert_eq!(value(&open(&folder).unwrap()), None);
    let kept = aside(&folder);
    assert_eq!(std::fs::read_to_string(kept[0].join("DAMAGED")).unwrap(), "a test says so");
}

#[test]
fn only_the_latest_are_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..4 {
        let database = open(&folder).unwrap();
        database.shared.condemn("again");
    }
    open(&folder).unwrap();
    assert_eq!(aside(&folder).len(), 2);
}

#[test]
fn a_directory_that_may_not_be_renamed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let error = Database::open(&folder.path().join("file"), &CacheLimits::default()).err().unwrap();
    assert!(error.to_string().contains("file"), "{error}");
}

#[test]
fn names_are_checked_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    let refused = |stores| database.stores("cluster", "group", stores).err().unwrap().to_string();
    assert!(refused(settings("retry")).contains("reserved"));
    assert!(refused(settings("a.b")).contains("a-z"));
    assert!(refused([settings("a"), settings("a")].concat()).contains("twice"));
}

#[test]
fn a_group_is_of_one_cluster_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    let here = database.stores("here", "group", settings("s")).unwrap();
    database.stores("here", "group", settings("s")).unwrap();
    let error = database.stores("there", "group", settings("s")).err().unwrap();
    assert!(error.to_string().contains("here and there"), "{error}");
    drop(here);
    database.stores("there", "group", settings("s")).unwrap();
}

/// A pipeline that starts again may leave a thread of its former start behind.
#[test]
fn only_the_last_use_of_a_groups_stores_writes() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    let former = database.stores("cluster", "group", settings("s")).unwrap().partition(0).unwrap();
    former.restored(None, &[CommitOffset::at(3)], 0).unwrap();
    let other = database.stores("cluster", "other", settings("s")).unwrap().partition(0).unwrap();
    let latter = database.stores("cluster", "group", settings("s")).unwrap().partition(0).unwrap();
    let record = RestoredRecord { key: b"k", value: Some(b"old"), timestamp_ms: None };
    // So many become a table of their own, which is another way to write.
    let keys: Vec<[u8; 4]> = (0..30_000u32).map(u32::to_be_bytes).collect();
    let many: Vec<_> = keys.iter().map(|key| RestoredRecord { key, ..record }).collect();
    for refused in [
        former.clear(0),
        former.restore(0, &[record], CommitOffset::at(4), 0),
        former.restore(0, &many, CommitOffset::at(4), 0),
        former.restored(Some("t"), &[CommitOffset::at(4)], 0),
        former.apply(&Applied { token: "t", ends: &[], now_ms: 0 }),
    ] {
        assert!(matches!(refused, Err(CacheError::TakenOver)), "{refused:?}");
    }
    assert_eq!(latter.committed().get(0, b"k").unwrap().map(|value| value.value), None);
    latter.restore(0, &[RestoredRecord { value: Some(b"new"), ..record }], CommitOffset::at(4), 0).unwrap();
    other.restored(None, &[CommitOffset::at(0)], 0).unwrap();
    assert_eq!(latter.committed().get(0, b"k").unwrap().unwrap().value, b"new");
}

#[test]
fn stores_say_what_they_take_up() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).unwrap();
    fill(&database);
    let stores = database.stores("cluster", "group", settings("s")).unwrap();
    let sizes = stores.sizes().unwrap();
    assert_eq!((sizes.len(), sizes[0].name.as_str()), (1, "s"));
    assert!((1..=3).contains(&sizes[0].keys_approx), "the value, and each mark so far: {sizes:?}");
    let usage = database.usage().unwrap();
    assert!(usage.write_buffer_bytes > 0 && usage.disk_bytes > 0, "{usage:?}");
}

#[test]
fn write_buffers_are_bounded_over_all_stores() {
    let folder = tempfile::tempdir().unwrap();
    let limits = CacheLimits { write_buffer_bytes: 256 << 10, ..CacheLimits::default() };
    let database = Database::open(folder.path(), &limits).unwrap();
    let names = ["a", "b", "c", "d"];
    let stores = database.stores("cluster", "group", names.map(settings).concat()).unwrap();
    let partition = stores.partition(0).unwrap();
    partition.restored(None, &[CommitOffset::at(0); 4], 0).unwrap();
    for n in 0..1_000u32 {
        let store = u16::try_from(n % 4).unwrap();
        partition.change(store, &n.to_be_bytes(), Some(&[7; 4_000]), None).unwrap();
        partition.apply(&Applied { token: "t", ends: &[], now_ms: 0 }).unwrap();
        let held = database.usage().unwrap().write_buffer_bytes;
        assert!(held < 2 * limits.write_buffer_bytes, "{held} bytes after {n} writes");
    }
}
