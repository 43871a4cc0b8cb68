//! A store whose whole content follows from its mark: commit n writes n under the key n % KEYS, and position n.

#![allow(dead_code)] // each test uses its own part

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmill_record::{ChangelogEnd, CommitOffset};
use wasmill_state::{
    Applied, CacheError, CacheLimits, Committed, Database, Partition, RestoredRecord, StoreSettings, Stores,
};

pub(crate) const KEYS: i64 = 200;

/// Small, so that there are many tables.
pub(crate) const LIMITS: CacheLimits =
    CacheLimits { cache_bytes: 1 << 20, write_buffer_bytes: 300 << 10, open_files_max: 64 };

pub(crate) fn open(folder: &Path) -> (Database, Stores) {
    let database = Database::open(folder, &LIMITS).unwrap();
    let store = StoreSettings { name: "numbers".into(), topic_id: "topic".into(), ttl: None };
    let stores = database.stores("cluster", "group", vec![store]).unwrap();
    (database, stores)
}

pub(crate) fn begin(stores: &Stores) -> Arc<Partition> {
    let partition = stores.partition(0).unwrap();
    partition.restored(None, &[CommitOffset::at(0)], 0).unwrap();
    partition
}

/// 200 bytes that say what they are.
fn value(n: i64) -> Vec<u8> {
    format!("={n:.<200}").into_bytes()
}

pub(crate) fn commit(partition: &Partition, n: i64) -> Result<(), CacheError> {
    partition.change(0, format!("key {:03}", n % KEYS).as_bytes(), Some(&value(n)), Some(n)).unwrap();
    let ends = [ChangelogEnd { store: 0, partition: 0, next: CommitOffset::at(n) }];
    partition.apply(&Applied { token: &n.to_string(), ends: &ends, now_ms: n })
}

/// The mark's number, after a look at every key; `None` if there is no mark. Values that don't go with it are told.
pub(crate) fn check(committed: &Committed) -> Result<Option<i64>, CacheError> {
    let Some(mark) = committed.mark(0)? else {
        return Ok(None);
    };
    let n = mark.next.next();
    assert_eq!(mark.token, (n > 0).then(|| n.to_string()), "position and token are of one commit");
    let mut found = Vec::new();
    committed.scan(0, b"", None, &mut |key, _, value| {
        found.push((key.to_vec(), value.to_vec()));
        true
    })?;
    let mut expected = Vec::new();
    for at in 0..KEYS.min(n + 1) {
        let last = n - (n - at).rem_euclid(KEYS);
        // Nobody writes 0.
        if last > 0 {
            expected.push((format!("key {at:03}").into_bytes(), value(last)));
        }
    }
    let text = |all: &[(Vec<u8>, Vec<u8>)]| -> Vec<String> {
        all.iter().map(|(key, value)| String::from_utf8_lossy(&[key.as_slice(), value].concat()).into_owned()).collect()
    };
    let differs = text(&found).into_iter().zip(text(&expected)).find(|(found, expected)| found != expected);
    assert_eq!(differs, None, "what is there (left) is what was committed up to {n} (right)");
    assert_eq!(found.len(), expected.len());
    for (key, value) in expected {
        assert_eq!(committed.get(0, &key)?.map(|it| it.value), Some(value));
    }
    Ok(Some(n))
}

/// Enough for a table of their own, in no order.
pub(crate) fn many_keys() -> Vec<[u8; 4]> {
    (0..21_000u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect()
}

pub(crate) fn restored<'a>(key: &'a [u8], value: &'a [u8]) -> RestoredRecord<'a> {
    RestoredRecord { key, value: Some(value), timestamp_ms: None }
}

/// Set for a process that is to be killed: where its cache is.
pub(crate) const FOLDER: &str = "WASMILL_TEST_STATE_FOLDER";

/// Runs `test` of this binary as a process of its own, kills it after so many lines `done <number>`, as soon as `now` says
/// so, and says the last.
pub(crate) fn killed_after(reports: usize, test: &str, folder: &Path, mut now: impl FnMut() -> bool) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut numbers = lines.filter_map(|line| line.strip_prefix("done ")?.parse::<i64>().ok());
    // Kept to the end: who writes to a pipe that nobody reads any more ends by itself.
    let reported = numbers.by_ref().take(reports).last().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !now() {
        assert!(Instant::now() < deadline, "the moment to kill it never comes");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    reported
}
