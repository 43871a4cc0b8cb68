//! `cargo xtask demo`: builds and runs `tests/demo`. What it does and takes is said by `cargo xtask demo --help`.

use crate::cargo::{self, PassedOn};

pub(crate) fn run(passed: &PassedOn) -> anyhow::Result<()> {
    cargo::run_program("wasmill-demo", false, &passed.arguments)
}
