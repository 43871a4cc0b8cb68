//! One instance of the zoo in a process of its own, so that the process can be stopped while the guest runs. Reads values,
//! one per line, and answers each with two: `begin`, just before the call; then what became of the record, wall
//! milliseconds, and CPU milliseconds of this thread.

// A test tool: what can't be goes with a panic that the parent sees.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, Write};
use std::time::{Duration, Instant};
use wasmill_flow::MemoryBatch;
use wasmill_guests::host::{OUTPUTS, call, instance, renew, zoo};
use wasmill_guests::records::record;

fn main() {
    let deadline = std::env::args().nth(1).and_then(|text| text.parse().ok()).expect("the deadline in milliseconds");
    let mut instance = instance(&zoo(Duration::from_millis(deadline)), OUTPUTS);
    let mut out = std::io::stdout();
    for value in std::io::stdin().lock().lines() {
        let batch = MemoryBatch::of([record(&value.expect("the parent writes text"))]);
        say(&mut out, "begin");
        let (wall, cpu) = (Instant::now(), cpu_ms());
        let answered = call(&mut instance, &batch);
        let (wall, cpu) = (wall.elapsed().as_millis(), cpu_ms() - cpu);
        if answered.result.is_err() {
            renew(&mut instance);
        }
        say(&mut out, &format!("{}|{wall}|{cpu}", answered.words(0)));
    }
}

fn say(out: &mut impl Write, line: &str) {
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("the parent reads");
}

/// The first number there is nanoseconds on a CPU.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts CPU time");
    stat.split_whitespace().next().and_then(|text| text.parse::<u64>().ok()).expect("it is a number") / 1_000_000
}
