//! `wasmill state` beside a real process, on the Kafka for development: a pipeline that counts the records of each key.

// clippy.toml exempts test functions only, not the functions that they share.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod look;
mod place;
mod reset;
