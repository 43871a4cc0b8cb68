//! `wasmill plugin`: about a plugin's file, without a configuration.

mod inspect;
mod wrap;

pub(crate) use inspect::inspect;
pub(crate) use wrap::wrap;
