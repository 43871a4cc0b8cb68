//! The cache of a process, in `<state.directory>/stores`.
//!
//! Opening, in this order: the lock, then what is there, then, if that can't be used, a rename and an empty one. Nothing
//! in the cache is precious: it is rebuilt from the changelogs.

use crate::engine::{Engine, Fault};
use crate::shared::Shared;
use crate::stores::{Claim, Store, StoresInner};
use crate::{CacheError, CacheLimits, OpenError, StoreSettings, Stores, aside, names};
use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

const FOLDER: &str = "stores";
const LOCK: &str = "stores.lock";
/// What the holder of the lock says about itself is shorter.
const HOLDER_BYTES_MAX: u64 = 200;

/// The cache of all pipelines of a process. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
    /// Which cluster a group is of, for as long as someone uses its stores.
    groups: Arc<Mutex<HashMap<String, Weak<Claim>>>>,
}

/// What the database takes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Tables and journals.
    pub disk_bytes: u64,
    /// Written and not yet in a table.
    pub write_buffer_bytes: u64,
}

impl Database {
    /// Whether there is a cache below `directory`: opening makes one.
    pub fn exists(directory: &Path) -> bool {
        directory.join(FOLDER).is_dir()
    }

    /// Opens the cache below `directory`, the configured `state.directory`. One that can't be used is set aside by name,
    /// with a warning, and begun anew.
    ///
    /// # Errors
    /// Another process has it; the disk is full; the directory can't be made, written or renamed.
    pub fn open(directory: &Path, limits: &CacheLimits) -> Result<Database, OpenError> {
        let io = |what, source| OpenError::Io { what, path: directory.into(), source };
        std::fs::create_dir_all(directory).map_err(|source| io("make", source))?;
        // Absolute, so that a change of the working directory changes nothing.
        let directory = std::path::absolute(directory).map_err(|source| io("find", source))?;
        let lock = lock(&directory.join(LOCK))?;
        let path = directory.join(FOLDER);
        if let Some(reason) = aside::damage(&path) {
            aside::set_aside(&path, &reason)?;
        }
        let engine = match Engine::open(&path, limits, &[]) {
            Err(Fault::Damaged(reason)) => {
                aside::set_aside(&path, &reason)?;
                Engine::open(&path, limits, &[])
            }
            opened => opened,
        };
        let engine = engine.map_err(|fault| match fault {
            Fault::Full(reason) => OpenError::Full { path: path.clone(), reason },
            Fault::Damaged(reason) | Fault::Failed(reason) => OpenError::Unusable { path: path.clone(), reason },
            Fault::Poisoned | Fault::Busy => {
                OpenError::Unusable { path: path.clone(), reason: "it failed while it was opened".into() }
            }
        })?;
        let shared = Arc::new(Shared::new(path, *limits, engine, lock));
        Ok(Database { shared, groups: Arc::default() })
    }

    /// The stores of a pipeline, numbered as they are given. Those that were given out for the same group before can only be
    /// read from now on.
    ///
    /// # Errors
    /// A name that can't be, or twice; a group that another cluster uses at this moment; the database fails.
    pub fn stores(&self, cluster_id: &str, group: &str, stores: Vec<StoreSettings>) -> Result<Stores, CacheError> {
        let mut trees = Vec::with_capacity(stores.len());
        for store in &stores {
            names::check_store(&store.name)?;
            trees.push(names::tree(group, &store.name)?);
        }
        let twice = |at: usize, name: &String| trees.iter().skip(at + 1).any(|other| other == name);
        if let Some((_, name)) = trees.iter().enumerate().find(|(at, name)| twice(*at, name)) {
            return Err(CacheError::Refused(format!("store `{name}` is named twice")));
        }
        u16::try_from(stores.len()).map_err(|_| CacheError::Refused("more than 65,535 stores".into()))?;
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.retain(|_, claim| claim.strong_count() > 0);
        let new = || Arc::new(Claim { cluster_id: cluster_id.to_owned(), turn: AtomicU64::new(0) });
        let claim = groups.get(group).and_then(Weak::upgrade).unwrap_or_else(new);
        let other = &claim.cluster_id;
        if other != cluster_id {
            return Err(CacheError::Refused(format!(
                "group `{group}` is used on two clusters ({other} and {cluster_id}); one of the pipelines needs another \
                 `group`"
            )));
        }
        let turn = claim.turn.fetch_add(1, Ordering::SeqCst) + 1;
        // Waits for a write that is under way.
        let numbers = self.shared.register(&trees)?;
        let stores = stores.into_iter().zip(trees).zip(numbers);
        let stores = stores.map(|((settings, tree_name), tree)| Store { settings, tree_name, tree }).collect();
        groups.insert(group.to_owned(), Arc::downgrade(&claim));
        let shared = Arc::clone(&self.shared);
        Ok(Stores(Arc::new(StoresInner { shared, cluster_id: cluster_id.to_owned(), stores, claim, turn })))
    }

    /// # Errors
    /// The database fails.
    pub fn usage(&self) -> Result<Usage, CacheError> {
        let (disk_bytes, write_buffer_bytes) = self.shared.read(|engine| Ok(engine.usage()))?;
        Ok(Usage { disk_bytes, write_buffer_bytes })
    }

    /// Failures on demand.
    #[cfg(any(test, feature = "testing"))]
    pub fn faults(&self) -> &crate::testing::Faults {
        &self.shared.faults
    }
}

/// The lock is the file's, not the folder's: that one may be renamed while it is held. It ends with the process.
fn lock(path: &Path) -> Result<File, OpenError> {
    let io = |what| move |source| OpenError::Io { what, path: path.into(), source };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(path).map_err(io("open"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let said = (&mut file).take(HOLDER_BYTES_MAX).read_to_string(&mut holder);
            let holder = if said.is_ok() && !holder.is_empty() { holder } else { "it doesn't say which".into() };
            return Err(OpenError::Locked { path: path.into(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(io("lock")(source)),
    }
    let holder = format!("process {} since {}", std::process::id(), jiff::Timestamp::now().strftime("%FT%TZ"));
    // Only for people: a full disk is no reason not to start.
    if let Err(error) = file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())) {
        tracing::warn!(%error, path = %path.display(), "failed to write who holds the lock");
    }
    Ok(file)
}

#[cfg(test)]
mod tests;
