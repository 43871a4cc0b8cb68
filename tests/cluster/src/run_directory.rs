//! One directory per running cluster, named after the process that runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;

use crate::layout;

/// Makes a fresh directory, after removing those of processes that have ended.
pub(crate) fn make() -> anyhow::Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let run = layout::run();
    fs::create_dir_all(&run).with_context(|| format!("failed to create `{}`", run.display()))?;
    remove_stale(&run)?;
    let directory = run.join(format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    // An earlier process with our pid may have left one.
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir(&directory)?;
    Ok(directory)
}

/// A process that was killed took its brokers with it, but not its files.
fn remove_stale(run: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(run)? {
        let path = entry?.path();
        if pid(&path).is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            // Another process may be removing the same one.
            let _ = fs::remove_dir_all(&path);
        }
    }
    Ok(())
}

fn pid(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.split_once('-')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{pid, remove_stale};
    use std::fs;
    use std::path::Path;

    #[test]
    fn only_directories_of_ended_processes_are_removed() {
        // Above the highest pid that Linux gives out (2^22).
        let run = super::layout::kafka().join(format!("stale-test-{}", std::process::id()));
        let (dead, alive, foreign) =
            (run.join("4194305-0"), run.join(format!("{}-7", std::process::id())), run.join("x"));
        for directory in [&dead, &alive, &foreign] {
            fs::create_dir_all(directory).unwrap();
        }
        remove_stale(&run).unwrap();
        assert_eq!([dead.exists(), alive.exists(), foreign.exists()], [false, true, true]);
        fs::remove_dir_all(&run).unwrap();
    }

    #[test]
    fn a_name_without_a_pid_is_left_alone() {
        assert_eq!(pid(Path::new("run/12-3")), Some(12));
        assert_eq!(pid(Path::new("run/notes")), None);
    }
}
