//! What goes wrong with the cache, sorted by what the caller does about it.

use std::path::PathBuf;

/// An operation on the cache failed. Nothing of it is visible; where nothing else is said, it may be called again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// No space on the disk. The partition waits and calls again; the overlay is still there.
    #[error("no space for the cache of state under `{directory}`: {reason}")]
    Full { directory: String, reason: String },
    /// Writing is faster than the disk for too long. Call again.
    #[error("the cache of state under `{directory}` is behind with its tables")]
    Busy { directory: String },
    /// Reading or writing failed in a way that may pass.
    #[error("the cache of state under `{directory}` failed: {reason}")]
    Failed { directory: String, reason: String },
    /// What is on the disk is not what was written. Every call fails from now on; the next [`Database::open`] sets the
    /// directory aside and the stores are rebuilt.
    ///
    /// [`Database::open`]: crate::Database::open
    #[error("the cache of state under `{directory}` is damaged and will be set aside at the next start: {reason}")]
    Damaged { directory: String, reason: String },
    /// There is no store of this number.
    #[error("there is no store of number {0}")]
    NoSuchStore(u16),
    /// The key is longer than any store can take, whatever is configured.
    #[error("a key of {bytes} bytes, and a store takes {max}")]
    KeyTooLong { bytes: usize, max: usize },
    /// A name, or a mix of names, that can't be.
    #[error("{0}")]
    Refused(String),
    /// A later start of the pipeline uses the stores.
    #[error("a later start of the pipeline has taken the stores over")]
    TakenOver,
    /// A store was asked to go on from a mark that it doesn't have.
    #[error("store `{0}` has not been restored")]
    NotRestored(String),
}

impl CacheError {
    /// Whether the same call may succeed later without anything else being done: the partition waits.
    pub fn may_pass(&self) -> bool {
        matches!(self, CacheError::Full { .. } | CacheError::Busy { .. } | CacheError::Failed { .. })
    }

    pub fn is_full(&self) -> bool {
        matches!(self, CacheError::Full { .. })
    }
}

impl From<CacheError> for wasmill_record::StateError {
    fn from(error: CacheError) -> Self {
        wasmill_record::StateError(error.to_string())
    }
}

/// The cache can't be opened, and setting it aside would not help.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("another process uses `{}` ({holder})", path.display())]
    Locked { path: PathBuf, holder: String },
    #[error("failed to {what} `{}`", path.display())]
    Io { what: &'static str, path: PathBuf, source: std::io::Error },
    #[error("no space to open the cache of state under `{}`: {reason}", path.display())]
    Full { path: PathBuf, reason: String },
    #[error("the cache of state under `{}` does not open even when it is new: {reason}", path.display())]
    Unusable { path: PathBuf, reason: String },
}
