//! Names of log and span fields that more than one crate uses.
//!
//! The names follow OpenTelemetry's semantic conventions for messaging, version 1.44. Their status is "development": they
//! still move (1.45 renames `messaging.kafka.offset` to `kafka.offset`), which is why they are written once. `tracing`
//! takes a constant as a field name in braces:
//!
//! ```
//! use wasmill_telemetry::fields;
//! tracing::info!({ fields::TOPIC } = "orders", { fields::PARTITION } = 3, "partition taken");
//! ```
//!
//! A field that only one file uses is a plain identifier there. Keys, values and headers of records are never fields.

/// The topic.
pub const TOPIC: &str = "messaging.destination.name";
/// The partition's number. The convention says string; a logged number reads the same.
pub const PARTITION: &str = "messaging.destination.partition.id";
/// A record's own offset, never the commit offset.
pub const OFFSET: &str = "messaging.kafka.offset";
/// The consumer group.
pub const GROUP: &str = "messaging.consumer.group.name";
/// The client id, as the broker's own logs show it.
pub const CLIENT: &str = "messaging.client.id";
/// How many records a batch holds.
pub const BATCH_RECORDS: &str = "messaging.batch.message_count";
/// The class or name of an error, a word out of a small set.
pub const ERROR: &str = "error.type";
/// The pipeline's name.
pub const PIPELINE: &str = "wasmill.pipeline";
/// The worker's number within its pipeline, from 0.
pub const WORKER: &str = "wasmill.worker";
/// What the worker was doing: poll, check, invoke, decide, write, dead_letter, hold, retry or commit.
pub const STAGE: &str = "wasmill.stage";
