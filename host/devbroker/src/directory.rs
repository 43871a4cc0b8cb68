//! The broker's state in a directory, so that it survives a restart, `kill -9` included.
//!
//! Everything is in memory as without one. Beside it each change is noted by whoever makes it ([`journal`]) and written
//! to one file, before anybody hears of the change: an answer leaves after the `write` of what it acknowledges. One file
//! for everything keeps changes in their order, and leaves one end that can be torn. It is rewritten from memory when it
//! has grown to twice what it held, which keeps it within a bound.
//!
//! Kept: topics with ids and configuration, records with their markers, where partitions begin, leader epochs, producers
//! with their epochs and sequence numbers, transactional ids, positions of groups with their metadata, the cluster's id.
//! Not kept: members of groups (they join again under new ids), who leads or coordinates what after a test has moved it,
//! faults, and when a position was committed (its retention begins anew at a start).
//!
//! A transaction that was open is aborted at the start, in a new epoch of its producer, as a coordinator does with one that
//! has passed its timeout; one whose end was answered is ended as it was answered.
//!
//! `write` is not `fsync`: a process may die at any moment, a machine may not.

mod fact;
mod frame;
pub(crate) mod journal;
mod lock;
mod replay;
mod snapshot;
#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use tracing::{error, info, warn};

pub(crate) use fact::{Fact, Log};
use frame::{Frames, Next};
pub(crate) use journal::{Journal, LogJournal};
pub(crate) use lock::Lock;

use crate::clock::Moment;
use crate::core::Core;

const JOURNAL: &str = "journal";
const REWRITTEN: &str = "journal.new";
/// What every journal begins with. The number changes with what it may hold.
const MAGIC: &[u8] = b"wasmill dev broker 1\n";
/// The journal may grow to twice what it held when it was written as a whole, and by this: less would rewrite a small one
/// all the time, more would leave files that nobody expects beside a few records.
const SLACK_BYTES: u64 = if cfg!(test) { 64 << 10 } else { 64 << 20 };

/// Why a directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Somebody else uses it.
    #[error("`{}` is in use by {holder}", directory.display())]
    InUse {
        /// As it was asked for.
        directory: PathBuf,
        /// Process, host and address.
        holder: String,
    },
    /// The system refuses a file.
    #[error("failed to {what} `{}`", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The journal is not as it was written.
    #[error("`{}` is damaged at byte {at}: {why}; move the file away to begin with an empty broker", journal.display())]
    Damaged {
        /// The file.
        journal: PathBuf,
        /// Where what can't be read begins.
        at: u64,
        /// What is wrong there.
        why: String,
    },
}

impl DirectoryError {
    fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { what, path: path.to_owned(), source }
    }
}

/// A directory in use.
pub(crate) struct Directory {
    path: PathBuf,
    journal: Journal,
    file: File,
    /// Bytes of the file, and how many it had when it was last written as a whole.
    written: u64,
    base: u64,
    /// What is being written; kept for its room.
    frames: Vec<u8>,
    is_broken: bool,
    lock: Lock,
}

impl Directory {
    /// Brings the state of an earlier run into an empty core, and notes its changes from now on. `journal` is the core's.
    pub(crate) fn open(lock: Lock, journal: Journal, core: &mut Core, now: Moment) -> Result<Self, DirectoryError> {
        let path = lock.directory().to_owned();
        let journal_path = path.join(JOURNAL);
        let opened = OpenOptions::new().read(true).write(true).open(&journal_path);
        let (file, written) = match opened {
            Ok(file) => replayed(&journal_path, file, core, now)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                rewrite(&path, core).map_err(DirectoryError::file("write", &journal_path))?
            }
            Err(error) => return Err(DirectoryError::file("open", &journal_path)(error)),
        };
        journal.begin();
        let base = core.cluster.budget.used();
        Ok(Self { path, journal, file, written, base, frames: Vec::new(), is_broken: false, lock })
    }

    /// Tells who asks for the directory in vain where this broker is.
    pub(crate) fn name_address(&mut self, address: &str) -> Result<(), DirectoryError> {
        self.lock.name_holder(Some(address))
    }

    /// Writes what was noted. Returns false when it could not be written, now or before: then nothing more may be
    /// acknowledged, because a restart would not know it.
    pub(crate) fn write(&mut self, core: &Core) -> bool {
        self.frames.clear();
        self.journal.take(&mut self.frames);
        if self.is_broken || self.frames.is_empty() {
            return !self.is_broken;
        }
        if let Err(error) = self.file.write_all(&self.frames) {
            error!(%error, directory = %self.path.display(), "the dev broker can't keep its state, and serves nobody");
            self.is_broken = true;
            return false;
        }
        self.written += self.frames.len() as u64;
        if self.written > self.base.saturating_mul(2).saturating_add(SLACK_BYTES) {
            self.renew(core);
        }
        true
    }

    /// Everything waits meanwhile.
    fn renew(&mut self, core: &Core) {
        match rewrite(&self.path, core) {
            Ok((file, written)) => (self.file, self.written) = (file, written),
            Err(error) => warn!(%error, "the dev broker's journal was not rewritten and goes on growing"),
        }
        self.base = self.written;
    }
}

/// Reads a journal up to its end, which it cuts off where a change was only half written.
fn replayed(path: &Path, mut file: File, core: &mut Core, now: Moment) -> Result<(File, u64), DirectoryError> {
    let damaged = |at, why| DirectoryError::Damaged { journal: path.to_owned(), at, why };
    let read = |error| DirectoryError::file("read", path)(error);
    let length = file.metadata().map_err(read)?.len();
    let mut frames = Frames::begin(BufReader::with_capacity(1 << 20, &file), length, MAGIC).map_err(read)?;
    if !frames.is_ours() {
        return Err(damaged(0, "this is no journal of a dev broker, or of another version".to_owned()));
    }
    loop {
        let at = frames.position();
        match frames.next().map_err(read)? {
            Next::Frame(content) => replay::replay(core, content, now).map_err(|why| damaged(at, why))?,
            Next::Damaged => return Err(damaged(at, "a checksum differs".to_owned())),
            Next::Torn(bytes) => {
                let directory = path.display();
                warn!(bytes, journal = %directory, "the last change was only half written, and acknowledged to nobody");
                file.set_len(at).map_err(DirectoryError::file("cut", path))?;
                break;
            }
            Next::End => break,
        }
    }
    let end = file.seek(SeekFrom::End(0)).map_err(DirectoryError::file("read", path))?;
    info!(journal = %path.display(), bytes = end, topics = core.cluster.topics.len(), "the dev broker goes on where it was");
    Ok((file, end))
}

/// A journal of the present state in the place of the one that is there.
fn rewrite(directory: &Path, core: &Core) -> io::Result<(File, u64)> {
    let (new, path) = (directory.join(REWRITTEN), directory.join(JOURNAL));
    let file = File::create(&new)?;
    let mut out = BufWriter::with_capacity(1 << 20, &file);
    out.write_all(MAGIC)?;
    snapshot::write(core, &mut out)?;
    out.flush()?;
    drop(out);
    // Not synced: that takes longer than all the rest, and a machine that dies is not what this is for.
    fs::rename(&new, &path)?;
    let written = file.metadata()?.len();
    Ok((file, written))
}
