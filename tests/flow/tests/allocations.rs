//! Forwarding a record allocates nothing in the worker: what a run of twice as many records allocates is the same.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use wasmill_flow::{ManualClock, partition};
use wasmill_pipeline::native::Native;
use wasmill_pipeline::watch::{AskTopics, Look};
use wasmill_pipeline::worker::Parts;
use wasmill_pipeline::{Command, Worker, WorkerHandle, progress::Progress};
use wasmill_record::{
    Batch, BatchLimits, ChangelogEnd, ChangelogPartition, Clock, CommitOffset, DeadLetter, EachHeader, Emission,
    Failure, InputPartition, Membership, Offset, Origin, Polled, Position, Record, Refusal, Reply, Sink, Source, Wire,
    WriteError,
};
use wasmill_settle::Books;
use wasmill_telemetry::{Health, Metrics};

struct Counting;

thread_local! {
    /// Allocations of this thread, while it counts.
    static COUNT: Cell<Option<u64>> = const { Cell::new(None) };
}

fn note() {
    // A thread that is ending has no cell any more, and nothing to count.
    let _ = COUNT.try_with(|count| count.set(count.get().map(|n| n + 1)));
}

// SAFETY: every call is passed on unchanged to the system's allocator; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller's promises are the ones that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above; `block` came from `System`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The records from `first` on, all alike.
#[derive(Default)]
struct Stream {
    first: i64,
    len: usize,
}

impl Batch for Stream {
    fn partition(&self) -> InputPartition {
        partition(0)
    }

    fn len(&self) -> usize {
        self.len
    }

    fn record(&self, at: usize) -> Record<'_> {
        Record { offset: Offset(self.first + at as i64), timestamp: Some(1), key: Some(b"key"), value: Some(b"value") }
    }

    fn headers(&self, _at: usize, _each: &mut EachHeader<'_>) {}

    fn clear(&mut self) {
        self.len = 0;
    }
}

/// Hands out `batches` full batches, counts from the second one on, then tells the worker to stop.
struct Spring {
    batches: usize,
    handed_out: usize,
    handle: WorkerHandle,
}

impl Source for Spring {
    type Batch = Stream;

    fn poll(&mut self, batch: &mut Stream, limits: BatchLimits, _wait: Duration) -> Polled {
        if self.handed_out == self.batches {
            COUNTED.with(|counted| counted.set(COUNT.take()));
            self.handle.tell(Command::Stop { commit: true });
            return Polled::Nothing;
        }
        *batch = Stream { first: (self.handed_out * limits.records_max) as i64, len: limits.records_max };
        self.handed_out += 1;
        if self.handed_out == WARM_UP {
            COUNT.set(Some(0));
        }
        Polled::Batch
    }

    fn seek(&mut self, _to: &[(InputPartition, CommitOffset)]) -> Vec<InputPartition> {
        Vec::new()
    }

    fn start(&mut self, _partition: InputPartition, _at: CommitOffset) -> Result<(), Failure> {
        Ok(())
    }

    fn pause(&mut self, _partition: InputPartition) {}

    fn has_unread(&mut self, _partition: InputPartition) -> Option<bool> {
        None
    }

    fn forget(&mut self, _partition: InputPartition) {}
}

/// Batches before counting begins: buffers that are reused have grown by then.
const WARM_UP: usize = 5;

thread_local! {
    static COUNTED: Cell<Option<u64>> = const { Cell::new(None) };
    static FORWARDED: Cell<usize> = const { Cell::new(0) };
}

/// Takes everything and keeps nothing.
struct Drain;

struct Member;

impl Membership for Member {
    fn generation(&self) -> i32 {
        1
    }

    fn has_member_id(&self) -> bool {
        true
    }
}

type Done = Result<(), Failure>;

impl Sink<Stream> for Drain {
    type Membership = Member;

    fn init(&mut self, _: Duration) -> Done {
        Ok(())
    }
    fn begin(&mut self) -> Done {
        Ok(())
    }
    fn forward(&mut self, _: &mut Stream, _: usize, _: u16, _: Origin) -> Result<(), WriteError> {
        FORWARDED.set(FORWARDED.get() + 1);
        Ok(())
    }
    fn emit(&mut self, _: &Stream, _: usize, _: &Emission, _: &Reply, _: Origin) -> Result<(), WriteError> {
        Ok(())
    }
    fn dead_letter(&mut self, _: &Stream, _: usize, _: &DeadLetter<'_>, _: Origin) -> Result<(), WriteError> {
        Ok(())
    }
    fn change(&mut self, _: ChangelogPartition, _: &[u8], _: Option<&[u8]>, _: Option<i64>) -> Result<(), WriteError> {
        Ok(())
    }
    fn changelog_ends(&mut self) -> Vec<ChangelogEnd> {
        Vec::new()
    }
    fn poll(&mut self) {}
    fn flush(&mut self, _: Duration) -> Done {
        Ok(())
    }
    fn drain(&mut self, _: Duration) -> Done {
        Ok(())
    }
    fn take_refusals(&mut self) -> Vec<Refusal> {
        Vec::new()
    }
    fn membership(&self) -> Member {
        Member
    }
    fn send_positions(&mut self, _: &[Position], _: &str, _: &Member, _: Duration) -> Done {
        Ok(())
    }
    fn commit(&mut self, _: Duration) -> Done {
        Ok(())
    }
    fn abort(&mut self, _: Duration) -> Done {
        Ok(())
    }
    fn wire(&self) -> Wire {
        Wire::default()
    }
    fn give_up(&mut self) {}
    fn committed_tokens(&mut self, asked: &[InputPartition], _: Duration) -> Result<Vec<Option<String>>, Failure> {
        Ok(vec![None; asked.len()])
    }
}

struct Unchanging;

impl AskTopics for Unchanging {
    fn ask(&mut self) {}

    fn answer(&mut self, _timeout: Duration) -> Look {
        Look::Same
    }
}

/// Allocations of a worker that forwards `batches` batches of 100 and commits every `commit_records`.
fn allocations(batches: usize, commit_records: usize) -> u64 {
    let (handle, commands) = WorkerHandle::new(0);
    let books = Arc::new(std::sync::Mutex::new(Books::default()));
    let epoch = books.lock().unwrap().assigned(&[partition(0)]);
    handle.tell(Command::Start {
        partition: partition(0),
        epoch,
        at: CommitOffset::at(0),
        by_policy: false,
        state: None,
    });
    let mut settings = wasmill_flow::rig::settings();
    settings.batch.records_max = 100;
    settings.commit_records_max = commit_records;
    let clock = ManualClock::default();
    let parts = Parts {
        source: Spring { batches, handed_out: 0, handle },
        sink: Drain,
        plugin: Native::find("identity").unwrap().instance(),
        clock: clock.clone(),
        commands,
        books,
        topics: Box::new(Unchanging),
        progress: Arc::new(Progress::new(clock.now())),
        metrics: Metrics::new().worker("flow", 0),
        health: Health::new(),
    };
    FORWARDED.set(0);
    Worker::new(settings, parts).run().unwrap();
    assert_eq!(FORWARDED.get(), batches * 100);
    COUNTED.take().expect("it was counted")
}

#[test]
fn forwarding_allocates_nothing_per_record() {
    assert_eq!(allocations(WARM_UP + 100, usize::MAX), 0);
    assert_eq!(allocations(WARM_UP + 200, usize::MAX), 0);
}

#[test]
fn a_transaction_allocates_a_few_times_whatever_its_size() {
    let (small, large) = (allocations(WARM_UP + 100, 1000), allocations(WARM_UP + 200, 2000));
    assert!((1..=60).contains(&small), "{small} allocations in 10 transactions");
    assert_eq!(small, large, "ten transactions of twice the size");
}
