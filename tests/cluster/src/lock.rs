//! Makes a thing on disk once, however many test processes want it at the same time.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Context;

/// Runs `make` with an empty temporary directory beside `path` and renames it to `path`, unless `path` is there.
/// A process that is killed half way leaves only the temporary directory, which the next one clears away.
///
/// The wait for the lock has no timeout of its own: the holder runs programs that all have one.
pub(crate) fn made_once(path: &Path, make: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let parent = path.parent().context("a path to make has no parent")?;
    fs::create_dir_all(parent).with_context(|| format!("failed to create `{}`", parent.display()))?;
    let lock = File::create(path.with_added_extension("lock"))?;
    lock.lock().with_context(|| format!("failed to lock `{}`", path.display()))?;
    if path.exists() {
        return Ok(());
    }
    let temporary = path.with_added_extension("tmp");
    if temporary.exists() {
        fs::remove_dir_all(&temporary)?;
    }
    fs::create_dir(&temporary)?;
    make(&temporary)?;
    fs::rename(&temporary, path).with_context(|| format!("failed to put `{}` in place", path.display()))
}
