//! Calls that use more time than a record has.

use crate::bytes::number;
use std::hint::black_box;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::random::random::get_random_bytes;
use zoo_bindings::Draft;
use zoo_bindings::wasmill::plugin::telemetry::{Level, add, log};

/// Rounds of `spin` in what is about a millisecond on a machine of our days.
const SPINS: u64 = 1_000_000;

pub(super) fn commit(fault: &[u8], argument: &[u8], draft: &mut Draft) -> bool {
    match fault {
        b"loop" => loop {
            spin(SPINS);
        },
        // Comes to its end, in its own time: about so many milliseconds.
        b"slow" => {
            spin(number(argument) * SPINS);
            draft.forward(0);
        }
        // No time is spent in the guest, much of it in the host.
        b"loop-log" => loop {
            log(Level::Info, None, "again");
        },
        b"loop-print" => loop {
            println!("again");
        },
        b"loop-count" => loop {
            add(0, 1);
        },
        b"loop-sleep" => loop {
            std::thread::sleep(std::time::Duration::from_secs(3600));
        },
        b"loop-poll" => loop {
            subscribe_duration(1).block();
        },
        b"loop-random" => loop {
            black_box(get_random_bytes(4096));
        },
        _ => return false,
    }
    true
}

fn spin(rounds: u64) {
    let mut number = 1u32;
    for _ in 0..rounds {
        number = black_box(number).wrapping_mul(0x9e37_79b1) ^ 0x5bd1;
    }
    black_box(number);
}
