//! What the seams share: logs, stored positions, the script, the faults, and the record of every call.
//!
//! A test fills it before the run, changes it from steps during the run, and looks at it afterwards.

use crate::log::Entry;
use crate::outlet::Outlet;
use crate::{ManualClock, rig};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use wasmill_pipeline::{Command, WorkerHandle};
use wasmill_record::{Class, CommitOffset, Failure, InputPartition, PartitionError, Wire};
use wasmill_settle::Books;
use wasmill_state::{Partition, RestoredRecord, Stores};

/// A run makes fewer calls than this, or it goes round in circles.
const CALLS_MAX: usize = 20_000;

/// A call of the worker into a seam, in the order made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// A batch was handed out. Polls that bring nothing are not noted.
    Batch,
    Seek,
    Start,
    Pause,
    Forget,
    Init,
    Begin,
    Write,
    Flush,
    Drain,
    Send,
    Commit,
    Abort,
    GiveUp,
    Tokens,
    Renew,
    /// A look at the topics was waited for.
    Look,
}

/// What a call answers instead of working.
#[derive(Debug, Clone, Default)]
pub struct Fault {
    /// `None`: it works.
    pub failure: Option<Failure>,
    /// It took effect all the same: the answer was lost.
    pub applied: bool,
    /// What is seen on the wire on top of the usual.
    pub wire: Wire,
}

impl Fault {
    pub fn none() -> Fault {
        Fault::default()
    }

    pub fn of(class: Class) -> Fault {
        Fault { failure: Some(Failure::new(class, "injected")), ..Fault::default() }
    }

    pub fn fenced() -> Fault {
        let failure = Failure { fenced: true, ..Failure::new(Class::Fatal, "injected fence") };
        Fault { failure: Some(failure), ..Fault::default() }
    }

    /// The call took effect, its answer did not come.
    pub fn lost_answer(class: Class) -> Fault {
        Fault { applied: true, ..Fault::of(class) }.sent(1)
    }

    /// The request left, and was never seen by the broker.
    pub fn lost_request(class: Class) -> Fault {
        Fault::of(class).sent(1)
    }

    /// More EndTxn requests on the wire.
    pub fn sent(mut self, end_txn: u32) -> Fault {
        self.wire.end_txn = end_txn;
        self
    }
}

/// When a step of the script runs; steps run in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At the next poll, whatever is going on.
    Poll,
    /// At the first poll after this many records have been handed out in all, or when there are no more.
    Read(usize),
    /// When everything is read and nothing is open or waiting.
    Idle,
}

/// Changes the world; whether it is done, or to be run again at the next poll.
pub type Step = Box<dyn FnMut(&mut World) -> bool + Send>;

/// What the group stored for a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub next: CommitOffset,
    pub token: String,
}

/// A partition as the worker's source has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flowing {
    pub(crate) at: i64,
    pub(crate) paused: bool,
}

pub struct World {
    pub clock: ManualClock,
    pub books: Arc<Mutex<Books>>,
    pub handle: WorkerHandle,

    pub(crate) input_count: u16,
    pub inputs: BTreeMap<InputPartition, Vec<Arc<Entry>>>,
    /// Committed records by topic and partition.
    pub outputs: BTreeMap<(String, i32), Vec<Entry>>,
    pub positions: BTreeMap<InputPartition, Stored>,
    /// Keyed state; `None`: the pipeline keeps none.
    pub stores: Option<Stores>,

    pub calls: Vec<Call>,
    /// Offset of the first record and number of records of each batch handed out.
    pub batches: Vec<(InputPartition, i64, usize)>,
    /// When a partition was told to go on, and from where.
    pub starts: Vec<(std::time::Duration, InputPartition, i64)>,
    /// Tokens of committed transactions.
    pub tokens: Vec<String>,
    /// Calls in an illegal order.
    pub violations: Vec<String>,

    pub script: VecDeque<(When, Step)>,
    pub faults: BTreeMap<Call, VecDeque<Fault>>,
    /// Reported by the next polls.
    pub partition_errors: VecDeque<PartitionError>,
    /// After a start or a seek, delivery begins this many records too early.
    pub deliver_early: i64,
    /// Generation and member id of the group metadata.
    pub membership: (i32, bool),
    /// A topic that is another one by now, and what has become of it.
    pub changed: Option<(String, String)>,

    /// Partitions that have records and deliver none.
    pub stalled: BTreeSet<InputPartition>,

    pub outlet: Outlet,
    pub(crate) flowing: BTreeMap<InputPartition, Flowing>,
    /// Starts that failed and were not repeated yet.
    pub(crate) unstarted: BTreeSet<InputPartition>,
    /// Partitions that have stopped for good.
    pub(crate) stuck: BTreeSet<InputPartition>,
    pub(crate) records_read: usize,
    pub(crate) empty_polls: usize,
}

impl World {
    pub fn note(&mut self, call: Call) {
        self.calls.push(call);
        assert!(self.calls.len() < CALLS_MAX, "goes round in circles: ... {:?}", &self.calls[CALLS_MAX - 40..]);
    }

    /// Notes the call and takes the fault that is next for it.
    pub(crate) fn call(&mut self, call: Call) -> Fault {
        self.note(call);
        self.faults.get_mut(&call).and_then(VecDeque::pop_front).unwrap_or_default()
    }

    /// The next call of this kind is answered so; further ones queue up.
    pub fn fault(&mut self, call: Call, fault: Fault) {
        self.faults.entry(call).or_default().push_back(fault);
    }

    pub fn violation(&mut self, text: &str) {
        self.violations.push(format!("{text} after {:?}", &self.calls[self.calls.len().saturating_sub(12)..]));
    }

    pub fn count(&self, call: Call) -> usize {
        self.calls.iter().filter(|made| **made == call).count()
    }

    /// The calls made, without those of the source.
    pub fn sink_calls(&self) -> Vec<Call> {
        self.calls.iter().copied().filter(|call| (Call::Init..=Call::Tokens).contains(call)).collect()
    }

    pub fn feed(&mut self, partition: InputPartition, mut entry: Entry) {
        let log = self.inputs.entry(partition).or_default();
        entry.offset = log.len() as i64;
        log.push(Arc::new(entry));
    }

    /// Takes the partition of every input and starts each where the group stored it, or at its first record.
    pub fn take(&mut self, partition: InputPartition) -> u64 {
        let all = self.of_every_input(partition);
        let epoch = self.books.lock().unwrap_or_else(PoisonError::into_inner).assigned(&all);
        let state = self.stores.as_ref().map(|stores| {
            let state = stores.partition(partition.partition).expect("state of a partition");
            self.restore(&state, partition);
            state
        });
        for partition in all {
            let at = self.positions.get(&partition).map_or(CommitOffset::at(0), |stored| stored.next);
            self.handle.tell(Command::Start { partition, epoch, at, by_policy: false, state: state.clone() });
            self.books.lock().unwrap_or_else(PoisonError::into_inner).started(partition, epoch);
        }
        epoch
    }

    /// Everything committed of its changelogs, whatever the cache knows already.
    fn restore(&self, state: &Partition, partition: InputPartition) {
        let count = self.stores.as_ref().map_or(0, Stores::len);
        let mut ends = Vec::new();
        for store in 0..count as u16 {
            let log = self.outputs.get(&(World::changelog_topic(store), partition.partition));
            let log = log.map_or(&[][..], Vec::as_slice);
            let record = |entry: &'_ Entry| (entry.key.clone().expect("a key"), entry.value.clone(), entry.timestamp);
            let owned: Vec<_> = log.iter().map(record).collect();
            let records: Vec<RestoredRecord<'_>> = owned
                .iter()
                .map(|(key, value, timestamp_ms)| RestoredRecord {
                    key,
                    value: value.as_deref(),
                    timestamp_ms: *timestamp_ms,
                })
                .collect();
            let end = CommitOffset::at(log.len() as i64);
            state.restore(store, &records, end, 0).expect("a restore");
            ends.push(end);
        }
        let token = self.positions.get(&partition).map(|stored| stored.token.clone());
        state.restored(token.as_deref(), &ends, 0).expect("the end of a restore");
    }

    /// The topic of a store's changes.
    pub fn changelog_topic(store: u16) -> String {
        format!("changelog-{store}")
    }

    /// The last value of each key in a changelog, as text.
    pub fn changelog(&self, store: u16, partition: i32) -> BTreeMap<String, String> {
        let mut last = BTreeMap::new();
        for entry in self.outputs.get(&(World::changelog_topic(store), partition)).into_iter().flatten() {
            let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|it| String::from_utf8_lossy(it).into_owned());
            let key = text(&entry.key).unwrap_or_default();
            match text(&entry.value) {
                Some(value) => last.insert(key, value),
                None => last.remove(&key),
            };
        }
        last
    }

    /// The partition has gone, of every input.
    pub fn gone(&mut self, partition: InputPartition) {
        let all = self.of_every_input(partition);
        self.books.lock().unwrap_or_else(PoisonError::into_inner).gone(&all);
    }

    pub fn of_every_input(&self, partition: InputPartition) -> Vec<InputPartition> {
        (0..self.input_count).map(|input| InputPartition::new(input, partition.partition)).collect()
    }

    /// Committed values of a topic partition, in order.
    pub fn written(&self, topic: &str, partition: i32) -> Vec<String> {
        let log = self.outputs.get(&(topic.to_owned(), partition));
        log.map(|log| log.iter().map(Entry::words).collect()).unwrap_or_default()
    }

    pub fn dead_letters(&self) -> Vec<Entry> {
        let of_topic = self.outputs.iter().filter(|((topic, _), _)| topic == rig::DEAD_LETTERS);
        of_topic.flat_map(|(_, log)| log.clone()).collect()
    }

    /// The stored position of a partition of the first input; -1: none.
    pub fn position(&self, partition: i32) -> i64 {
        self.positions.get(&rig::partition(partition)).map_or(-1, |stored| stored.next.next())
    }

    /// Whether nothing is left to do without a new command or record.
    pub(crate) fn is_idle(&self) -> bool {
        let waiting = self.flowing.iter().any(|(partition, flowing)| flowing.paused && !self.stuck.contains(partition));
        !waiting && self.unstarted.is_empty() && !self.outlet.is_busy() && self.next_to_deliver(None).is_none()
    }

    /// The partition whose turn it is: the first one behind `after` that has something.
    pub(crate) fn next_to_deliver(&self, after: Option<InputPartition>) -> Option<InputPartition> {
        let has = |(partition, flowing): &(&InputPartition, &Flowing)| {
            !flowing.paused
                && !self.stalled.contains(partition)
                && self.inputs.get(partition).is_some_and(|log| flowing.at < log.len() as i64)
        };
        let mut able = self.flowing.iter().filter(has).map(|(partition, _)| *partition);
        let first = able.clone().next();
        able.find(|partition| after.is_some_and(|after| *partition > after)).or(first)
    }
}
