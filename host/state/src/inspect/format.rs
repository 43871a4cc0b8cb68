//! Which format of keys, values and marks a directory has: a file beside the engine's own.

use super::ENGINES_FILE;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Another one is set aside: everything can be rebuilt, nothing is converted.
const FORMAT: &str = "wasmill state cache 1\n";
const FILE: &str = "FORMAT";

/// What is wrong with the format; `None` if it is ours. A directory that is new becomes ours.
pub(super) fn fault(folder: &Path) -> io::Result<Option<String>> {
    let file = folder.join(FILE);
    match std::fs::read(&file) {
        Ok(format) if format == FORMAT.as_bytes() => Ok(None),
        Ok(format) => Ok(Some(format!("its format is `{}`", String::from_utf8_lossy(&format).trim()))),
        Err(error) if error.kind() == ErrorKind::NotFound && !folder.join(ENGINES_FILE).exists() => {
            std::fs::create_dir_all(folder)?;
            let mut file = std::fs::File::create(file)?;
            file.write_all(FORMAT.as_bytes())?;
            file.sync_all()?;
            Ok(None)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some("its format is unknown".into())),
        Err(error) => Err(error),
    }
}
