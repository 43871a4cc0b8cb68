//! What a process keeps on disk, and the stores of a pipeline.

use crate::reader::{KeyRule, Named, section};
use crate::scalar::{FilePath, Int, is_word};

/// Names of stores: they become parts of the names of topics.
pub(crate) struct StoreName;

impl KeyRule for StoreName {
    const PATTERN: &'static str = "^[a-z0-9-]{1,64}$";

    fn allows(key: &str) -> bool {
        is_word(key, 64, "-") && !key.contains(|c: char| c.is_ascii_uppercase())
    }
}

pub(crate) type Stores = Named<Store, StoreName>;

section! {
    /// What this process keeps on disk: its instance id, compiled plugins, and the committed state of its pipelines, as a
    /// cache that is rebuilt from Kafka when it is gone.
    State {
        /// A folder of this process's own; it keeps the instance id there. Default: none, a new id at each start.
        directory: FilePath,
        /// Memory for state that has been read, MiB, 8 to 65536, default 128.
        #[schemars(default)]
        cache_mib: Int<8, 65_536, 128>,
        /// Memory for state that has been written and not yet sorted into files, over all stores, MiB, 8 to 4096, default 64.
        /// More makes a start after a crash longer.
        #[schemars(default)]
        write_buffer_mib: Int<8, 4_096, 64>,
        /// How much state the open transaction of a worker may change before it is committed, MiB, 1 to 1024, default 32.
        #[schemars(default)]
        overlay_mib: Int<1, 1_024, 32>,
        /// A plugin's key in a store, bytes, 1 to 32768 (32 KiB), default 4096.
        #[schemars(default)]
        key_bytes_max: Int<1, 32_768, 4_096>,
        /// A plugin's value in a store, bytes, 1 to 16777216 (16 MiB), default 524288 (512 KiB). With its key it must fit into
        /// `overlay_mib`, and into the brokers' `message.max.bytes`.
        #[schemars(default)]
        value_bytes_max: Int<1, { 16 << 20 }, { 512 << 10 }>,
        /// Files of state held open, 16 to 65536, default 512.
        #[schemars(default)]
        open_files_max: Int<16, 65_536, 512>,
    }
}

section! {
    /// What is set about one of the plugin's stores.
    Store {
        /// After how many ms a value is gone, counted from the timestamp of the record that wrote it to the largest timestamp
        /// seen, 1000 to 315360000000 (10 years). Default: never.
        #[schemars(default)]
        ttl_ms: Int<1_000, 315_360_000_000, 0>,
    }
}
