//! The main path. Read [`worker`] first: it is what happens to a record.
//!
//! Around it: how a worker ends a transaction ([`ending`]), how partitions come and go ([`handover`], [`taking`]), and how
//! a configured pipeline is put together on a real cluster and taken down again ([`start`]). Decisions are `settle`'s;
//! what they are carried out on hides behind the seams of `record`, so that flow tests run this very code in memory.

mod changelogs;
mod chunk;
pub mod command;
mod company;
mod counts;
pub mod crash;
mod current;
mod ending;
pub mod failed;
mod followers;
pub mod handover;
mod keeping;
mod letters;
#[cfg(feature = "native-plugins")]
pub mod native;
pub mod plugin;
mod process;
pub mod progress;
pub mod reset;
pub mod restoring;
pub mod settings;
pub mod shown;
mod single_step;
pub mod start;
mod stuck;
mod supervisor;
pub mod swap;
pub mod taking;
mod token;
mod topics;
mod waiting;
pub mod watch;
pub mod worker;

pub use command::{Ack, Adopted, Command, WorkerHandle};
pub use current::Current;
pub use failed::Failed;
pub use plugin::{BoundPlugin, Loader, NATIVE_PLUGINS, Plugins, PluginsError};
pub use settings::WorkerSettings;
pub use shown::Shown;
pub use start::{Identity, Kept, Pipeline, Process, Stopped, start};
pub use swap::Swapper;
pub use worker::Worker;
