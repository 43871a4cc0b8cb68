//! Failures on demand, for tests of who calls this crate, and of whole processes.

use crate::CacheError;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// While there is a file of the database's name with this extension, as `stores.full`, no write finds space.
pub const FULL: &str = "full";

/// What is to fail next. Of one database.
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

    fn set(&self, before: u32, failing: u32) {
        *self.no_space.lock().unwrap_or_else(PoisonError::into_inner) = (before, failing);
    }

    pub(crate) fn before_commit(&self, path: &Path) -> Result<(), CacheError> {
        if path.with_extension(FULL).exists() {
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
