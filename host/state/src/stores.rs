//! The stores of one pipeline, by number, over all partitions.

use crate::engine::{Tree, Write};
use crate::shared::Shared;
use crate::{CacheError, Committed, Mark, Partition, entry};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A store, as manifest and configuration have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    pub name: String,
    /// Of its changelog.
    pub topic_id: String,
    /// A value is gone when the stream is further than this past the record that wrote it.
    pub ttl: Option<Duration>,
}

/// What a store takes up in this process, over all partitions that are cached here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSize {
    pub name: String,
    /// Some keys may be counted more than once until tables are merged.
    pub keys_approx: u64,
    /// Of tables.
    pub disk_bytes: u64,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Stores(pub(crate) Arc<StoresInner>);

pub(crate) struct StoresInner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) cluster_id: String,
    pub(crate) stores: Vec<Store>,
    /// Held for as long as someone uses them.
    pub(crate) claim: Arc<Claim>,
    /// Which use of the group's stores this one is.
    pub(crate) turn: u64,
}

/// That a group is of this cluster: two groups of one name would share trees.
pub(crate) struct Claim {
    pub(crate) cluster_id: String,
    /// The last use of the group's stores: only that one may write.
    pub(crate) turn: AtomicU64,
}

pub(crate) struct Store {
    pub(crate) settings: StoreSettings,
    pub(crate) tree_name: String,
    pub(crate) tree: Tree,
}

impl Stores {
    /// One partition of the input, for its owner. A former owner's must not be used any more.
    ///
    /// # Errors
    /// The database fails.
    pub fn partition(&self, partition: i32) -> Result<Arc<Partition>, CacheError> {
        Partition::open(Arc::clone(&self.0), partition).map(Arc::new)
    }

    /// The committed values of a partition, for people who look on.
    pub fn committed(&self, partition: i32) -> Committed {
        Committed::new(Arc::clone(&self.0), partition)
    }

    pub fn len(&self) -> usize {
        self.0.stores.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.stores.is_empty()
    }

    /// The number of a store.
    pub fn number(&self, name: &str) -> Option<u16> {
        self.0.stores.iter().position(|it| it.settings.name == name).and_then(|at| u16::try_from(at).ok())
    }

    pub fn settings(&self, store: u16) -> Option<&StoreSettings> {
        self.0.stores.get(usize::from(store)).map(|it| &it.settings)
    }

    /// The partitions that are cached here of any of the stores, ascending; not only those that this process owns.
    ///
    /// # Errors
    /// The database fails.
    pub fn cached_partitions(&self) -> Result<Vec<i32>, CacheError> {
        let mut found = BTreeSet::new();
        for store in &self.0.stores {
            self.0.shared.read(|engine| {
                for mark in engine.range(store.tree, entry::marks())? {
                    found.extend(entry::marked_partition(&mark?.0));
                }
                Ok(())
            })?;
        }
        Ok(found.into_iter().collect())
    }

    /// # Errors
    /// The database fails.
    pub fn sizes(&self) -> Result<Vec<StoreSize>, CacheError> {
        let size = |store: &Store| {
            let (keys_approx, disk_bytes) = self.0.shared.read(|engine| engine.size(store.tree))?;
            Ok(StoreSize { name: store.settings.name.clone(), keys_approx, disk_bytes })
        };
        self.0.stores.iter().map(size).collect()
    }
}

impl StoresInner {
    pub(crate) fn store(&self, number: u16) -> Result<&Store, CacheError> {
        self.stores.get(usize::from(number)).ok_or(CacheError::NoSuchStore(number))
    }

    /// One atomic write.
    pub(crate) fn commit(&self, fill: impl FnOnce(&mut Write<'_>)) -> Result<(), CacheError> {
        self.shared.commit(|| self.may_write(), fill)
    }

    /// The same for many entries of one tree.
    pub(crate) fn ingest(&self, tree: Tree, entries: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Result<(), CacheError> {
        self.shared.ingest(|| self.may_write(), tree, entries)
    }

    /// A pipeline that starts again does not wait for ever for the threads of its former start; what one of those still
    /// writes would be older than what is there.
    fn may_write(&self) -> Result<(), CacheError> {
        if self.claim.turn.load(Ordering::SeqCst) == self.turn { Ok(()) } else { Err(CacheError::TakenOver) }
    }
}

impl Store {
    /// A mark that can't be read is none.
    pub(crate) fn decode_mark(&self, bytes: Option<&[u8]>) -> Option<Mark> {
        let mark = Mark::decode(bytes?);
        if mark.is_none() {
            tracing::warn!(store = self.tree_name, "a mark that can't be read is ignored; the store is rebuilt");
        }
        mark
    }
}
