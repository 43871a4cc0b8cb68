//! Guests that no test of a well-meaning plugin would think of, and what must become of each.
//!
//! `zoo/` is a workspace of its own, built for wasm32-wasip2 by [`built`]; `c/` and `python/` are the same plugin in other
//! languages, built where their compilers are ([`languages`]). [`catalogue`] is the table to read first: a name, what the
//! record says, and what must become of it. The tests in `tests/` drive it at two levels: an instance alone, and the real
//! worker around it.

// A test tool: what can't be goes with a panic that names the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod built;
pub mod catalogue;
pub mod host;
pub mod languages;
pub mod memory;
pub mod records;
