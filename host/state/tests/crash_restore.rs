//! A process that restores in a loop is killed. What is there afterwards is whole chunks, whether they became a table of
//! their own or went through the journal.
//!
//! Not beside the other crash test: a process that is being made holds the locks of its parent for a moment.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not take for tests

mod support;

use support::FOLDER;
use wasmill_record::CommitOffset;

#[test]
fn a_killed_restore_leaves_whole_chunks_large_and_small() {
    let folder = tempfile::tempdir().unwrap();
    for reports in [1, 4, 3, 6, 2, 5] {
        let tables = || std::fs::read_dir(folder.path().join("stores/keyspaces/1/tables")).map_or(0, Iterator::count);
        let mut before = None;
        // When the next table begins to be written, so that many a kill is in the middle of one.
        let one_more = || *before.get_or_insert_with(tables) < tables();
        let reported = support::killed_after(reports, "the_restore_that_is_killed", folder.path(), one_more);
        let (_database, stores) = support::open(folder.path());
        let committed = stores.committed(0);
        let found = committed.mark(0).unwrap().unwrap().next.next();
        assert!(found >= reported, "{reported} was reported, {found} is there");
        for (at, key) in support::many_keys().iter().enumerate() {
            // Even: all keys; odd: the first ones once more.
            let expected = if at < FEW { found } else { found / 2 * 2 };
            assert_eq!(committed.get(0, key).unwrap().unwrap().value, expected.to_be_bytes(), "key {at} at {found}");
        }
    }
}

const FEW: usize = 10;

#[test]
fn the_restore_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let (_database, stores) = support::open(folder.as_ref());
    let partition = stores.partition(0).unwrap();
    let done = partition.marks().remove(0).map_or(1, |mark| mark.next.next());
    let keys = support::many_keys();
    let first = done / 2 * 2 + 2;
    for n in first..first + 1_000 {
        let value = n.to_be_bytes();
        let keys = if n % 2 == 0 { keys.as_slice() } else { &keys[..FEW] };
        let records: Vec<_> = keys.iter().map(|key| support::restored(key, &value)).collect();
        partition.restore(0, &records, CommitOffset::at(n), 0).unwrap();
        println!("done {n}");
    }
}
