//! The key store and the CA certificate of the SASL_SSL listener, made once by the JDK's keytool.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::ensure;

use crate::{layout, lock, wait};

/// For tests on the loopback interface: the key protects nothing.
pub(crate) const STORE_PASSWORD: &str = "loopback-only";
const KEYTOOL_TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) struct Keys {
    pub(crate) store: PathBuf,
    pub(crate) ca: PathBuf,
}

impl Keys {
    pub(crate) fn made() -> anyhow::Result<Keys> {
        let directory = layout::tls();
        lock::made_once(&directory, |directory| {
            let store = directory.join("broker.p12");
            let store = store.to_string_lossy();
            keytool(
                &format!(
                    "-genkeypair -alias broker -keyalg EC -groupname secp256r1 -dname CN=localhost \
                 -ext san=dns:localhost,ip:127.0.0.1 -validity 3650 -storetype PKCS12 -storepass {STORE_PASSWORD}"
                ),
                &["-keystore", &store],
            )?;
            let ca = directory.join("ca.pem");
            let export = format!("-exportcert -alias broker -rfc -storepass {STORE_PASSWORD}");
            keytool(&export, &["-keystore", &store, "-file", &ca.to_string_lossy()])
        })?;
        Ok(Keys { store: directory.join("broker.p12"), ca: directory.join("ca.pem") })
    }
}

/// `arguments` are split at spaces, `paths` are not.
fn keytool(arguments: &str, paths: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new("keytool");
    command.args(arguments.split_whitespace()).args(paths);
    let output = wait::output(command, KEYTOOL_TIMEOUT)?;
    ensure!(output.success, "`keytool {arguments}` failed:\n{}", output.text);
    Ok(())
}
