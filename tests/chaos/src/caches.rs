//! What the processes keep on disk: a state directory for each slot, which outlives them, is lost, or is an old copy of itself.
//!
//! A copy is taken while nobody runs in the slot and is put back at a later stop. In between, partitions have been elsewhere
//! and come back, and their changelogs have been compacted: A -> B -> A with a stale cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::plan::Cache;

/// The folder in a state directory that holds the caches; beside it lie an id and compiled plugins.
const STORES: &str = "stores";

/// While it lies beside it, the cache takes no write (`wasmill_state::testing`).
const FULL: &str = "stores.full";

/// The folder beside it that holds compiled plugins.
const COMPILED: &str = "cache";

/// The state directory of a slot.
pub fn directory(run: &Path, slot: usize) -> PathBuf {
    run.join(format!("state-{slot}"))
}

/// Makes of a slot's directory what its next process is to find; what it finds is returned. Nobody may run in the slot.
///
/// # Errors
/// Files can't be copied or moved.
pub fn prepare(run: &Path, slot: usize, wanted: Cache) -> Result<Cache> {
    let stores = directory(run, slot).join(STORES);
    let copy = run.join(format!("{STORES}-{slot}.old"));
    let failed = |what: &str| format!("failed to {what} {}", stores.display());
    if !stores.exists() {
        return Ok(Cache::Kept);
    }
    match wanted {
        Cache::Gone => {
            fs::remove_dir_all(&stores).with_context(|| failed("remove"))?;
            Ok(Cache::Gone)
        }
        Cache::Old if copy.exists() => {
            // What was there until now is the next one that is put back.
            let aside = run.join(format!("{STORES}-{slot}.aside"));
            fs::rename(&stores, &aside).with_context(|| failed("move"))?;
            fs::rename(&copy, &stores).with_context(|| failed("put back"))?;
            fs::rename(&aside, &copy).with_context(|| failed("keep"))?;
            Ok(Cache::Old)
        }
        Cache::Old | Cache::Kept => {
            if !copy.exists() {
                let copied = Command::new("cp").arg("-r").arg(&stores).arg(&copy).status();
                ensure!(copied.is_ok_and(|status| status.success()), failed("copy"));
            }
            Ok(Cache::Kept)
        }
    }
}

/// Fills the disk of a slot, as far as its cache can tell.
///
/// # Errors
/// It can't be done.
pub fn fill(run: &Path, slot: usize) -> Result<()> {
    fs::write(directory(run, slot).join(FULL), "").context("failed to fill a disk")
}

/// Makes room again.
///
/// # Errors
/// It can't be done.
pub fn make_room(run: &Path, slot: usize) -> Result<()> {
    fs::remove_file(directory(run, slot).join(FULL)).context("failed to make room on a disk")
}

/// Gives a slot that has none the compiled plugins of the first one: compiling takes longer than most faults, and every
/// process would do it for itself.
///
/// # Errors
/// Files can't be copied.
pub fn share_compiled(run: &Path, slot: usize) -> Result<()> {
    let (theirs, own) = (directory(run, 0).join(COMPILED), directory(run, slot).join(COMPILED));
    if own.exists() || !theirs.exists() {
        return Ok(());
    }
    fs::create_dir_all(directory(run, slot))?;
    let copied = Command::new("cp").arg("-a").arg(&theirs).arg(&own).status();
    ensure!(copied.is_ok_and(|status| status.success()), "failed to copy {}", theirs.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str) -> PathBuf {
        let run = std::env::temp_dir().join(format!("wasmill-chaos-caches-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&run);
        fs::create_dir_all(directory(&run, 0).join(STORES)).unwrap();
        run
    }

    fn write(run: &Path, text: &str) {
        fs::write(directory(run, 0).join(STORES).join("table"), text).unwrap();
    }

    fn read(run: &Path) -> Option<String> {
        fs::read_to_string(directory(run, 0).join(STORES).join("table")).ok()
    }

    #[test]
    fn what_is_put_back_is_what_was_there_at_an_earlier_stop() {
        let run = run("old");
        write(&run, "first");
        assert_eq!(prepare(&run, 0, Cache::Kept).unwrap(), Cache::Kept);
        write(&run, "second");
        assert_eq!(prepare(&run, 0, Cache::Old).unwrap(), Cache::Old);
        assert_eq!(read(&run).as_deref(), Some("first"));
        write(&run, "third");
        assert_eq!(prepare(&run, 0, Cache::Old).unwrap(), Cache::Old);
        assert_eq!(read(&run).as_deref(), Some("second"));
        fs::remove_dir_all(run).unwrap();
    }

    #[test]
    fn what_is_gone_is_gone_and_what_was_never_there_is_no_loss() {
        let run = run("gone");
        write(&run, "first");
        assert_eq!(prepare(&run, 0, Cache::Gone).unwrap(), Cache::Gone);
        assert_eq!(read(&run), None);
        assert_eq!(prepare(&run, 0, Cache::Gone).unwrap(), Cache::Kept);
        assert_eq!(prepare(&run, 1, Cache::Old).unwrap(), Cache::Kept);
        fs::remove_dir_all(run).unwrap();
    }
}
