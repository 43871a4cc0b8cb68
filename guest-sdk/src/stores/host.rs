//! The questions to the host. Natively the harness answers them, from a state of its own.

#[cfg(not(target_family = "wasm"))]
pub(crate) mod fake;

#[cfg(target_family = "wasm")]
pub(super) use crate::component::wasmill::plugin::state::{Entries, get, read, scan};
#[cfg(not(target_family = "wasm"))]
pub(super) use fake::{Entries, get, read, scan};
