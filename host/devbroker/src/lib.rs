//! An in-process Kafka for development and tests.

pub mod group;
