//! Files are damaged while nobody looks. What is read afterwards is what was committed up to the mark, or nothing at
//! all: set aside at the start, or refused when the block is read.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not take for tests

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use wasmill_state::CacheError;

const COMMITS: i64 = 3000;

#[derive(Debug, Clone, Copy)]
enum Damage {
    /// The byte at so many sixteenths of the file.
    Flip(u64),
    FlipAt(usize),
    /// The file ends after so many sixteenths.
    Cut(u64),
    Zeros(u64),
    Gone,
}

#[test]
fn damaged_files_are_never_taken_for_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    {
        let (_database, stores) = support::open(&whole);
        let partition = support::begin(&stores);
        (1..=COMMITS).for_each(|n| support::commit(&partition, n).unwrap());
    }
    {
        // The opening cuts the journal to what is in it.
        let (_database, stores) = support::open(&whole);
        assert_eq!(support::check(&stores.committed(0)), Ok(Some(COMMITS)));
    }
    let files = files(&whole.join("stores"));
    assert!(files.iter().any(|file| file.starts_with("keyspaces/1/tables")), "there are tables: {files:?}");
    // At 6 a journal has the sequence number of its first batch.
    let damages = [
        Damage::FlipAt(6),
        Damage::Flip(1),
        Damage::Flip(5),
        Damage::Flip(11),
        Damage::Zeros(8),
        Damage::Cut(0),
        Damage::Cut(8),
        Damage::Gone,
    ];
    let (mut exact, mut older, mut rebuilt, mut refused) = (0, 0, 0, 0);
    for (file, damage) in files.iter().flat_map(|file| damages.map(|it| (file, it))) {
        let copy = folder.path().join("copy");
        copy_all(&whole.join("stores"), &copy.join("stores"));
        apply(damage, &copy.join("stores").join(file));
        let (database, stores) = support::open(&copy);
        println!("{} {damage:?}", file.display());
        match support::check(&stores.committed(0)) {
            Ok(Some(COMMITS)) => exact += 1,
            Ok(Some(_)) => older += 1,
            Ok(None) => rebuilt += 1,
            Err(CacheError::Damaged { .. }) => refused += 1,
            Err(other) => panic!("{file:?} {damage:?}: {other}"),
        }
        drop((stores, database));
        fs::remove_dir_all(&copy).unwrap();
    }
    println!("exact {exact}, older {older}, rebuilt {rebuilt}, refused {refused}");
    assert!(rebuilt > 0 && refused > 0 && older > 0, "each way out was taken: {older} {rebuilt} {refused}");
}

fn apply(damage: Damage, file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let at = |sixteenths| bytes.len() * usize::try_from(sixteenths).unwrap() / 16;
    match damage {
        Damage::Flip(sixteenths) => {
            let at = at(sixteenths);
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 0x55);
        }
        Damage::FlipAt(at) => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 0x55),
        Damage::Zeros(sixteenths) => {
            let at = at(sixteenths);
            bytes.iter_mut().skip(at).take(512).for_each(|byte| *byte = 0);
        }
        Damage::Cut(sixteenths) => {
            let at = at(sixteenths);
            bytes.truncate(at);
        }
        Damage::Gone => return fs::remove_file(file).unwrap(),
    }
    fs::write(file, bytes).unwrap();
}

/// Below `folder`, relative to it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(at) = left.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { left.push(path) } else { found.push(path.strip_prefix(folder).unwrap().to_owned()) }
        }
    }
    found.sort();
    found
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy_all(&entry.path(), &to) } else { fs::copy(entry.path(), to).map(drop).unwrap() }
    }
}
