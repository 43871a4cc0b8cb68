//! Compiled code on disk: used when it is exactly what we wrote, made anew otherwise.

use crate::support::*;
use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use wasmill_sandbox::{Cache, CacheError};

struct Cached {
    parent: tempfile::TempDir,
    file: PluginFile,
}

impl Cached {
    /// The plugin has been loaded once.
    fn new() -> Cached {
        let cached =
            Cached { parent: tempfile::tempdir().unwrap(), file: PluginFile::new(&Guest::default().component()) };
        assert!(!cached.load(), "compiled");
        assert!(cached.load(), "out of the cache");
        cached
    }

    fn folder(&self) -> PathBuf {
        self.parent.path().join("compiled")
    }

    /// Whether it came out of the cache. It works either way.
    fn load(&self) -> bool {
        let cache = Cache::open(&self.folder()).unwrap();
        let plugin = load_file(&self.file.path(), &json!({}), limits(), Some(&cache)).unwrap();
        assert!(forwards(&call(&mut started(&plugin), &Records::many(3)).unwrap()));
        plugin.compile_time().1
    }

    fn entry(&self) -> PathBuf {
        let mut entries = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path());
        let entry = entries.next().unwrap();
        assert_eq!(entries.next(), None, "one file");
        entry
    }

    fn is_made_anew_after(&self, what: &str, change: impl FnOnce(&PathBuf)) {
        change(&self.entry());
        assert!(!self.load(), "{what}: never trusted");
        assert!(self.load(), "{what}: replaced by a good one");
    }
}

#[test]
fn a_file_that_was_changed_is_compiled_anew() {
    let cached = Cached::new();
    cached.is_made_anew_after("a byte in the middle", |entry| {
        let mut bytes = fs::read(entry).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        fs::write(entry, bytes).unwrap();
    });
    cached.is_made_anew_after("cut short", |entry| {
        let bytes = fs::read(entry).unwrap();
        fs::write(entry, &bytes[..bytes.len() / 2]).unwrap();
    });
    cached.is_made_anew_after("empty", |entry| fs::write(entry, b"").unwrap());
    cached.is_made_anew_after("something else", |entry| fs::write(entry, b"not code").unwrap());
}

#[test]
fn a_file_that_others_could_have_written_is_compiled_anew() {
    let cached = Cached::new();
    cached.is_made_anew_after("writable by the group", |entry| {
        fs::set_permissions(entry, Permissions::from_mode(0o620)).unwrap();
    });
    let elsewhere = cached.parent.path().join("elsewhere");
    cached.is_made_anew_after("a link, even to good code", |entry| {
        fs::rename(entry, &elsewhere).unwrap();
        symlink(&elsewhere, entry).unwrap();
    });
    assert!(elsewhere.exists(), "what a link points at is left alone");
}

#[test]
fn code_of_another_plugin_under_this_ones_name_runs_nobody() {
    // Good in itself: header, digest and form are right. Only someone who writes as us can do that, so all that is asked is
    // that names are by content and two plugins never share one.
    let cached = Cached::new();
    let first = cached.entry();
    let other = PluginFile::new(&Guest::answering(&[2], &[], &[]).component());
    let cache = Cache::open(&cached.folder()).unwrap();
    let plugin = load_file(&other.path(), &json!({}), limits(), Some(&cache)).unwrap();
    assert!(!plugin.compile_time().1 && fs::read_dir(cached.folder()).unwrap().count() == 2 && first.exists());
}

#[test]
fn a_folder_that_is_open_to_others_is_refused() {
    let cached = Cached::new();
    fs::set_permissions(cached.folder(), Permissions::from_mode(0o770)).unwrap();
    let error = Cache::open(&cached.folder()).unwrap_err();
    assert!(matches!(&error, CacheError::Untrusted { .. }) && error.to_string().contains("chmod 700"), "{error}");
}

#[test]
fn a_folder_that_can_not_be_written_costs_time_only() {
    let cached = Cached::new();
    let cache = Cache::open(&cached.folder()).unwrap();
    fs::remove_dir_all(cached.folder()).unwrap();
    let plugin = load_file(&cached.file.path(), &json!({}), limits(), Some(&cache)).unwrap();
    assert!(!plugin.compile_time().1 && forwards(&call(&mut started(&plugin), &Records::many(1)).unwrap()));
}
