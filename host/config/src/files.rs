//! Reading the configuration file and the secrets it names: bounded, and as text.
//!
//! Does not parse. Called by [`crate::load`] and for `{ file: ... }` values.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::yaml::FILE_BYTES_MAX;

/// A secret file; room for a bundle of certificates. More is a mistake such as naming a log file.
const SECRET_BYTES_MAX: u64 = 1024 * 1024;

/// Why a file could not be used.
pub(crate) struct Refused {
    /// 0 when the whole file is meant.
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// The text of a configuration file.
pub(crate) fn read_config(path: &Path) -> Result<String, Refused> {
    let whole = |message: String, hint: Option<String>| Refused { line: 0, column: 0, message, hint };
    let bytes = read_bounded(path, FILE_BYTES_MAX)
        .map_err(|error| whole(format!("cannot read the file: {error}"), None))?
        .ok_or_else(|| {
            whole(
                format!("the file is larger than {FILE_BYTES_MAX} bytes"),
                Some("name a wasmill configuration; one of this size is surely something else".to_owned()),
            )
        })?;
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line_start = good.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        Refused {
            line: good.iter().filter(|byte| **byte == b'\n').count() + 1,
            column: String::from_utf8_lossy(&good[line_start..]).chars().count() + 1,
            message: "the text is not UTF-8 from here on".to_owned(),
            hint: Some("save the file as UTF-8".to_owned()),
        }
    })
}

/// The secret in the file `path`, without one newline at its end. The error never quotes what the file holds.
pub(crate) fn read_secret(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let bytes = read_bounded(path, SECRET_BYTES_MAX)
        .map_err(|error| format!("cannot read the secret file {shown}: {error}"))?
        .ok_or_else(|| format!("the secret file {shown} is larger than {SECRET_BYTES_MAX} bytes"))?;
    let mut secret = String::from_utf8(bytes).map_err(|_| format!("the secret file {shown} is not UTF-8 text"))?;
    if secret.ends_with('\n') {
        secret.pop();
        if secret.ends_with('\r') {
            secret.pop();
        }
    }
    if secret.is_empty() {
        return Err(format!("the secret file {shown} is empty"));
    }
    if secret.contains('\0') {
        return Err(format!("the secret file {shown} holds a NUL character"));
    }
    Ok(secret)
}

/// `None`: larger than `bytes_max`. Reads no more than that, whatever the file claims to be.
fn read_bounded(path: &Path, bytes_max: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    Ok(u64::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max).then_some(bytes))
}
