//! Runs plugins: loads a component, asks it what it is, limits it, and calls it a batch at a time.
//!
//! The only crate that names wasmtime, because how far a guest is trusted is decided in one place: not at all. Every number
//! it says is checked, every entry into it is under a deadline in CPU time, its memory, output and log are bounded, and it
//! sees no clock, randomness, file or socket of the machine. It does not know Kafka, nor what becomes of an answer:
//! `host/pipeline` calls an [`Instance`] through `wasmill_record::Invoke` next.
//!
//! In the order of a plugin's life:
//!
//! | Once per | What |
//! |---|---|
//! | process | [`Engine`] (code generation, the linked imports, the ticker), [`Cache`] |
//! | entry under `plugins` | [`Plugin::load`]: compile, check imports, describe, check the configuration, configure |
//! | pipeline | [`Plugin::bind`]: names of inputs and outputs become numbers |
//! | worker | [`Plugin::instance`], renewed after failures and growth |
//! | batch | `invoke` |

mod engine;
mod ticker;

mod cache;
mod compile;
mod file;
mod load;

mod exports;
mod imports;

mod configuration;
mod configure;
mod manifest;
mod schema;

mod bind;

mod entry;
mod host;
mod lifecycle;

mod deadline;
mod failure;
mod limiter;

mod state;
mod telemetry;
mod wasi;

mod fast;
mod instance;
mod pace;
mod reply;
mod seed;
mod typed;

mod inspect;
mod wrap;

pub use bind::{BindProblem, Binding, BoundInput};
pub use cache::{Cache, CacheError};
pub use configuration::{ConfigProblem, ConfigProblems};
pub use engine::{Engine, EngineError};
pub use exports::World;
pub use file::LoadError;
pub use imports::Imports;
pub use inspect::{Inspection, inspect};
pub use instance::Instance;
pub use load::{Plugin, Request};
pub use manifest::{Manifest, Output, Store};
pub use wasi::log::{Level, LogLine, LogSink, Origin as LogOrigin};
pub use wrap::{WrapError, wrap};
