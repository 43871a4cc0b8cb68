//! What a reply would cost to write, counted while it is checked.
//!
//! Slices may overlap and inheriting costs the guest nothing: 33 MiB of guest memory can ask for a terabyte of output. So
//! bytes are counted as they would be written, and the first one too many ends the check.

use crate::decode::Checked;

/// Bytes asked for so far, and how many there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charge {
    spent: u64,
    most: u64,
}

impl Charge {
    pub(crate) fn new(most: u64) -> Charge {
        Charge { spent: 0, most }
    }

    pub(crate) fn spend(&mut self, bytes: u64) -> Checked<()> {
        self.spent = self.spent.saturating_add(bytes);
        if self.spent <= self.most { Ok(()) } else { Err("asks for more output than output_bytes_max") }
    }

    pub(crate) fn spent(&self) -> u64 {
        self.spent
    }
}
