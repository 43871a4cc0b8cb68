//! `sandbox.*`: what a failure costs, and what an instance holds.

mod memory;
mod single_step;

use anyhow::Result;

use super::Scale;
use crate::figures::Figures;
use crate::guest::Guest;

/// Records in one call.
const BATCH: usize = 256;

pub(super) fn measure(scale: Scale, figures: &mut Figures) -> Result<()> {
    let guest = Guest::build()?;
    single_step::measure(&guest, scale, figures)?;
    memory::measure(&guest, figures)
}
