//! More memory than there is, the guest's own or the host's.

use std::hint::black_box;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::io::poll::poll;
use wasip2::random::random::get_random_bytes;
use zoo_bindings::Draft;

const MIB: usize = 1 << 20;

pub(super) fn commit(fault: &[u8], draft: &mut Draft) -> bool {
    match fault {
        b"grow" => {
            black_box(vec![1u8; 256 * MIB]);
        }
        b"grow-slowly" => {
            let mut kept = Vec::new();
            loop {
                // One page of each is touched: page faults are CPU time, and the deadline must not come first.
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
            let one = subscribe_duration(1);
            black_box(poll(&vec![&one; 4 * MIB]));
        }
        // A reply that is large and asks for nothing: the guest's memory holds it, the host need not.
        b"data-unused" => {
            draft.skip();
            draft.data.resize(40 * MIB, 7);
        }
        _ => return false,
    }
    true
}
