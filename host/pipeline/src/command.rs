//! What a worker is told, between two batches.

use crate::plugin::BoundPlugin;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::Arc;
use std::time::Duration;
use wasmill_record::{CommitOffset, InputPartition};

/// Commands a worker has not seen yet. A full channel makes the teller wait: it only happens when the worker is stuck,
/// which the watchdog reports.
const COMMANDS_MAX: usize = 4096;

#[derive(Debug)]
pub enum Command {
    /// Read this partition from `at` on. `by_policy`: nothing was committed yet, so that the position itself has to be.
    /// `state`: of the partition's number, where the pipeline keeps any.
    Start {
        partition: InputPartition,
        epoch: u64,
        at: CommitOffset,
        by_policy: bool,
        state: Option<Arc<wasmill_state::Partition>>,
    },
    /// End what is open of these partitions and forget them. `lost`: they belong to somebody else already.
    Give { partitions: Vec<InputPartition>, lost: bool, done: Sender<Ack> },
    /// From the next call on it is this plugin that answers.
    Swap { plugin: BoundPlugin, done: Sender<Adopted> },
    /// End what is open and return. Without `commit` it is void: the topics are not what they were.
    Stop { commit: bool },
}

/// Nothing of the given partitions can be committed by this worker any more, unless it was already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    pub worker: usize,
    /// Whether the open transaction was committed, or there was none.
    pub clean: bool,
}

/// The worker's next call goes to the plugin that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adopted {
    pub worker: usize,
    /// How long the worker was held up.
    pub pause: Duration,
}

/// The teller's end of a worker's command channel.
#[derive(Debug, Clone)]
pub struct WorkerHandle {
    pub worker: usize,
    commands: Sender<Command>,
}

impl WorkerHandle {
    pub fn new(worker: usize) -> (WorkerHandle, Receiver<Command>) {
        let (commands, receiver) = bounded(COMMANDS_MAX);
        (WorkerHandle { worker, commands }, receiver)
    }

    /// Whether the worker is still there to hear it.
    pub fn tell(&self, command: Command) -> bool {
        self.commands.send(command).is_ok()
    }
}
