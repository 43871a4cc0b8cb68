//! The engine takes no write after one has failed, until it is opened anew. Here a write fails because files may not grow
//! any more, which a process can ask for itself (RLIMIT_FSIZE).
//!
//! One test, alone in its process: the limit is the process's.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not take for tests

mod support;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
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
    assert!(first.may_pass() && partition.has_changes());
    assert_eq!(support::check(&stores.committed(0)), Ok(Some(n - 1)), "what was applied is still read");
    limit(None);
    support::commit(&partition, n).unwrap();
    for _ in 0..support::KEYS {
        n += 1;
        support::commit(&partition, n).unwrap();
    }
    assert_eq!(support::check(&stores.committed(0)), Ok(Some(n)));

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

const SIGXFSZ: i32 = 25;

/// How long a file may get; `None`: as long as it may.
fn limit(bytes: Option<u64>) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}
