//! The engine's journals: what was written last, and is replayed.
//!
//! fjall checks the items of a batch, but three things it takes as they come: a journal that becomes unreadable in the
//! middle is cut there without a word, even if later journals go on behind the gap; the sequence number of a batch, which
//! decides which of two values is the newer one, is under no checksum; and a journal that is gone was never there. So:
//! none may be missing, numbers must rise over all of them, and only the last may end in something that is not whole.
//! Reads no more than the engine is about to read anyway.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;

/// In an item before the lengths: type of the value, compression, tree.
const ITEM_HEAD_BYTES: u64 = 1 + 1 + 8;
/// Checksum and trailer.
const END_BYTES: u64 = 8 + 4;
const CLEAR_BYTES: u64 = 8;
const BUFFER_BYTES: usize = 256 << 10;

/// What is wrong with the journals in `folder`; `None` if nothing is.
pub(super) fn fault(folder: &Path) -> io::Result<Option<String>> {
    let mut journals: Vec<(u64, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let number = path.extension().filter(|it| *it == "jnl").and_then(|_| path.file_stem()?.to_str()?.parse().ok());
        journals.extend(number.map(|number| (number, path)));
    }
    journals.sort();
    if journals.is_empty() {
        // Without one the engine would begin to count from 0 again, below what is in its tables.
        return Ok(Some("its journal is gone".into()));
    }
    if journals.iter().zip(journals.iter().skip(1)).any(|((one, _), (next, _))| one + 1 != *next) {
        return Ok(Some("a journal is gone".into()));
    }
    let mut last = None;
    let count = journals.len();
    for (at, (number, path)) in journals.into_iter().enumerate() {
        let mut journal = Journal { file: BufReader::with_capacity(BUFFER_BYTES, File::open(&path)?), last };
        let end = journal.read()?;
        last = journal.last;
        match end {
            End::OutOfOrder => return Ok(Some(format!("journal {number}: batches are not in their order"))),
            End::Unreadable if at + 1 < count => return Ok(Some(format!("journal {number} ends early"))),
            End::Unreadable | End::Whole => {}
        }
    }
    Ok(None)
}

enum End {
    /// At its end, or at zeros that were never written, between two batches.
    Whole,
    Unreadable,
    OutOfOrder,
}

struct Journal {
    file: BufReader<File>,
    /// Sequence number of the batch before.
    last: Option<u64>,
}

impl Journal {
    fn read(&mut self) -> io::Result<End> {
        match self.batches() {
            // In the middle of an entry.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(End::Unreadable),
            other => other,
        }
    }

    fn batches(&mut self) -> io::Result<End> {
        loop {
            let Some(tag) = self.tag()? else {
                return Ok(End::Whole);
            };
            match tag {
                0 if self.only_zeros_follow()? => return Ok(End::Whole),
                START => {}
                _ => return Ok(End::Unreadable),
            }
            let entries = u32::from_le_bytes(self.bytes()?);
            let sequence = u64::from_le_bytes(self.bytes()?);
            if self.last.is_some_and(|last| sequence <= last) {
                return Ok(End::OutOfOrder);
            }
            for _ in 0..entries {
                match self.tag()? {
                    Some(ITEM) => self.skip_item()?,
                    Some(CLEAR) => self.skip(CLEAR_BYTES)?,
                    _ => return Ok(End::Unreadable),
                }
            }
            if self.tag()? != Some(END) {
                return Ok(End::Unreadable);
            }
            self.skip(END_BYTES)?;
            self.last = Some(sequence);
        }
    }

    fn skip_item(&mut self) -> io::Result<()> {
        self.skip(ITEM_HEAD_BYTES)?;
        let key = u16::from_le_bytes(self.bytes()?);
        let _uncompressed = u32::from_le_bytes(self.bytes()?);
        let value = u32::from_le_bytes(self.bytes()?);
        self.skip(u64::from(key) + u64::from(value))
    }

    /// `None` at the end of the file.
    fn tag(&mut self) -> io::Result<Option<u8>> {
        let mut tag = [0];
        Ok((self.file.read(&mut tag)? == 1).then_some(tag[0]))
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        // Read, not sought: a seek goes beyond the end without a word.
        let skipped = io::copy(&mut (&mut self.file).take(bytes), &mut io::sink())?;
        if skipped < bytes { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn only_zeros_follow(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 4096];
        loop {
            let read = self.file.read(&mut chunk)?;
            if read == 0 {
                return Ok(true);
            }
            if chunk.iter().take(read).any(|byte| *byte != 0) {
                return Ok(false);
            }
        }
    }
}

#[cfg(test)]
mod tests;
