//! A disk that is full, for real: `full_disk DIRECTORY`, on a small file system of its own, for example
//! `mount -t tmpfs -o size=160m tmpfs DIRECTORY`. Not a test, because mounting needs rights that a test doesn't have.
//!
//! Applies until the disk is full, looks whether everything that was applied is still read, makes space, and goes on with
//! the same handles; several times.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmill_record::{ChangelogEnd, CommitOffset, ReadState};
use wasmill_state::{Applied, CacheError, CacheLimits, Database, Partition, StoreSettings};

const ROUNDS: usize = 4;
const KEYS: i64 = 2_000;
const KEYS_PER_COMMIT: i64 = 100;
/// More than this, and the disk is not small.
const COMMITS_MAX: i64 = 100_000;

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap());
    let limits = CacheLimits { cache_bytes: 4 << 20, write_buffer_bytes: 6 << 20, open_files_max: 64 };
    let database = Database::open(&folder.join("state"), &limits).unwrap();
    let store = StoreSettings { name: "numbers".into(), topic_id: "topic".into(), ttl: None };
    let stores = database.stores("cluster", "group", vec![store]).unwrap();
    let partition = stores.partition(0).unwrap();
    partition.restored(None, &[CommitOffset::at(0)], 0).unwrap();
    let mut n = 0;
    for round in 0..ROUNDS {
        let ballast = folder.join("ballast");
        fill(&ballast);
        let error = loop {
            n += 1;
            assert!(n < COMMITS_MAX, "{} is not small", folder.display());
            if let Err(error) = commit(&partition, n) {
                break error;
            }
        };
        println!("round {round}: commit {n} failed: {error}");
        // What failed may be another error first, but it says that the disk is full before long.
        let deadline = Instant::now() + Duration::from_secs(30);
        while !apply(&partition, n).unwrap_err().is_full() {
            assert!(Instant::now() < deadline, "it never says that the disk is full");
        }
        check(&partition, n);
        println!("round {round}: everything up to {n} is read while the disk is full");
        std::fs::remove_file(&ballast).unwrap();
        let before = Instant::now();
        apply(&partition, n).unwrap();
        println!("round {round}: went on {:?} after there was space", before.elapsed());
        check(&partition, n);
        for _ in 0..50 {
            n += 1;
            commit(&partition, n).unwrap();
        }
    }
    drop((partition, stores, database));
    let database = Database::open(&folder.join("state"), &limits).unwrap();
    let store = StoreSettings { name: "numbers".into(), topic_id: "topic".into(), ttl: None };
    let stores = database.stores("cluster", "group", vec![store]).unwrap();
    let partition = stores.partition(0).unwrap();
    assert_eq!(partition.marks()[0].as_ref().unwrap().next.next(), n);
    check(&partition, n);
    println!("everything up to {n} is there after it was opened anew");
}

fn commit(partition: &Arc<Partition>, n: i64) -> Result<(), CacheError> {
    for at in 0..KEYS_PER_COMMIT {
        let key = (n * KEYS_PER_COMMIT + at) % KEYS;
        partition.change(0, &key.to_be_bytes(), Some(format!("{n:.>500}").as_bytes()), None).unwrap();
    }
    apply(partition, n)
}

fn apply(partition: &Partition, n: i64) -> Result<(), CacheError> {
    let ends = [ChangelogEnd { store: 0, partition: 0, next: CommitOffset::at(n) }];
    partition.apply(&Applied { token: &n.to_string(), ends: &ends, now_ms: n })
}

fn check(partition: &Partition, n: i64) {
    let rounds = KEYS / KEYS_PER_COMMIT;
    for key in 0..KEYS {
        let slot = key / KEYS_PER_COMMIT;
        let last = n - (n - slot).rem_euclid(rounds);
        let mut value = Vec::new();
        partition.get(0, &key.to_be_bytes(), &mut value).unwrap();
        let expected = if last > 0 { format!("{last:.>500}") } else { String::new() };
        assert_eq!(String::from_utf8(value).unwrap(), expected, "key {key} after commit {n}");
    }
}

/// Until nothing more fits.
fn fill(ballast: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(ballast).unwrap();
    let chunk = vec![1; 1 << 20];
    while file.write_all(&chunk).is_ok() {}
    let length = file.metadata().unwrap().len();
    // Enough for some commits, so that it runs full while it is written to.
    file.set_len(length.saturating_sub(12 << 20)).unwrap();
}
