//! A folder that is ours alone, and files in it that are opened without following links.

use super::CacheError;
use rustix::fs::{AtFlags, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(super) const EXTENSION: &str = "cwasm";

/// A larger file is not one of ours: the largest plugin that may be configured compiles to about twice its size.
const FILE_BYTES_MAX: u64 = 4 << 30;

/// Kept open, so that what is read and written is in the folder that was checked.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    handle: OwnedFd,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Folder, CacheError> {
        let fault = |error: io::Error| CacheError::Open { folder: path.to_owned(), error };
        let untrusted = |what, remedy| CacheError::Untrusted { folder: path.to_owned(), what, remedy };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(fault)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(handle) => handle,
            Err(Errno::LOOP | Errno::NOTDIR) => {
                return Err(untrusted("is a link or no folder", "name a folder itself".to_owned()));
            }
            Err(error) => return Err(fault(error.into())),
        };
        let stat = rustix::fs::fstat(&handle).map_err(|error| fault(error.into()))?;
        if !is_ours(&stat) {
            return Err(untrusted("belongs to another user", "name a folder that only wasmill uses".to_owned()));
        }
        if stat.st_mode & 0o077 != 0 {
            return Err(untrusted("is open to other users", format!("type `chmod 700 {}`", path.display())));
        }
        Ok(Folder { path: path.to_owned(), handle })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The file's bytes; `None`: there is none.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        // Without NONBLOCK a pipe in the file's place would wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.handle, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(io::Error::other("is a link")),
            Err(error) => return Err(error.into()),
        };
        let stat = rustix::fs::fstat(file.as_fd())?;
        if !is_ours(&stat) || stat.st_mode & 0o022 != 0 {
            return Err(io::Error::other("could have been written by another user"));
        }
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("is not a file"));
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Under another name first: whoever reads sees all of it or nothing. A crash leaves a file that is cut short at most,
    /// which its digest tells.
    pub(super) fn write(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        let fresh = format!("{name}.{}", std::process::id());
        self.remove(&fresh);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(rustix::fs::openat(&self.handle, &fresh, flags, Mode::RUSR | Mode::WUSR)?);
        let written = parts.iter().try_for_each(|part| file.write_all(part));
        let done = written.and_then(|()| Ok(rustix::fs::renameat(&self.handle, &fresh, &self.handle, name)?));
        if done.is_err() {
            self.remove(&fresh);
        }
        done
    }

    /// Removes the oldest compiled plugins beyond `most`. Another process may do so at the same time.
    pub(super) fn keep_newest(&self, most: usize) {
        let Ok(entries) = std::fs::read_dir(&self.path) else { return };
        let mut files: Vec<(SystemTime, String)> = entries
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|extension| extension == EXTENSION))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.file_name().into_string().ok()?)))
            .collect();
        files.sort_unstable_by(|a, b| b.cmp(a));
        for (_, name) in files.iter().skip(most) {
            self.remove(name);
        }
    }

    fn remove(&self, name: &str) {
        // Not there, or somebody else removed it.
        let _ = rustix::fs::unlinkat(&self.handle, name, AtFlags::empty());
    }
}

fn is_ours(stat: &Stat) -> bool {
    stat.st_uid == rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn closed() -> (tempfile::TempDir, Folder) {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::open(&parent.path().join("a/b")).unwrap();
        (parent, folder)
    }

    fn mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_that_is_made_is_closed_to_others() {
        let (_parent, folder) = closed();
        assert_eq!(std::fs::metadata(&folder.path).unwrap().permissions().mode() & 0o777, 0o700);
        folder.write("x.cwasm", &[b"one ", b"two"]).unwrap();
        assert_eq!(folder.read("x.cwasm").unwrap().unwrap(), b"one two");
        assert_eq!(folder.read("y.cwasm").unwrap(), None);
        let names: Vec<_> = std::fs::read_dir(&folder.path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["x.cwasm"]);
    }

    #[test]
    fn a_folder_that_others_can_look_into_is_refused_with_the_remedy() {
        let (_parent, folder) = closed();
        for open in [0o770, 0o702, 0o705] {
            mode(&folder.path, open);
            let error = Folder::open(&folder.path).unwrap_err().to_string();
            assert!(error.contains("chmod 700"), "{error}");
        }
        mode(&folder.path, 0o700);
        assert!(Folder::open(&folder.path).is_ok());
    }

    #[test]
    fn a_link_is_not_followed() {
        let (parent, folder) = closed();
        let link = parent.path().join("link");
        symlink(&folder.path, &link).unwrap();
        assert!(matches!(Folder::open(&link), Err(CacheError::Untrusted { .. })));
        folder.write("good.cwasm", &[b"code"]).unwrap();
        symlink(folder.path("good.cwasm"), folder.path("link.cwasm")).unwrap();
        assert_eq!(folder.read("link.cwasm").unwrap_err().to_string(), "is a link");
    }

    #[test]
    fn a_file_that_others_could_have_written_is_not_read() {
        let (_parent, folder) = closed();
        folder.write("x.cwasm", &[b"code"]).unwrap();
        for open in [0o620, 0o602] {
            mode(&folder.path("x.cwasm"), open);
            assert!(folder.read("x.cwasm").is_err());
        }
        std::fs::create_dir(folder.path("d.cwasm")).unwrap();
        assert!(folder.read("d.cwasm").is_err());
        // Writing replaces it, permissions and all.
        folder.write("x.cwasm", &[b"fresh"]).unwrap();
        assert_eq!(folder.read("x.cwasm").unwrap().unwrap(), b"fresh");
    }

    #[test]
    fn only_the_newest_are_kept_and_strangers_are_left_alone() {
        let (_parent, folder) = closed();
        for number in 0..5 {
            let name = format!("{number}.cwasm");
            folder.write(&name, &[b"code"]).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000 + number);
            File::options().write(true).open(folder.path(&name)).unwrap().set_modified(time).unwrap();
        }
        std::fs::write(folder.path("notes.txt"), "mine").unwrap();
        folder.keep_newest(2);
        let there = |name: &str| folder.path(name).exists();
        assert!(there("4.cwasm") && there("3.cwasm") && there("notes.txt"));
        assert!(!there("2.cwasm") && !there("0.cwasm"));
    }
}
