//! A plugin's file, and everything that can be wrong with it.

use crate::configuration::ConfigProblems;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Why a plugin can't be loaded. Each names the file and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("failed to read plugin `{file}`: {error}")]
    Read { file: String, error: io::Error },
    #[error(
        "plugin `{file}` is larger than limits.module_mib = {most_mib}; build it with `--release` and `strip = true`, or raise the limit"
    )]
    TooLarge { file: String, most_mib: usize },
    #[error("plugin `{file}` is not WebAssembly; build it with `cargo build --release --target wasm32-wasip2`")]
    NotWasm { file: String },
    #[error(
        "plugin `{file}` is a core module, not a component; turn it into one with `wasmill plugin wrap {file}`, or build it for wasm32-wasip2"
    )]
    CoreModule { file: String },
    #[error("plugin `{file}` does not compile: {message}")]
    Compile { file: String, message: String },
    #[error(
        "plugin `{file}` did not compile within limits.compile_deadline_ms = {deadline_ms}; raise the limit or make the plugin smaller"
    )]
    CompileDeadline { file: String, deadline_ms: u128 },
    #[error("plugin `{file}` imports {}, which wasmill does not offer to plugins; build it without", names.join(", "))]
    Imports { file: String, names: Vec<String> },
    #[error("plugin `{file}` {what}; build it against wasmill:plugin@0.1")]
    Contract { file: String, what: String },
    #[error("plugin `{file}` failed in {during} ({code}): {message}; the plugin's author has to mend that")]
    Guest { file: String, during: &'static str, code: &'static str, message: String },
    #[error("plugin `{file}` describes itself wrongly; the plugin's author has to mend that:{problems}")]
    Manifest { file: String, problems: ConfigProblems },
    #[error("the configuration of plugin `{file}` is not what it takes:{problems}")]
    Config { file: String, problems: ConfigProblems },
    #[error("plugin `{file}` can't be started on this machine: {message}")]
    Host { file: String, message: String },
}

impl LoadError {
    /// Whether the user can mend it (exit code 1), or it is the machine or a bug of ours (2).
    pub fn is_users(&self) -> bool {
        !matches!(self, LoadError::Host { .. })
    }

    /// What is wrong with the plugin's section of the configuration file, for naming the lines.
    pub fn config_problems(&self) -> Option<&ConfigProblems> {
        match self {
            LoadError::Config { problems, .. } => Some(problems),
            _ => None,
        }
    }
}

/// The bytes of a component, and what they are called.
pub(crate) struct Code {
    pub(crate) file: String,
    pub(crate) bytes: Vec<u8>,
    /// `sha256:<hex>`.
    pub(crate) digest: String,
}

impl Code {
    /// Reads at most `bytes_max`. The file is read once: replacing it under a running process changes nothing.
    pub(crate) fn read(path: &Path, bytes_max: usize) -> Result<Code, LoadError> {
        let file = path.display().to_string();
        let bytes = match read(path, bytes_max) {
            Ok(bytes) => bytes,
            Err(error) => return Err(LoadError::Read { file, error }),
        };
        if bytes.len() > bytes_max {
            return Err(LoadError::TooLarge { file, most_mib: bytes_max >> 20 });
        }
        match kind(&bytes) {
            Kind::Component => {}
            Kind::Module => return Err(LoadError::CoreModule { file }),
            Kind::Other => return Err(LoadError::NotWasm { file }),
        }
        let digest = format!("sha256:{}", hex(&Sha256::digest(&bytes)));
        Ok(Code { file, bytes, digest })
    }
}

/// One byte more than allowed says that there is more.
fn read(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    let mut bytes = Vec::new();
    file.take(u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Component,
    Module,
    Other,
}

/// By the first 8 bytes: magic, then version and layer.
pub(crate) fn kind(bytes: &[u8]) -> Kind {
    match bytes.first_chunk::<8>() {
        Some([b'\0', b'a', b's', b'm', 0x01, 0, 0, 0]) => Kind::Module,
        Some([b'\0', b'a', b's', b'm', _, _, 0x01, 0]) => Kind::Component,
        _ => Kind::Other,
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], most: usize) -> Result<Code, LoadError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Code::read(file.path(), most)
    }

    #[test]
    fn a_component_is_read_and_named_by_its_digest() {
        let code = read(b"\0asm\x0d\0\x01\0", 8).unwrap();
        assert_eq!(code.digest, "sha256:24eaf3439a60c96764c4f2c92a0a81b52bd4fe5d5b91f090184a0f6486b1bf29");
    }

    #[test]
    fn what_is_no_component_is_told_apart() {
        assert!(matches!(read(b"\0asm\x01\0\0\0", 100), Err(LoadError::CoreModule { .. })));
        for bytes in [&b"hello"[..], b"", b"(component)", b"\0asm", b"\0asm\x02\0\0\0"] {
            assert!(matches!(read(bytes, 100), Err(LoadError::NotWasm { .. })), "{bytes:?}");
        }
    }

    #[test]
    fn a_file_beyond_the_limit_is_not_read_to_its_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        // Sparse: reading it whole would need 100 GiB.
        file.as_file().set_len(100 << 30).unwrap();
        let error = Code::read(file.path(), 3 << 20).err().unwrap();
        assert!(matches!(&error, LoadError::TooLarge { most_mib: 3, .. }), "{error}");
    }

    #[test]
    fn errors_name_the_file_and_what_to_do() {
        let error = Code::read(Path::new("/nowhere/orders.wasm"), 8).err().unwrap();
        assert!(error.to_string().starts_with("failed to read plugin `/nowhere/orders.wasm`: "), "{error}");
        let error = LoadError::CoreModule { file: "orders.wasm".to_owned() };
        assert!(error.to_string().contains("wasmill plugin wrap orders.wasm"), "{error}");
    }
}
