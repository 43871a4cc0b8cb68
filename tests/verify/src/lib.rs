//! Says whether a pipeline kept its promises, by reading its topics and nothing else.
//!
//! Every input record must be in an output or among the dead letters, once, in order of its key, byte for byte. The
//! comparison ([`compare`]) knows no Kafka and is fed records; the rest reads them from a cluster. It shares no code
//! with the host on purpose: a mistake in the host's partitioner or header code must not be repeated here.
//!
//! What a stateful pipeline wrote can't be told from one record: that is judged by [`oracle`].
//!
//! Memory is some 100 bytes per input record, whatever its size: contents are kept as digests.

pub mod compare;
pub mod dead_letter;
pub mod findings;
pub mod instant;
pub mod murmur2;
pub mod record;

pub mod ends;
pub mod oracle;
pub mod positions;
pub mod reader;
pub mod task;
pub mod topic;

mod client;
mod counts;
mod headers;
