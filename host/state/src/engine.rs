//! The engine: everything that names fjall.
//!
//! Six things about fjall 3.1 that shape this file, all read in its source:
//!
//! * Any failed write *poisons* the database: from then on it reads, but takes no write until it is opened anew.
//!   [`shared`](crate::shared) does that, within the process.
//! * A writer that is faster than the disk sleeps in a loop until tables are written, without a look at the poison: on a
//!   full disk for ever. So [`Engine::wait_for_room`] waits earlier, with a way out, and writes are made one at a time.
//! * Write buffers are bounded per tree, by a number that is kept from when the tree was made. So
//!   [`Engine::keep_buffers`] bounds them all together, by what is configured now.
//! * Trees are written out at different times, so what a damaged journal loses, it loses of some trees only. Marks
//!   therefore lie in the tree of their store: a tree is always whole up to some batch.
//! * Some of what it reads at an opening it takes on trust, although it has written checksums or counts of it: see
//!   [`inspect`], which is asked first.
//! * Two values of one key in one batch have the same sequence number: which one is read is open. Who fills a batch
//!   gives each key once.

use crate::{CacheLimits, inspect};
use fjall::{AbstractTree, Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};
use std::io::ErrorKind;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Writes tables and merges them. With a second one, the engine hands what is to be merged around in a loop without a pause
/// for as long as a merge lasts (`worker_tick`), which was a tenth of all CPU time; it was not faster on two cores.
const THREADS: usize = 1;
/// Sealed journals are kept up to this size (the least that the engine takes): what a start after a crash replays.
const JOURNAL_BYTES_MAX: u64 = 64 << 20;
/// Kept with each tree and never changed again, so beyond any use: [`Engine::keep_buffers`] comes first.
const MEMTABLE_BYTES_MAX: u64 = 1 << 30;
/// The engine's own loop begins at four buffers that wait to be written, and one write may add one.
const SEALED_MAX: usize = 2;
/// So many tables are merged with those below them at once. Twice the default: a restore is a fifth faster, and reads, which
/// ask a filter for each table, are not slower.
const MERGED_AT: u8 = 8;
/// The engine slows down at 20 tables that wait to be merged and stops at 30.
const UNMERGED_MAX: usize = 18;
/// Longer than writing out a buffer takes on a slow disk; shorter than anyone's patience with a worker.
const ROOM_TIMEOUT: Duration = Duration::from_secs(10);
const ROOM_STEP: Duration = Duration::from_millis(1);

/// A tree's place among the registered names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tree(pub(crate) usize);

pub(crate) type Bytes = fjall::Slice;
pub(crate) type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// What the engine answered, by what follows from it.
#[derive(Debug)]
pub(crate) enum Fault {
    Full(String),
    Damaged(String),
    /// An earlier write failed, here or in a thread of the engine.
    Poisoned,
    Busy,
    Failed(String),
}

pub(crate) struct Engine {
    database: Database,
    trees: Vec<Keyspace>,
}

impl Engine {
    /// Opens or makes the database at `path`, and the trees of `names`.
    ///
    /// # Errors
    /// [`Fault::Damaged`] means that this directory will never open; everything else may pass.
    pub(crate) fn open(path: &Path, limits: &CacheLimits, names: &[String]) -> Result<Engine, Fault> {
        // What is read may be rubbish, and not every assertion in the engine knows that.
        catch_unwind(AssertUnwindSafe(|| Self::try_open(path, limits, names)))
            .unwrap_or_else(|_| Err(Fault::Damaged("the engine panicked while it read it".into())))
    }

    fn try_open(path: &Path, limits: &CacheLimits, names: &[String]) -> Result<Engine, Fault> {
        if let Some(reason) = inspect::fault(path).map_err(|error| opening(error.into()))? {
            return Err(Fault::Damaged(reason));
        }
        let builder = Database::builder(path)
            .cache_size(limits.cache_bytes)
            .max_cached_files(Some(limits.open_files_max.max(CacheLimits::OPEN_FILES_MIN)))
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .worker_threads(THREADS);
        let mut engine = Engine { database: builder.open().map_err(opening)?, trees: Vec::new() };
        for name in names {
            engine.add(name)?;
        }
        Ok(engine)
    }

    /// Opens or makes the tree of the next number.
    pub(crate) fn add(&mut self, name: &str) -> Result<(), Fault> {
        self.trees.push(self.database.keyspace(name, options).map_err(opening)?);
        Ok(())
    }

    pub(crate) fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, Fault> {
        self.tree(tree)?.get(key).map_err(fault)
    }

    pub(crate) fn range(&self, tree: Tree, range: Range) -> Result<Entries, Fault> {
        Ok(Entries(self.tree(tree)?.range(range)))
    }

    /// Everything as it was at one moment, across trees.
    pub(crate) fn view(&self) -> View<'_> {
        View { engine: self, snapshot: self.database.snapshot() }
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        // The one question to which the engine answers with the poison; there is nothing to hand over between writes.
        self.database.persist(PersistMode::Buffer).is_err()
    }

    pub(crate) fn write(&self) -> Write<'_> {
        Write { engine: self, batch: self.database.batch(), fault: None }
    }

    /// One atomic write of many entries, ascending and each key once, straight into a table of their own: no journal, no
    /// write buffer. For large ones only, because each makes a table that has to be merged with the others.
    pub(crate) fn ingest(&self, tree: Tree, entries: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Result<(), Fault> {
        let tree = self.tree(tree)?;
        let ingest = || {
            let mut ingestion = tree.start_ingestion()?;
            for (key, value) in entries {
                match value {
                    Some(value) => ingestion.write(key, value)?,
                    None => ingestion.write_tombstone(key)?,
                }
            }
            ingestion.finish()
        };
        catch_unwind(AssertUnwindSafe(ingest)).map_or(Err(Fault::Poisoned), |done| done.map_err(fault))
    }

    /// Waits until a write will not have to wait inside of the engine.
    pub(crate) fn wait_for_room(&self) -> Result<(), Fault> {
        let deadline = Instant::now() + ROOM_TIMEOUT;
        while !self.trees.iter().all(|tree| tree.sealed_memtable_count() < SEALED_MAX && unmerged(tree) < UNMERGED_MAX)
        {
            if self.is_poisoned() {
                return Err(Fault::Poisoned);
            }
            if Instant::now() > deadline {
                return Err(Fault::Busy);
            }
            // The engine tells nobody when a table is written; `deadline` bounds the wait.
            std::thread::sleep(ROOM_STEP);
        }
        Ok(())
    }

    /// Has the largest buffer written out when all together hold more than a third of `bytes`: two more may be waiting.
    pub(crate) fn keep_buffers(&self, bytes: u64) -> Result<(), Fault> {
        let size = |tree: &&Keyspace| tree.tree.active_memtable().size();
        if self.trees.iter().map(|tree| size(&tree)).sum::<u64>() > bytes / 3
            && let Some(largest) = self.trees.iter().max_by_key(size)
        {
            largest.rotate_memtable().map_err(fault)?;
        }
        Ok(())
    }

    /// Bytes on the disk, and in write buffers, those that wait to be written out included.
    pub(crate) fn usage(&self) -> (u64, u64) {
        (self.database.disk_space().unwrap_or(0), self.database.write_buffer_size())
    }

    /// Keys, counting some of them more than once, and bytes on the disk.
    pub(crate) fn size(&self, tree: Tree) -> Result<(u64, u64), Fault> {
        let tree = self.tree(tree)?;
        Ok((u64::try_from(tree.approximate_len()).unwrap_or(u64::MAX), tree.disk_space()))
    }

    fn tree(&self, Tree(at): Tree) -> Result<&Keyspace, Fault> {
        self.trees.get(at).ok_or_else(|| Fault::Failed(format!("tree {at} has not been opened")))
    }
}

/// Ascending entries of a tree.
pub(crate) struct Entries(fjall::Iter);

impl Iterator for Entries {
    type Item = Result<(Bytes, Bytes), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|guard| guard.into_inner().map_err(fault))
    }
}

pub(crate) struct View<'a> {
    engine: &'a Engine,
    snapshot: Snapshot,
}

impl View<'_> {
    pub(crate) fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, Fault> {
        self.snapshot.get(self.engine.tree(tree)?, key).map_err(fault)
    }

    pub(crate) fn range(&self, tree: Tree, range: Range) -> Result<Entries, Fault> {
        Ok(Entries(self.snapshot.range(self.engine.tree(tree)?, range)))
    }
}

/// One atomic write. Each key at most once.
pub(crate) struct Write<'a> {
    engine: &'a Engine,
    batch: fjall::OwnedWriteBatch,
    fault: Option<Fault>,
}

impl Write<'_> {
    pub(crate) fn put(&mut self, tree: Tree, key: Vec<u8>, value: Vec<u8>) {
        match self.engine.tree(tree) {
            Ok(tree) => self.batch.insert(tree, key, value),
            Err(fault) => self.fault = Some(fault),
        }
    }

    pub(crate) fn delete(&mut self, tree: Tree, key: Vec<u8>) {
        match self.engine.tree(tree) {
            Ok(tree) => self.batch.remove(tree, key),
            Err(fault) => self.fault = Some(fault),
        }
    }

    pub(crate) fn commit(self) -> Result<(), Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        // A lock that a panicking thread of the engine has left behind panics here too.
        catch_unwind(AssertUnwindSafe(|| self.batch.commit().map_err(fault))).unwrap_or(Err(Fault::Poisoned))
    }
}

fn options() -> KeyspaceCreateOptions {
    let merging = fjall::compaction::Leveled::default().with_l0_threshold(MERGED_AT);
    KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES_MAX).compaction_strategy(Arc::new(merging))
}

fn unmerged(tree: &Keyspace) -> usize {
    tree.tree.l0_run_count()
}

/// At an opening, what is missing or short is damage too.
fn opening(error: fjall::Error) -> Fault {
    match fault(error) {
        Fault::Failed(reason) if !reason.starts_with(PASSING) => Fault::Damaged(reason),
        other => other,
    }
}

/// Before the reason of what the operating system refuses for its own reasons.
const PASSING: &str = "the system refused: ";

fn fault(error: fjall::Error) -> Fault {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => io_fault(&error),
        fjall::Error::Poisoned => Fault::Poisoned,
        fjall::Error::Locked => Fault::Failed(format!("{PASSING}the engine's own lock is taken")),
        fjall::Error::KeyspaceDeleted => Fault::Failed(error.to_string()),
        other => Fault::Damaged(other.to_string()),
    }
}

fn io_fault(error: &std::io::Error) -> Fault {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Fault::Full(error.to_string()),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::OutOfMemory => {
            Fault::Failed(format!("{PASSING}{error}"))
        }
        // A table or a part of one is gone.
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::NotFound => Fault::Damaged(error.to_string()),
        // Too many open files, an error of the device: renaming the directory would not help.
        _ if error.raw_os_error().is_some_and(|it| SYSTEM.contains(&it)) => Fault::Failed(format!("{PASSING}{error}")),
        _ => Fault::Failed(error.to_string()),
    }
}

const SYSTEM: &[i32] = &[
    rustix::io::Errno::MFILE.raw_os_error(),
    rustix::io::Errno::NFILE.raw_os_error(),
    rustix::io::Errno::NOMEM.raw_os_error(),
    rustix::io::Errno::IO.raw_os_error(),
];
