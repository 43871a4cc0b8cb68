//! Why a pipeline ended by itself.

use wasmill_record::InputPartition;

/// What nobody here can mend by trying again. `is_users` says who can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    #[error(
        "another process uses the instance id `{instance}`: its producers and ours fence each other; give each process \
         its own --instance-id or state directory"
    )]
    Twin { instance: String },
    #[error("the producer is not usable: {message}")]
    Producer { message: String },
    #[error("partition {partition} can't be read again from {to}: {message}")]
    Rewind { partition: InputPartition, to: i64, message: String },
    #[error("the broker does not take dead letters of `{topic}`: {message}; nothing was committed past the record")]
    DeadLetter { topic: String, message: String },
    #[error("the broker does not take changes of state: {message}; nothing was committed past them")]
    Changelog { message: String },
    #[error(
        "the offsets of group `{group}` in partition {partition} were not committed by this pipeline: state and offsets do \
         not belong together any more. To begin with empty state, or to finish a reset: wasmill state reset FILE --partition \
         {partition}, with --pipeline where there are several; to go on from these offsets with the state as it is: wasmill run --accept-offsets"
    )]
    OffsetsReset { group: String, partition: i32 },
    #[error(
        "the changelog of store `{store}` was deleted and created anew, and the offsets of group `{group}` in partition \
         {partition} stayed: what was kept for the records before them is lost. To begin with empty state: wasmill state reset \
         FILE, with --pipeline where there are several; to go on from these offsets with what the changelog has: wasmill run --accept-offsets"
    )]
    ChangelogReplaced { group: String, store: String, partition: i32 },
    #[error(
        "the changelog of store `{store}` in partition {partition} is shorter than what was read of it: committed changes \
         are lost, as when a broker that lacked them was made leader. To begin with empty state: wasmill state reset FILE, \
         with --pipeline where there are several; to go on from the offsets of group `{group}` with what the changelog \
         has: wasmill run --accept-offsets"
    )]
    ChangelogCut { group: String, store: String, partition: i32 },
    #[error("state can't be kept: {message}; nothing was committed past the last transaction")]
    State { message: String },
    #[error("topic `{topic}` {what}; nothing is committed any more. Restart the process once it is what you want")]
    Topic { topic: String, what: String },
    #[error("not allowed to read topic `{topic}`: {message}")]
    Unauthorized { topic: String, message: String },
    #[error("worker {worker} did not answer a revoke within {seconds} s")]
    Unresponsive { worker: usize, seconds: u64 },
    /// Mended by a new consumer: see `stuck`.
    #[error("partition {partition} is not fetched any more although it has records")]
    Stuck { partition: InputPartition },
    /// Of the host, not of the plugin's answers: those are dead letters.
    #[error(
        "plugin `{plugin}` can't be called: {message}; nothing was committed past the record it was to be called for"
    )]
    Plugin { plugin: String, message: String },
    #[error("the consumer failed: {message}")]
    Consumer { message: String },
    #[error("worker {worker} broke down: {message}")]
    Panic { worker: usize, message: String },
}

impl Failed {
    /// Whether the user can mend it (exit code 1) or it is our bug (2).
    pub fn is_users(&self) -> bool {
        !matches!(
            self,
            Failed::Stuck { .. }
                | Failed::Plugin { .. }
                | Failed::State { .. }
                | Failed::Panic { .. }
                | Failed::Rewind { .. }
                | Failed::Unresponsive { .. }
        )
    }

    /// Whether starting the pipeline again mends it.
    pub fn is_mended_by_restart(&self) -> bool {
        matches!(self, Failed::Stuck { .. })
    }

    /// Whether the process should end at once, because going on harms others, or only another process can.
    pub fn ends_process(&self) -> bool {
        matches!(
            self,
            Failed::Twin { .. }
                | Failed::Rewind { .. }
                | Failed::Panic { .. }
                | Failed::Unresponsive { .. }
                | Failed::Consumer { .. }
                // The next start of the process sets a damaged store aside.
                | Failed::State { .. }
        )
    }
}
