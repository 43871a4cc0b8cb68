//! Failures on demand, for tests of who calls this crate, and of whole processes.

use crate::CacheError;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What is to fail next. Of one database. With the feature `crash-points`, too: while there is a file `stores.full` beside the
/// database `stores`, no write finds space.
#[derive(Debug, Default)]
pub struct Faults {
    /// Writes that still succeed, and then writes that fail.
    no_space: Mutex<(u32, u32)>,
}

impl Faults {
    /// The next `writes` find no space. Nothing of them is written.
    pub fn no_space(&self, writes: u32) {
        self.set(0, writes);
    }

    /// `writes` succeed, and the one after them finds no space.
    pub fn no_space_after(&self, writes: u32) {
        self.set(writes, 1);
    }

    /// Writes that are still to fail, and those before them.
    pub fn no_space_left(&self) -> u32 {
        let (before, failing) = *self.no_space.lock().unwrap_or_else(PoisonError::into_inner);
        before + failing
    }

    fn set(&self, before: u32, failing: u32) {
        *self.no_space.lock().unwrap_or_else(PoisonError::into_inner) = (before, failing);
    }

    pub(crate) fn before_commit(&self, path: &Path) -> Result<(), CacheError> {
        #[cfg(feature = "crash-points")]
        if path.with_extension("full").exists() {
            return Err(full(path, "a file beside it says so"));
        }
        let mut left = self.no_space.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *left {
            (0, 0) => return Ok(()),
            (0, failing) => *failing -= 1,
            (before, _) => {
                *before -= 1;
                return Ok(());
            }
        }
        Err(full(path, "a test says so"))
    }
}

fn full(path: &Path, reason: &str) -> CacheError {
    CacheError::Full { directory: path.display().to_string(), reason: reason.into() }
}
