//! The one database of a process, as its partitions share it: opened, mended, or given up.
//!
//! States of the database:
//!
//! ```text
//! open ──a write failed──> poisoned ──there is space: opened anew──> open
//!                              │──no space: Full, at each call──> poisoned (reads go on)
//! open or poisoned ──wrong checksum, doesn't open, keeps breaking──> damaged, for good
//! ```
//!
//! Nobody outside keeps a handle of the engine: its lock on the directory lives as long as the last one.

use crate::engine::{Engine, Fault, Tree, Write};
use crate::{CacheError, CacheLimits, aside};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

/// So often in a row a database with space on its disk may refuse to go on, until it is held to be damaged: a bad block
/// that only the engine's own threads meet says nothing else.
const BREAKDOWNS_MAX: u32 = 5;
/// That many writes in between, and a breakdown begins a new row.
const WRITES_BETWEEN: u32 = 1000;
/// Beside the write buffers, for journal and tables, before a full disk is tried again.
const SPARE_BYTES: u64 = 16 << 20;

pub(crate) struct Shared {
    path: PathBuf,
    limits: CacheLimits,
    slot: RwLock<Slot>,
    /// Held while writing: one write at a time (see `engine.rs`).
    writing: Mutex<Breakdowns>,
    damaged: OnceLock<String>,
    /// Half a table lies on the disk, which only an opening removes.
    left_over: AtomicBool,
    #[cfg(any(test, feature = "testing"))]
    pub(crate) faults: crate::testing::Faults,
    _lock: File,
}

struct Slot {
    /// `None` if the last opening failed.
    engine: Option<Engine>,
    /// Of the trees, by number: what an opening opens.
    names: Vec<String>,
}

#[derive(Default)]
struct Breakdowns {
    in_a_row: u32,
    writes_since: u32,
}

impl Shared {
    pub(crate) fn new(path: PathBuf, limits: CacheLimits, engine: Engine, lock: File) -> Shared {
        Shared {
            path,
            limits,
            slot: RwLock::new(Slot { engine: Some(engine), names: Vec::new() }),
            writing: Mutex::default(),
            damaged: OnceLock::new(),
            left_over: AtomicBool::new(false),
            #[cfg(any(test, feature = "testing"))]
            faults: crate::testing::Faults::default(),
            _lock: lock,
        }
    }

    /// The trees of these names, made if they are new.
    pub(crate) fn register(&self, names: &[String]) -> Result<Vec<Tree>, CacheError> {
        let mut writing = self.begin()?;
        self.mend(&mut writing)?;
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        let Slot { engine, names: known } = &mut *slot;
        let engine = engine.as_mut().ok_or_else(|| self.error(Fault::Poisoned))?;
        let mut trees = Vec::with_capacity(names.len());
        for name in names {
            let at = known.iter().position(|it| it == name).unwrap_or(known.len());
            if at == known.len() {
                engine.add(name).map_err(|fault| self.error(fault))?;
                known.push(name.clone());
            }
            trees.push(Tree(at));
        }
        Ok(trees)
    }

    /// Reads with the engine. `ask` must not call back into this.
    pub(crate) fn read<T>(&self, ask: impl FnOnce(&Engine) -> Result<T, Fault>) -> Result<T, CacheError> {
        self.check()?;
        let slot = self.slot.read().unwrap_or_else(PoisonError::into_inner);
        let engine = slot.engine.as_ref().ok_or_else(|| self.error(Fault::Poisoned))?;
        ask(engine).map_err(|fault| self.error(fault))
    }

    /// One atomic write, if it `may` be done once no other one is under way. After an error it may be there or not, as a whole:
    /// who calls again writes the same.
    pub(crate) fn commit(
        &self,
        may: impl FnOnce() -> Result<(), CacheError>,
        fill: impl FnOnce(&mut Write<'_>),
    ) -> Result<(), CacheError> {
        self.write(may, |engine| {
            let mut write = engine.write();
            fill(&mut write);
            write.commit()?;
            // Not this write's failure: it is there. What went wrong is met by the next one.
            let _poisoned = engine.keep_buffers(self.limits.write_buffer_bytes);
            Ok(())
        })
    }

    /// The same for many entries of one tree, ascending and each key once.
    pub(crate) fn ingest(
        &self,
        may: impl FnOnce() -> Result<(), CacheError>,
        tree: Tree,
        entries: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    ) -> Result<(), CacheError> {
        self.write(may, |engine| {
            let ingested = engine.ingest(tree, entries);
            // The engine goes on after that, but it leaves half a table on the disk until it is opened again.
            self.left_over.store(ingested.is_err(), Ordering::SeqCst);
            ingested
        })
    }

    fn write(
        &self,
        may: impl FnOnce() -> Result<(), CacheError>,
        write: impl FnOnce(&Engine) -> Result<(), Fault>,
    ) -> Result<(), CacheError> {
        let mut writing = self.begin()?;
        may()?;
        #[cfg(any(test, feature = "testing"))]
        self.faults.before_commit(&self.path)?;
        self.mend(&mut writing)?;
        let written = self.read(|engine| {
            engine.wait_for_room()?;
            write(engine)
        });
        writing.writes_since = writing.writes_since.saturating_add(1);
        written
    }

    /// From now on nothing is read or written; the next opening sets the directory aside.
    pub(crate) fn condemn(&self, reason: &str) -> CacheError {
        if self.damaged.set(reason.to_owned()).is_ok() {
            tracing::error!(directory = %self.path.display(), reason, "the cache of state is damaged");
            aside::mark_damaged(&self.path, reason);
        }
        CacheError::Damaged { directory: self.path.display().to_string(), reason: reason.to_owned() }
    }

    fn begin(&self) -> Result<MutexGuard<'_, Breakdowns>, CacheError> {
        self.check()?;
        Ok(self.writing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn check(&self) -> Result<(), CacheError> {
        self.damaged.get().map_or(Ok(()), |reason| Err(self.condemn(reason)))
    }

    /// Opens a poisoned database anew, if there is space.
    fn mend(&self, breakdowns: &mut Breakdowns) -> Result<(), CacheError> {
        {
            let slot = self.slot.read().unwrap_or_else(PoisonError::into_inner);
            let left_over = self.left_over.load(Ordering::SeqCst);
            if slot.engine.as_ref().is_some_and(|engine| !left_over && !engine.is_poisoned()) {
                return Ok(());
            }
        }
        let needed = self.limits.write_buffer_bytes.saturating_add(SPARE_BYTES);
        if let Some(free) = free_bytes(&self.path).filter(|free| *free < needed) {
            return Err(self.error(Fault::Full(format!("{free} bytes are free, {needed} are needed to go on"))));
        }
        breakdowns.in_a_row = if breakdowns.writes_since < WRITES_BETWEEN { breakdowns.in_a_row + 1 } else { 1 };
        breakdowns.writes_since = 0;
        if breakdowns.in_a_row > BREAKDOWNS_MAX {
            return Err(self.condemn("it breaks down again and again although there is space on the disk"));
        }
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        // First the old one has to give its lock back.
        slot.engine = None;
        let engine = Engine::open(&self.path, &self.limits, &slot.names).map_err(|fault| self.error(fault))?;
        slot.engine = Some(engine);
        self.left_over.store(false, Ordering::SeqCst);
        tracing::info!(directory = %self.path.display(), "the cache of state takes writes again");
        Ok(())
    }

    fn error(&self, fault: Fault) -> CacheError {
        let directory = self.path.display().to_string();
        match fault {
            Fault::Full(reason) => CacheError::Full { directory, reason },
            Fault::Damaged(reason) => self.condemn(&reason),
            Fault::Busy => CacheError::Busy { directory },
            Fault::Poisoned => CacheError::Failed { directory, reason: "an earlier write failed".into() },
            Fault::Failed(reason) => CacheError::Failed { directory, reason },
        }
    }
}

/// `None` if the system doesn't say.
fn free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}
