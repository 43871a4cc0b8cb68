//! Where changes are noted by whoever makes them: a list in memory, written by [`Directory`](super::Directory) before the
//! lock on the state is let go. A broker without a directory notes nothing.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use uuid::Uuid;

use super::fact::Fact;
use super::frame;

/// What a frame's content begins with.
pub(super) const FACT: u8 = 0;
pub(super) const APPENDED: u8 = 1;
pub(super) const KEPT: u8 = 2;

/// Clones share one list.
#[derive(Clone, Default)]
pub(crate) struct Journal(Option<Arc<Mutex<Notes>>>);

#[derive(Default)]
struct Notes {
    /// Not before the state of an earlier run is in memory: that would be noted a second time.
    has_begun: bool,
    frames: Vec<u8>,
}

impl Journal {
    /// One whose notes are written.
    pub(crate) fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    /// From now on.
    pub(super) fn begin(&self) {
        self.with(|notes| notes.has_begun = true);
    }

    pub(crate) fn note(&self, fact: impl FnOnce() -> Fact) {
        self.with(|notes| {
            if notes.has_begun {
                put_fact(&mut notes.frames, &fact());
            }
        });
    }

    /// Moves everything noted to the end of `into`, and keeps its room when `into` has none.
    pub(super) fn take(&self, into: &mut Vec<u8>) {
        self.with(|notes| match into.is_empty() {
            true => std::mem::swap(into, &mut notes.frames),
            false => into.append(&mut notes.frames),
        });
    }

    fn with(&self, change: impl FnOnce(&mut Notes)) {
        if let Some(notes) = &self.0 {
            // Nothing panics under this lock.
            change(&mut notes.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Journal(kept)" } else { "Journal(none)" })
    }
}

/// The journal as one partition notes in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogJournal {
    pub(crate) journal: Journal,
    pub(crate) topic: Uuid,
    pub(crate) partition: i32,
}

impl LogJournal {
    pub(crate) fn appended(&self, batch: &Bytes) {
        self.journal.with(|notes| {
            if notes.has_begun {
                put_batch(&mut notes.frames, APPENDED, self.topic, self.partition, batch);
            }
        });
    }

    pub(crate) fn starts_at(&self, offset: i64) {
        self.journal.note(|| Fact::Start { topic: self.topic, partition: self.partition, offset });
    }

    pub(crate) fn led(&self, epoch: i32, offset: i64) {
        self.journal.note(|| Fact::Epoch { topic: self.topic, partition: self.partition, epoch, offset });
    }
}

pub(super) fn put_fact(into: &mut Vec<u8>, fact: &Fact) {
    // Only maps with keys that are no texts fail, and there are none.
    let text = serde_json::to_vec(fact).unwrap_or_default();
    frame::put(into, &[&[FACT], &text]);
}

pub(super) fn put_batch(into: &mut Vec<u8>, kind: u8, topic: Uuid, partition: i32, batch: &[u8]) {
    frame::put(into, &[&[kind], topic.as_bytes(), &partition.to_be_bytes(), batch]);
}
