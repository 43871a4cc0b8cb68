//! What the cache may use. One database per process, so these are of the process.

/// Bounds of memory and files. Disk is bounded by the keys themselves; when it is full, see [`CacheError::Full`].
///
/// [`CacheError::Full`]: crate::CacheError::Full
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Blocks of tables held in memory. Less costs reads from disk, more costs memory.
    pub cache_bytes: u64,
    /// What has been written and is not yet in a table, over all stores. Less makes more and smaller tables, more makes a
    /// start after a crash longer.
    pub write_buffer_bytes: u64,
    /// Table files held open. At least [`CacheLimits::OPEN_FILES_MIN`].
    pub open_files_max: usize,
}

impl CacheLimits {
    /// The engine takes no less.
    pub const OPEN_FILES_MIN: usize = 10;
}

impl Default for CacheLimits {
    fn default() -> Self {
        CacheLimits { cache_bytes: 128 << 20, write_buffer_bytes: 64 << 20, open_files_max: 512 }
    }
}
