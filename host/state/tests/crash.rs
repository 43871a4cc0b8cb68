//! A process that applies in a loop is killed. What is there afterwards is whole commits, and none that was reported is
//! missing: a batch goes to the operating system before `apply` returns.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not take for tests

mod support;

use support::FOLDER;

#[test]
fn a_killed_process_leaves_whole_commits_and_every_one_it_reported() {
    if std::env::var_os(FOLDER).is_some() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut reported = 0;
    // Each on what the one before has left: journals, tables, half-written files. Killed after that many reports.
    for reports in [1, 40, 700, 3, 9, 200, 5, 80, 2, 1000, 30, 1200] {
        reported = support::killed_after(reports, "the_process_that_is_killed", folder.path(), || true);
        let (database, stores) = support::open(folder.path());
        let found = support::check(&stores.committed(0)).unwrap().unwrap();
        assert!(found >= reported, "{reported} was reported, {found} is there");
        drop((stores, database));
        let aside = std::fs::read_dir(folder.path()).unwrap().flatten();
        let aside: Vec<_> = aside.filter(|entry| entry.file_name().to_string_lossy().contains("aside")).collect();
        assert!(aside.is_empty(), "nothing had to be set aside: {aside:?}");
    }
    assert!(reported > 3000, "later processes went on where earlier ones were");
}

#[test]
fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let (_database, stores) = support::open(folder.as_ref());
    let partition = stores.partition(0).unwrap();
    let done = partition.marks().remove(0).map(|mark| mark.next.next());
    let (partition, first) = match done {
        Some(done) => (partition, done + 1),
        None => (support::begin(&stores), 1),
    };
    // Bounded, in case the parent is gone.
    for n in first..first + 100_000 {
        support::commit(&partition, n).unwrap();
        println!("done {n}");
    }
}
