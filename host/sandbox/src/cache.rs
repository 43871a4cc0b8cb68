//! Compiled plugins on disk: what took half a second to compile is loaded in a millisecond at the next start.
//!
//! A compiled plugin is machine code that runs with all our rights, and wasmtime checks its shape, version and settings but
//! not its content. So only what this user wrote, and what nobody changed since, is loaded: the folder belongs to us and is
//! closed to everybody else, and each file begins with the digest of the rest, which is checked on the very bytes that are
//! loaded. A digest keeps out accidents, not attackers; those are kept out by the folder, and who can write there as us could
//! replace the binary as well. A file that does not pass is compiled anew and replaced.

mod entry;
mod folder;

use crate::file::hex;
use folder::Folder;
use sha2::{Digest, Sha256};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use wasmtime::component::Component;

/// Compiled plugins that are kept, newest first; a Python plugin takes 33 MB. Beyond it the oldest go.
const FILES_MAX: usize = 64;

/// A folder of compiled plugins.
#[derive(Debug)]
pub struct Cache {
    folder: Folder,
}

/// The folder can't be used. What is wrong with a single file is mended and not an error.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error("failed to open the folder of compiled plugins `{}`: {error}", folder.display())]
    Open { folder: PathBuf, error: std::io::Error },
    #[error("the folder of compiled plugins `{}` {what}: code in it would run with all rights of wasmill; {remedy}", folder.display())]
    Untrusted { folder: PathBuf, what: &'static str, remedy: String },
}

impl Cache {
    /// Opens the folder, and makes it (closed to others) if there is none.
    ///
    /// # Errors
    /// It is not a folder of ours alone.
    pub fn open(folder: &Path) -> Result<Cache, CacheError> {
        Ok(Cache { folder: Folder::open(folder)? })
    }

    /// The compiled form of this plugin, if a good one is there.
    pub(crate) fn load(&self, engine: &wasmtime::Engine, digest: &str) -> Option<Component> {
        let name = name(engine, digest);
        let bytes = match self.folder.read(&name) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return None,
            Err(error) => return self.distrust(&name, &error.to_string()),
        };
        let code = match entry::open(&bytes) {
            Ok(code) => code,
            Err(what) => return self.distrust(&name, what),
        };
        // SAFETY: `code` was written by this user through `store`, into a folder that nobody else can write to, and has
        // been the same since: its digest was checked on these bytes. wasmtime checks version and settings.
        match unsafe { Component::deserialize(engine, code) } {
            Ok(component) => Some(component),
            Err(error) => self.distrust(&name, &format!("{error:#}")),
        }
    }

    /// Keeps the compiled form. That it can't be kept costs time at the next start and nothing else.
    pub(crate) fn store(&self, component: &Component, digest: &str) {
        let name = name(component.engine(), digest);
        let stored = component.serialize().map_err(|error| format!("{error:#}")).and_then(|code| {
            self.folder.write(&name, &[&entry::header(&code), &code]).map_err(|error| error.to_string())
        });
        match stored {
            Ok(()) => self.folder.keep_newest(FILES_MAX),
            Err(error) => tracing::warn!("{}: compiled code is not kept: {error}", self.folder.path(&name).display()),
        }
    }

    fn distrust(&self, name: &str, what: &str) -> Option<Component> {
        tracing::warn!("{}: {what}; compiling anew", self.folder.path(name).display());
        None
    }
}

/// Plugin and engine settings in one name.
fn name(engine: &wasmtime::Engine, digest: &str) -> String {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    // The hasher may change with the compiler; then everything is compiled once more.
    let both = Sha256::new().chain_update(digest).chain_update(settings.finish().to_le_bytes()).finalize();
    format!("{}.{}", hex(&both), folder::EXTENSION)
}
