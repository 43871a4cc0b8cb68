//! What a process keeps on disk, and the stores of a pipeline.

use std::time::Duration;

use crate::place::Place;

/// Bounds of the state of all pipelines of the process; where it lies is [`super::Config::state_directory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateLimits {
    /// Default 128 MiB.
    pub cache_bytes: u64,
    /// Default 64 MiB.
    pub write_buffer_bytes: u64,
    /// Reaching it commits the transaction; default 32 MiB. Not less than a key and a value of the largest size.
    pub overlay_bytes: usize,
    /// Default 4096.
    pub key_bytes_max: usize,
    /// Default 512 KiB.
    pub value_bytes_max: usize,
    /// Default 512.
    pub open_files_max: usize,
}

/// What is set about a store of the pipeline's plugin. Which stores there are, the plugin says.
#[derive(Debug, Clone)]
pub struct Store {
    /// `[a-z0-9-]{1,64}`, and not `retry`.
    pub name: String,
    /// `None`: values stay.
    pub ttl: Option<Duration>,
    /// Where its name is.
    pub place: Place,
}
