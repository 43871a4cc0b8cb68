//! A directory that can't be used is renamed, not deleted: someone may want to know what happened to it.

use crate::OpenError;
use std::path::{Path, PathBuf};

/// Written into a directory that was found damaged while it was open.
const DAMAGED: &str = "DAMAGED";
/// Older ones are deleted: all of it can be rebuilt, and a disk that damages files should not be filled with them too.
const ASIDE_MAX: usize = 2;
/// Directories set aside within one second.
const SAME_SECOND_MAX: u32 = 100;

pub(crate) fn mark_damaged(path: &Path, reason: &str) {
    if let Err(error) = std::fs::write(path.join(DAMAGED), reason) {
        tracing::warn!(%error, directory = %path.display(), "failed to mark the cache of state as damaged");
    }
}

/// Why the directory was given up while it was open.
pub(crate) fn damage(path: &Path) -> Option<String> {
    std::fs::read(path.join(DAMAGED)).ok().map(|reason| String::from_utf8_lossy(&reason).into_owned())
}

/// Renames `path` to `<path>-aside-<time>`.
pub(crate) fn set_aside(path: &Path, reason: &str) -> Result<PathBuf, OpenError> {
    let stem = format!("{}-aside-", path.file_name().unwrap_or_default().to_string_lossy());
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let names = std::iter::once(String::new()).chain((1..SAME_SECOND_MAX).map(|n| format!("-{n:02}")));
    let mut free = names.map(|n| path.with_file_name(format!("{stem}{time}{n}"))).filter(|it| !it.exists());
    let to = free.next().unwrap_or_else(|| path.with_file_name(format!("{stem}{time}-xx")));
    std::fs::rename(path, &to).map_err(|source| OpenError::Io { what: "set aside", path: path.into(), source })?;
    tracing::warn!(
        reason,
        directory = %path.display(),
        aside = %to.display(),
        "the cache of state can't be used; it is set aside and rebuilt from the changelogs"
    );
    remove_old(path, &stem);
    Ok(to)
}

fn remove_old(path: &Path, stem: &str) {
    let Some(entries) = path.parent().and_then(|parent| std::fs::read_dir(parent).ok()) else {
        return;
    };
    let ours = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(stem));
    let mut all: Vec<PathBuf> = ours.map(|entry| entry.path()).collect();
    // The time is in the name, so the order of names is the order of time.
    all.sort();
    for old in all.iter().rev().skip(ASIDE_MAX) {
        let removed = std::fs::remove_dir_all(old);
        tracing::warn!(directory = %old.display(), ?removed, "an older directory that was set aside is deleted");
    }
}
