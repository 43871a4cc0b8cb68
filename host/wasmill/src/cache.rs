//! Where compiled plugins are kept between two starts.
//!
//! Beside the state where there is a state directory, else in the user's cache directory (XDG Base Directory Specification).
//! Which folders may be trusted is decided in `sandbox`. `lint` does not use it: it touches nothing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folder; `None`: there is no place for it, and everything is compiled at each start.
pub(crate) fn folder(state_directory: Option<&Path>) -> Option<PathBuf> {
    match state_directory {
        Some(directory) => Some(directory.join("cache")),
        None => of_user(std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")),
    }
}

/// Relative paths are not taken: they would depend on where the process was started.
fn of_user(cache: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let cache = cache.and_then(absolute).or_else(|| Some(home.and_then(absolute)?.join(".cache")))?;
    Some(cache.join("wasmill"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_directory_comes_first_and_then_the_users_own_folders() {
        assert_eq!(folder(Some(Path::new("/var/lib/wasmill"))), Some("/var/lib/wasmill/cache".into()));
        let table = [
            (Some("/cache"), Some("/home/a"), Some("/cache/wasmill")),
            (None, Some("/home/a"), Some("/home/a/.cache/wasmill")),
            (Some(""), Some("/home/a"), Some("/home/a/.cache/wasmill")),
            (Some("relative"), None, None),
            (None, Some("relative"), None),
            (None, None, None),
        ];
        for (cache, home, expected) in table {
            let found = of_user(cache.map(OsString::from), home.map(OsString::from));
            assert_eq!(found, expected.map(PathBuf::from), "{cache:?} {home:?}");
        }
    }
}
