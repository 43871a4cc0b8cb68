//! What is committed in the stores of a process, for people who look on: `wasmill state` asks here, in a running process
//! through the admin port and otherwise on the folder itself.
//!
//! Never shows what an open transaction has changed, nor a partition that another process has: what is still cached of it
//! here may be old. Answers are bounded: a page has at most so many keys and bytes, and says whether there are more.

mod page;

pub use page::{Entry, Page, Question};

use crate::plugin::{BoundPlugin, StoreForm};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use wasmill_record::InputPartition;
use wasmill_settle::{Books, Held};
use wasmill_state::{CacheError, Stores};

/// The stores of each pipeline of a process that has been started. Cheap to clone.
#[derive(Clone, Default)]
pub struct Shown(Arc<Mutex<BTreeMap<String, Arc<ShownStores>>>>);

/// The stores of one pipeline.
pub struct ShownStores {
    stores: Stores,
    forms: Vec<StoreForm>,
    /// Which partitions are ours; `None`: nobody runs, and all that is cached is shown.
    books: Option<Arc<Mutex<Books>>>,
}

/// A store, as `wasmill state ls` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreFacts {
    pub name: String,
    /// How keys and values are written, as the manifest says.
    pub key: String,
    pub value: String,
    /// Some keys may be counted more than once until tables are merged. Over all partitions that are cached.
    pub keys_approx: u64,
    /// Of tables.
    pub bytes: u64,
    pub partitions: Vec<PartitionFacts>,
}

/// How far a store goes for one partition: its mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionFacts {
    pub partition: i32,
    /// This process has it; what is cached of another one may be old.
    pub held: bool,
    /// In the changelog.
    pub position: i64,
    /// Of the transaction that was applied last; `None`: a restore is not finished.
    pub token: Option<String>,
    /// Wall time of the last application.
    pub applied_ms: i64,
    pub cluster_id: String,
}

impl Shown {
    pub(crate) fn add(&self, pipeline: &str, shown: ShownStores) {
        self.held().insert(pipeline.to_owned(), Arc::new(shown));
    }

    pub fn of(&self, pipeline: &str) -> Option<Arc<ShownStores>> {
        self.held().get(pipeline).cloned()
    }

    /// Names of the pipelines that keep state.
    pub fn pipelines(&self) -> Vec<String> {
        self.held().keys().cloned().collect()
    }

    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<ShownStores>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ShownStores {
    /// `books` are those of the pipeline that runs; `None`: all that is cached is shown.
    pub fn new(stores: Stores, plugin: &BoundPlugin, books: Option<Arc<Mutex<Books>>>) -> ShownStores {
        ShownStores { stores, forms: plugin.store_forms(), books }
    }

    /// # Errors
    /// The database fails.
    pub fn facts(&self) -> Result<Vec<StoreFacts>, CacheError> {
        let (sizes, cached) = (self.stores.sizes()?, self.stores.cached_partitions()?);
        let mut facts = Vec::with_capacity(sizes.len());
        for (number, size) in (0..).zip(sizes) {
            let mut partitions = Vec::new();
            for partition in &cached {
                if let Some(mark) = self.stores.committed(*partition).mark(number)? {
                    partitions.push(PartitionFacts {
                        partition: *partition,
                        held: self.has(*partition),
                        position: mark.next.next(),
                        token: mark.token,
                        applied_ms: mark.applied_ms,
                        cluster_id: mark.cluster_id,
                    });
                }
            }
            let form = self.form(&size.name);
            facts.push(StoreFacts {
                name: size.name,
                key: form.key,
                value: form.value,
                keys_approx: size.keys_approx,
                bytes: size.disk_bytes,
                partitions,
            });
        }
        Ok(facts)
    }

    /// Partitions that are cached and ours, ascending.
    fn partitions(&self) -> Result<Vec<i32>, CacheError> {
        Ok(self.stores.cached_partitions()?.into_iter().filter(|partition| self.has(*partition)).collect())
    }

    fn has(&self, partition: i32) -> bool {
        let Some(books) = &self.books else { return true };
        let books = books.lock().unwrap_or_else(PoisonError::into_inner);
        // Inputs of one number are taken and given together. One that is given may never have been restored.
        matches!(books.get(InputPartition::new(0, partition)), Some(Held::Started { .. }))
    }

    fn form(&self, store: &str) -> StoreForm {
        let known = self.forms.iter().find(|form| form.name == store).cloned();
        known.unwrap_or_else(|| StoreForm { name: store.to_owned(), key: "bytes".into(), value: "bytes".into() })
    }
}
