//! A look at a directory before the engine opens it: what the engine takes on trust is checked here, by the checksums and
//! counts that it writes itself. A directory that is new has nothing to be looked at.
//!
//! The layouts are those of fjall's format version 3, which its `version` file states and fjall checks. Should they change
//! under us, every start would set the cache aside; the tests that open one twice would say so.

mod format;
mod journal;
mod manifest;

use std::io;
use std::path::Path;

/// The engine makes this file, of its own format, last: after its first journal.
const ENGINES_FILE: &str = "version";

/// What keeps the directory from being used; `None` if it is whole or new.
///
/// # Errors
/// It can't be read or made.
pub(crate) fn fault(folder: &Path) -> io::Result<Option<String>> {
    if let Some(fault) = format::fault(folder)? {
        return Ok(Some(fault));
    }
    if !folder.join(ENGINES_FILE).exists() {
        return Ok(None);
    }
    match journal::fault(folder)? {
        None => manifest::fault(folder),
        fault => Ok(fault),
    }
}
