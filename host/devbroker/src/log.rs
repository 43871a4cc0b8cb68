//! One partition's log: opaque record batches, who wrote them, and what of them readers may see.

pub(crate) mod batch;
pub(crate) mod budget;
pub(crate) mod compaction;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod partition;
pub(crate) mod producers;
pub(crate) mod read;
pub(crate) mod records;
mod restore;
