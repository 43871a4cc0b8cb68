//! `wasmill plugin wrap`: a module of wasm32-wasip1 becomes a component.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::exit::UserFault;
use crate::output;

/// The most that `limits.module_mib` allows: a larger component could not be loaded.
const MODULE_BYTES_MAX: u64 = 1 << 30;

/// Reads `module` and writes the component to `to`, whole or not at all.
pub(crate) fn wrap(module: &Path, to: &Path) -> anyhow::Result<()> {
    let bytes = read(module).with_context(|| UserFault(format!("failed to read {}", module.display())))?;
    let component =
        wasmill_sandbox::wrap(&bytes).map_err(|error| UserFault(format!("{}: {error}", module.display())))?;
    replace(to, &component).with_context(|| UserFault(format!("failed to write {}", to.display())))?;
    output::data(&format!("{}: {} bytes\n", to.display(), component.len()))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MODULE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MODULE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {MODULE_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

/// By a file beside it: a process that loads a plugin at this moment gets the old one or the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::IsADirectory))?;
    let mut beside_name = std::ffi::OsString::from(".");
    beside_name.push(name);
    beside_name.push(format!(".{}", std::process::id()));
    let beside: PathBuf = path.with_file_name(beside_name);
    let written = File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // It may never have been there.
        let _ = fs::remove_file(&beside);
    }
    written
}
