//! `--watch`: plugins whose file has changed are swapped.
//!
//! Looks at the files instead of asking the system for events: that works on every file system, in containers too, and whoever
//! builds a plugin waits for the compiler, not for us.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use wasmill_config::WasmPlugin;
use wasmill_pipeline::Swapper;

/// A file is taken when two looks in a row see it the same: until then somebody may still be writing it.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// What a file looked like; `None`: it was not there.
type Look = Option<(SystemTime, u64)>;

struct Watched {
    file: PathBuf,
    /// What runs, or was refused.
    settled: Look,
    last: Look,
}

impl Watched {
    /// The first look counts as a change: the file may have been written while the process started. A swap of equal files
    /// costs nothing.
    fn new(file: PathBuf) -> Watched {
        Watched { file, settled: None, last: None }
    }

    /// Whether the file is another one now, and whole. A file that is gone is waited for.
    fn has_changed(&mut self, now: Look) -> bool {
        let is_still = now == self.last;
        self.last = now;
        if !is_still || now.is_none() || now == self.settled {
            return false;
        }
        self.settled = now;
        true
    }
}

/// Watches until the process is told to stop.
pub(crate) fn start(
    plugins: Vec<Arc<WasmPlugin>>,
    swapper: &Arc<Swapper>,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let swapper = Arc::clone(swapper);
    let mut watched: Vec<Watched> = plugins.iter().map(|plugin| Watched::new(plugin.file.clone())).collect();
    let watching = super::thread("watch", move || {
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(LOOK_INTERVAL);
            let mut changed = Vec::new();
            for (plugin, watched) in plugins.iter().zip(&mut watched) {
                if watched.has_changed(look(&watched.file)) {
                    changed.push(plugin.name.as_str());
                }
            }
            let pipelines = swapper.pipelines_of(&changed);
            if !pipelines.is_empty() {
                // The names are the swapper's own; it logs what comes of them.
                let _ = swapper.swap(&pipelines);
            }
        }
    });
    watching.map(drop)
}

fn look(file: &PathBuf) -> Look {
    let facts = std::fs::metadata(file).ok()?;
    Some((facts.modified().ok()?, facts.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Look {
        Some((SystemTime::UNIX_EPOCH + Duration::from_secs(seconds), 7))
    }

    #[test]
    fn a_file_is_taken_once_it_stands_still_and_only_then() {
        let mut watched = Watched { file: PathBuf::new(), settled: at(1), last: at(1) };
        let taken = [at(1), at(2), at(3), at(3), at(3), None, None, at(4), at(4), at(1), at(1)];
        let taken: Vec<bool> = taken.into_iter().map(|now| watched.has_changed(now)).collect();
        assert_eq!(taken, [false, false, false, true, false, false, false, false, true, false, true]);
    }
}
