//! `cargo xtask bench`: builds the benches as they are released and runs them. `--json` and the rest are theirs.

use crate::cargo::{self, PassedOn};

pub(crate) fn run(passed: &PassedOn) -> anyhow::Result<()> {
    cargo::run_program("wasmill-bench", true, &passed.arguments)
}
