//! Calls that end without an answer, and calls of ours that the contract does not allow.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

/// Records of the kind `nth` that this instance has seen.
static SEEN: AtomicU32 = AtomicU32::new(0);

/// Which of them is one too many.
const NTH: u32 = 10;

pub(super) fn commit(fault: &[u8]) -> bool {
    match fault {
        b"panic" => panic!("order 17 is broken"),
        b"panic-long" => panic!("{}", "a long story ".repeat(100_000)),
        b"unreachable" => core::arch::wasm32::unreachable(),
        b"abort" => std::process::abort(),
        b"exit" => std::process::exit(1),
        b"exit-ok" => std::process::exit(0),
        b"recursion" => {
            black_box(deeper(1));
        }
        b"recursion-frameless" => {
            black_box(deeper_without_memory(black_box(1)));
        }
        // SAFETY: none; it is what the test is about. The engine checks every access.
        b"out-of-bounds" => unsafe { black_box(0xffff_0000 as *mut u8).write_volatile(1) },
        b"lock-twice" => {
            let lock = std::sync::Mutex::new(());
            let _first = lock.lock();
            drop(black_box(&lock).lock());
        }
        b"state-outside" => {
            let keys = zoo_bindings::wasmill::plugin::state::Entries { data: vec![0; 4], index: vec![2, 400] };
            black_box(zoo_bindings::wasmill::plugin::state::read(0, &keys));
        }
        b"state-unknown" => {
            black_box(zoo_bindings::wasmill::plugin::state::get(7, b"key"));
        }
        b"count-unknown" => zoo_bindings::wasmill::plugin::telemetry::add(1, 1),
        _ => return false,
    }
    true
}

/// Whether this record is the one on which the instance gives up.
pub(super) fn is_nth() -> bool {
    SEEN.fetch_add(1, Ordering::Relaxed) + 1 == NTH
}

/// Neither a loop nor a tail call, whatever the optimiser thinks of it. Its frames lie in the guest's memory, which is used
/// up first.
#[allow(unconditional_recursion)]
fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    deeper(depth + 1) + frame[black_box(3)]
}

/// Nothing of its frames is in memory: what is used up is the host's stack.
fn deeper_without_memory(depth: u64) -> u64 {
    if depth == u64::MAX { 0 } else { deeper_without_memory(depth + 1).wrapping_mul(3) ^ depth }
}
