//! Who this process is among those of its groups: given, kept in the state directory, or new at each start.
//!
//! Never the hostname or an ordinal: two processes with one id would fence each other's producers for ever.

use crate::exit::UserFault;
use anyhow::Context;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use uuid::Uuid;
use wasmill_pipeline::Identity;

/// Kept open for as long as the process lives: its lock says that the state directory is in use.
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

/// A longer file is not ours.
const ID_BYTES_MAX: u64 = 128;

/// `given` comes first; then the id kept in `directory`, made there at the first start; then a random one.
pub(crate) fn establish(given: Option<String>, directory: Option<&Path>) -> anyhow::Result<(Identity, Option<Lock>)> {
    let kept = directory.map(keep).transpose()?;
    let (kept, lock) = match kept {
        Some((id, lock)) => (Some(id), Some(lock)),
        None => (None, None),
    };
    let instance = given.or(kept).unwrap_or_else(|| Uuid::new_v4().simple().to_string());
    let run = format!("{:016x}", Uuid::new_v4().as_u64_pair().0);
    Ok((Identity { instance, run }, lock))
}

fn keep(directory: &Path) -> anyhow::Result<(String, Lock)> {
    let path = directory.join("instance-id");
    let fault = |what: &str| UserFault(format!("state.directory: {what} {}", path.display()));
    std::fs::create_dir_all(directory).with_context(|| fault("failed to create the folder of"))?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).with_context(|| fault("failed to open"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(fault("another process has locked").into()),
        Err(TryLockError::Error(error)) => return Err(anyhow::Error::new(error).context(fault("failed to lock"))),
    }
    let mut text = String::new();
    (&mut file).take(ID_BYTES_MAX).read_to_string(&mut text).with_context(|| fault("failed to read"))?;
    let mut id = text.trim().to_owned();
    if id.is_empty() {
        id = Uuid::new_v4().simple().to_string();
        file.write_all(id.as_bytes()).and_then(|()| file.sync_all()).with_context(|| fault("failed to write"))?;
    }
    if !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Err(fault("no instance id in").into());
    }
    Ok((id, Lock(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_over_restarts_and_a_run_never_is() {
        let folder = tempfile::tempdir().unwrap();
        let (first, lock) = establish(None, Some(folder.path())).unwrap();
        drop(lock);
        let (second, _lock) = establish(None, Some(folder.path())).unwrap();
        assert_eq!(first.instance, second.instance);
        assert_ne!(first.run, second.run);
    }

    #[test]
    fn a_state_directory_belongs_to_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let (_, _lock) = establish(None, Some(folder.path())).unwrap();
        let error = establish(None, Some(folder.path())).err().unwrap();
        assert!(error.to_string().contains("another process has locked"), "{error}");
    }

    #[test]
    fn a_given_id_wins() {
        let (identity, _) = establish(Some("seven".to_owned()), None).unwrap();
        assert_eq!(identity.instance, "seven");
        assert_ne!(establish(None, None).unwrap().0.instance, establish(None, None).unwrap().0.instance);
    }
}
