//! Nothing is allocated per record: a call with 256 records allocates as often as one with 16.

use crate::support::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use wasmill_record::{CallSource, Invoke, Reply};

struct Counting;

thread_local!(static ALLOCATIONS: Cell<u64> = const { Cell::new(0) });

// SAFETY: everything is handed to `System`.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as promised to us.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as promised to us.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as promised to us.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_call_allocates_for_the_call_and_not_for_its_records() {
    let mut instance = Guest::default().instance();
    let mut reply = Reply::default();
    let source = CallSource { attempt: 1, now_ms: NOW_MS };
    let mut allocations = |count: usize| {
        let records = Records::many(count);
        let mut counted = 0;
        // The first calls grow the buffers.
        for _ in 0..3 {
            reply.clear();
            let before = ALLOCATIONS.get();
            instance.invoke(&records, 0, count, &source, &mut reply).unwrap();
            counted = ALLOCATIONS.get() - before;
        }
        counted
    };
    allocations(256);
    let (few, many) = (allocations(16), allocations(256));
    assert!(few == many && many <= 3, "{few} with 16 records, {many} with 256");
}
