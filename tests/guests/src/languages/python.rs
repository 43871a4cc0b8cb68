//! Python, by componentize-py: CPython itself as a component of 18 MB, with the plugin's modules already imported.

use super::{Absent, is_fresh, run};
use crate::built::{folder, here};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// 89 MB on disk. Another version may name its bindings differently.
const PACKAGE: &str = "componentize-py==0.25.1";

pub(super) fn build() -> Result<PathBuf, Absent> {
    let tool = tool().ok_or_else(|| {
        let venv = folder().join("python");
        let (venv, pip) = (venv.display(), venv.join("bin/pip").display().to_string());
        Absent(format!("no componentize-py; python3 -m venv {venv} && {pip} install {PACKAGE}"))
    })?;
    let out = folder().join("python-guest");
    let made = out.join("in-python.wasm");
    let (app, wit) = (here().join("python/app.py"), here().join("../../wit"));
    if is_fresh(&made, &[app.clone(), wit.join("plugin.wit")]) {
        return Ok(made);
    }
    // Beside its source it would leave compiled files.
    std::fs::create_dir_all(&out).expect("the target folder can be written to");
    std::fs::copy(&app, out.join("app.py")).expect("the source is there");
    let mut command = Command::new(tool);
    command.current_dir(&out).arg("-d").arg(wit).args(["-w", "plugin-typed", "componentize", "app", "-o"]);
    // Only whole files are ever found under the final name.
    run(command.arg("unfinished.wasm"));
    std::fs::rename(out.join("unfinished.wasm"), &made).expect("it was made");
    Ok(made)
}

/// In the folder that the message above names, or on the path.
fn tool() -> Option<PathBuf> {
    let ours = folder().join("python/bin/componentize-py");
    [ours, PathBuf::from("componentize-py")].into_iter().find(|tool| is_there(tool))
}

fn is_there(tool: &Path) -> bool {
    let mut command = Command::new(tool);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
