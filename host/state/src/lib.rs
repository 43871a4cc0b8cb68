//! Keyed state of a pipeline: what is committed, on the local disk, and what the open transaction has changed.
//!
//! The truth is the changelog in Kafka; what lies here is a cache of it (docs/decisions/0010 and 0012). This crate knows
//! no client library: `pipeline` writes the overlay to the changelog ([`Partition::each_change`]), applies it after the
//! commit ([`Partition::apply`]), and asks at a start what has to be read ([`plan()`]).
//!
//! What holds, and why:
//!
//! * **The cache has committed data only.** Changes go into the overlay ([`Partition::change`]) and from there into the
//!   cache, by `apply`, which is called after the commit. An abort drops them ([`Partition::drop_changes`]).
//! * **Values and mark are one atomic write.** A [`Mark`] says how far a store goes: position in the changelog, token of
//!   the transaction, time. It is one item of the same fjall batch as the values and lies in the same tree. fjall writes a batch to its journal
//!   with a count and a checksum and replays it as a whole or not at all (its docs: "items may be written to multiple
//!   keyspaces, which will be updated atomically").
//! * **Nothing is synced per commit.** A batch is given to the operating system and not further
//!   (`PersistMode::Buffer`), so it survives the end of the process, but not always the end of the machine. What is then
//!   missing is a tail: journals are synced before they are left, recovery ends at the first batch that is incomplete,
//!   and tables are made of what has been synced. Marks are older by as much as values are; their position says what to
//!   read again.
//! * **What can't be trusted is not used.** A directory that doesn't open, another format, a block whose checksum is
//!   wrong: the directory is set aside by name and the stores are rebuilt from the changelog.
//! * **Memory follows the limits, not the keys**: block cache, write buffers, open files ([`CacheLimits`]). The overlay
//!   is bounded by who fills it ([`Partition::overlay_bytes`]).
//!
//! Everything that fjall does is in [`engine`]; everything below it would survive another engine.

mod aside;
mod committed;
mod database;
mod engine;
mod entry;
mod error;
mod inspect;
mod limits;
mod mark;
mod names;
mod overlay;
mod partition;
mod plan;
mod shared;
mod stores;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use committed::{Committed, CommittedValue, EachCommitted};
pub use database::{Database, Usage};
pub use error::{CacheError, OpenError};
pub use limits::CacheLimits;
pub use mark::Mark;
pub use names::RESERVED_STORES;
pub use overlay::OverlayChange;
pub use partition::{Applied, ExpiredKey, Partition, RestoredRecord};
pub use plan::{Bounds, Facts, Plan, Reason, plan};
pub use stores::{StoreSettings, StoreSize, Stores};
