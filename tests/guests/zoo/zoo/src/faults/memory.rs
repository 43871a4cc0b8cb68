//! More memory than there is, the guest's own or the host's.

use std::hint::black_box;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::random::random::get_random_bytes;
use zoo_bindings::Draft;

const MIB: usize = 1 << 20;
const PAGES_PER_MIB: usize = 16;

#[link(wasm_import_module = "wasi:io/poll@0.2.12")]
unsafe extern "C" {
    /// As the generated bindings call it, without the list that they would build first.
    fn poll(handles: *const u32, count: usize, answer: *mut u32);
}

/// New memory of zeros. Writing all of it would cost page faults, which are CPU time; the deadline must not come first.
fn untouched(mib: usize) -> *mut u32 {
    let page = core::arch::wasm32::memory_grow(0, mib * PAGES_PER_MIB);
    assert_ne!(page, usize::MAX, "the limit holds {mib} MiB more");
    (page * (MIB / PAGES_PER_MIB)) as *mut u32
}

pub(super) fn commit(fault: &[u8], draft: &mut Draft) -> bool {
    match fault {
        b"grow" => {
            black_box(vec![1u8; 256 * MIB]);
        }
        b"grow-slowly" => {
            let mut kept = Vec::new();
            loop {
                // One page of each is touched, as in `untouched`.
                let mut piece = Vec::with_capacity(MIB / 4);
                piece.push(1u8);
                kept.push(black_box(piece));
            }
        }
        // Could live without: the host ends it all the same, or the answer would depend on what the instance held before.
        b"grow-politely" => {
            let mut wanted = Vec::<u8>::new();
            if wanted.try_reserve_exact(256 * MIB).is_err() {
                draft.reject(b"other-than-expected", b"was told that there is no more");
            }
            black_box(&mut wanted).push(1);
        }
        // The host's memory: bytes that it makes, handles that it keeps.
        b"random-huge" => {
            black_box(get_random_bytes(1 << 40));
        }
        b"random-large" => {
            black_box(get_random_bytes(3 << 30));
        }
        b"handles" => {
            let mut handles = Vec::new();
            loop {
                handles.push(subscribe_duration(1));
            }
        }
        b"poll-many" => {
            let mut answer = [0u32; 2];
            // SAFETY: none; the list is of handles that do not exist, and the host stops before it looks at one.
            unsafe { poll(untouched(40), 10 * MIB, answer.as_mut_ptr()) };
            black_box(answer);
        }
        // A reply that is large and asks for nothing: the guest's memory holds it, the host need not.
        b"data-unused" => {
            draft.skip();
            std::mem::forget(std::mem::take(&mut draft.data));
            // SAFETY: memory that is nobody else's. It is not the allocator's, and is not given back: the call fails.
            draft.data = unsafe { Vec::from_raw_parts(untouched(40).cast(), 40 * MIB, 40 * MIB) };
        }
        _ => return false,
    }
    true
}
