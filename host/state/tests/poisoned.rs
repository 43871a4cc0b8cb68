//! The engine takes no write after one has failed, until it is opened anew. Here a write fails because files may not grow
//! any more, which a process can ask for itself (RLIMIT_FSIZE).
//!
//! One test, alone in its process: the limit is the process's.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not take for tests

mod support;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use wasmill_record::{CommitOffset, ReadState};
use wasmill_state::CacheError;

const LIMIT_BYTES: u64 = 400 << 10;

#[test]
fn a_failed_write_is_made_up_for_in_the_same_process_and_one_that_always_fails_is_damage() {
    // The signal that comes with the error would end the process.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (database, stores) = support::open(folder.path());
    let partition = support::begin(&stores);
    let mut n = 0;
    limit(Some(LIMIT_BYTES));
    let first = loop {
        n += 1;
        assert!(n < 10_000, "files still grow");
        if let Err(error) = support::commit(&partition, n) {
            break error;
        }
    };
    assert!(matches!(first, CacheError::Failed { .. }), "{first}");
    assert!(first.may_pass() && partition.changes() > 0);
    assert_eq!(support::check(&stores.committed(0)), Ok(Some(n - 1)), "what was applied is still read");
    limit(None);
    support::commit(&partition, n).unwrap();
    for _ in 0..support::KEYS {
        n += 1;
        support::commit(&partition, n).unwrap();
    }
    assert_eq!(support::check(&stores.committed(0)), Ok(Some(n)));

    large_chunk(&folder.path().join("restored"));

    limit(Some(1));
    let errors: Vec<CacheError> = (0..20).filter_map(|_| support::commit(&partition, n + 1).err()).collect();
    assert_eq!(errors.len(), 20);
    assert!(errors.first().is_some_and(CacheError::may_pass), "{errors:?}");
    assert!(errors.last().is_some_and(|error| !error.may_pass()), "{errors:?}");
    limit(None);
    assert_eq!(support::commit(&partition, n + 1).err().as_ref(), errors.last(), "for good");
    drop((partition, stores, database));
    let (_database, stores) = support::open(folder.path());
    assert_eq!(support::check(&stores.committed(0)), Ok(None), "set aside");
}

/// A table that can't be written to its end is removed before the next one is written.
fn large_chunk(folder: &Path) {
    let (_database, stores) = support::open(folder);
    let partition = stores.partition(0).unwrap();
    let (keys, value) = (support::many_keys(), [b'x'; 100]);
    let records: Vec<_> = keys.iter().map(|key| support::restored(key, &value)).collect();
    limit(Some(LIMIT_BYTES));
    let error = partition.restore(0, &records, CommitOffset::at(1), 0).unwrap_err();
    assert!(error.may_pass(), "{error}");
    assert_eq!(partition.marks(), [None]);
    limit(None);
    partition.restore(0, &records, CommitOffset::at(1), 0).unwrap();
    let mut value = Vec::new();
    for key in &keys {
        assert_eq!(partition.get(0, key, &mut value), Ok(Some(100)));
    }
    let tables = std::fs::read_dir(folder.join("stores/keyspaces/1/tables")).unwrap().count();
    assert_eq!(tables, 1, "half a table is left");
}

const SIGXFSZ: i32 = 25;

/// How long a file may get; `None`: as long as it may.
fn limit(bytes: Option<u64>) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}
