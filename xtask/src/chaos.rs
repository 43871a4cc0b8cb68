//! `cargo xtask chaos`: builds and runs `tests/chaos`. What it does and takes is said by `cargo xtask chaos --help`.

use crate::cargo::{self, PassedOn};

pub(crate) fn run(passed: &PassedOn) -> anyhow::Result<()> {
    cargo::run_program("wasmill-chaos", false, &passed.arguments)
}
