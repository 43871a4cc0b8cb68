//! Write wasmill plugins in Rust: a function on a record, tested natively in milliseconds, built for WebAssembly.
//!
//! ```
//! use serde_json::json;
//! use wasmill_sdk::prelude::*;
//!
//! #[derive(Outputs)]
//! enum Out { Large }
//!
//! #[derive(Codes)]
//! enum Refusal { NegativeAmount }
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Config { at_least: i64 }
//!
//! #[derive(Deserialize)]
//! struct Payment { amount: i64 }
//!
//! struct LargePayments { config: Config }
//!
//! impl Stateless for LargePayments {
//!     type Config = Config;
//!     type Outputs = Out;
//!     type Codes = Refusal;
//!     const READS: Reads = Reads::VALUE;
//!
//!     fn configure(config: Config) -> Result<Self, Problems> {
//!         Ok(Self { config })
//!     }
//!
//!     fn process(&self, record: Record<'_>, _: &Context) -> Result<Outcome, Failure> {
//!         let payment: Payment = record.json()?; // not JSON: rejected with the code `invalid-json`
//!         if payment.amount < 0 {
//!             return Err(Refusal::NegativeAmount.reject(format!("{} is negative", payment.amount)));
//!         }
//!         Ok(if payment.amount >= self.config.at_least { Out::Large.forward() } else { Outcome::Drop })
//!     }
//! }
//! wasmill_sdk::export!(LargePayments);
//!
//! # fn main() {
//! Harness::<LargePayments>::new(json!({ "at_least": 100 }))
//!     .send("p-1", json!({ "amount": 250 })).expect(Out::Large, json!({ "amount": 250 }))
//!     .send("p-2", json!({ "amount": 50 })).expect_drop()
//!     .send("p-3", json!({ "amount": -1 })).expect_reject(Refusal::NegativeAmount);
//! # }
//! ```
//!
//! A plugin that is only a function on a record implements [`Stateless`]; [`Plugin`] is the whole contract, with keyed state
//! ([`Store`]). Answers must be reproducible: a function of configuration, record, state and [`Context`], never of other
//! records or of the instance's past. The [`Harness`] runs each case in several ways and compares. `docs/PLUGINS.md` in the repository is the
//! newcomer's path.

#![deny(missing_docs)]

extern crate self as wasmill_sdk;

mod config;
mod manifest;
mod plugin;
mod problems;

mod context;
mod hash;
mod record;
mod stores;

mod emission;
mod failure;
mod outcome;
mod outputs;

mod position;
mod run;
pub mod telemetry;

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod component;
mod export;
#[cfg(not(target_family = "wasm"))]
mod harness;

pub use config::{Config, NoConfig};
pub use context::Context;
pub use emission::Emission;
pub use failure::{Codes, Failure, NoCodes, OrReject};
pub use hash::{HashMap, HashSet};
pub use outcome::Outcome;
pub use outputs::{NoOutputs, OutputName, Outputs};
pub use plugin::{Plugin, Stateless};
pub use problems::{Problem, Problems};
pub use record::{Headers, Record};
pub use stores::{AnyStore, AsKey, Binary, Form, Json, KeyPrefix, Store, StoreKey, StoreSet, Versioned, from_binary};
pub use wasmill_sdk_derive::{Codes, Outputs, Stores};
pub use wasmill_wire::Reads;

#[cfg(not(target_family = "wasm"))]
pub use harness::{Answer, CodeName, Harness, Message, Sample, StateCalls};

/// What a plugin's file usually needs, the derives for its configuration included.
pub mod prelude {
    pub use crate::{
        Binary, Codes, Context, Emission, Failure, NoCodes, NoConfig, NoOutputs, OrReject, Outcome, Outputs, Plugin,
        Problems, Reads, Record, Stateless, Store, Stores, Versioned, telemetry,
    };
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};

    #[cfg(not(target_family = "wasm"))]
    pub use crate::{Harness, Sample};
}

/// For the code that `export!` writes; nothing in it is promised.
#[doc(hidden)]
pub mod private {
    pub use crate::manifest::{Identity, describe};
    pub use crate::stores::open as open_stores;

    /// Compiles for plugins only, so that `export!` says what is missing where it is missing.
    pub const fn is_plugin<P: crate::Plugin>() {}
}
