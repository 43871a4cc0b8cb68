//! One broker for one directory: a lock that ends with its process, in a file that says who holds it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::DirectoryError;

const FILE: &str = "lock";
/// A longer file is not ours.
const HOLDER_BYTES_MAX: u64 = 4096;

/// Held for as long as it lives. The file stays; what it says counts while it is locked.
pub(crate) struct Lock {
    directory: PathBuf,
    file: File,
}

#[derive(Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: String,
    address: Option<String>,
}

impl Lock {
    /// Makes the directory if it is not there.
    pub(crate) fn take(directory: &Path) -> Result<Self, DirectoryError> {
        fs::create_dir_all(directory).map_err(DirectoryError::file("make", directory))?;
        let path = directory.join(FILE);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&path).map_err(DirectoryError::file("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DirectoryError::InUse { directory: directory.to_owned(), holder: holder_of(&file) });
            }
            Err(TryLockError::Error(error)) => return Err(DirectoryError::file("lock", &path)(error)),
        }
        let mut lock = Self { directory: directory.to_owned(), file };
        lock.name_holder(None)?;
        Ok(lock)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes who holds it, for whoever finds it held.
    pub(super) fn name_holder(&mut self, address: Option<&str>) -> Result<(), DirectoryError> {
        let host = hostname::get().map_or_else(|_| "?".to_owned(), |name| name.to_string_lossy().into_owned());
        let holder = Holder { pid: std::process::id(), host, address: address.map(str::to_owned) };
        let text = serde_json::to_vec(&holder).unwrap_or_default();
        let written = self.file.set_len(0).and_then(|()| self.file.rewind()).and_then(|()| self.file.write_all(&text));
        written.map_err(DirectoryError::file("write", &self.directory.join(FILE)))
    }
}

/// The other's words are for people only; it may not have written them yet.
fn holder_of(file: &File) -> String {
    let mut text = Vec::new();
    let read = file.take(HOLDER_BYTES_MAX).read_to_end(&mut text).ok();
    match read.and_then(|_| serde_json::from_slice::<Holder>(&text).ok()) {
        Some(Holder { pid, host, address: Some(address) }) => format!("process {pid} on host {host}, at {address}"),
        Some(Holder { pid, host, address: None }) => format!("process {pid} on host {host}"),
        None => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_second_is_told_who_holds_it_and_gets_it_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("new/one");
        let mut lock = Lock::take(&directory).unwrap();
        let said = Lock::take(&directory).err().unwrap().to_string();
        assert!(said.contains(&format!("in use by process {} on host ", std::process::id())), "{said}");
        lock.name_holder(Some("127.0.0.1:9092")).unwrap();
        let said = Lock::take(&directory).err().unwrap().to_string();
        assert!(said.ends_with(", at 127.0.0.1:9092") && said.contains(&directory.display().to_string()), "{said}");
        drop(lock);
        assert!(Lock::take(&directory).is_ok());
    }
}
