//! Plugins that were written for one test each, in WebAssembly text, through the crate's public face.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

mod allocations;
mod answers;
mod cache;
mod deadline;
mod load;
mod quiet;
mod renewal;
mod state;
mod typed;
mod wrap;
