//! Every guest of the zoo in an instance without a pipeline around it: what the call brings, in company and alone, how long
//! it takes and how much memory. The table that is printed is the one of the report.

// Helpers outside of `#[test]` functions are tests too: what can't be fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};
use wasmill_flow::MemoryBatch;
use wasmill_guests::catalogue::{Expected, Guest, ZOO};
use wasmill_guests::host::{OUTPUTS, call, instance, renew, zoo};
use wasmill_guests::{memory, records};
use wasmill_sandbox::Instance;

/// The default of `limits.record_deadline_ms`.
const DEADLINE: Duration = Duration::from_millis(200);

/// What the calls of a guest may add to the process: its own 64 MiB, 32 MiB that may cross, and copies in the making. Far
/// more would be a bound that is missing.
const GROWTH_MIB_MAX: u64 = 160;

/// One test, so that nothing else uses memory meanwhile.
#[test]
fn every_guest_gets_its_code_alone_and_in_company_within_bounds_and_the_host_goes_on() {
    let mut instance = instance(&zoo(DEADLINE), OUTPUTS);
    let mut wrong = Vec::new();
    println!("{:<24} {:>8} {:>8} {:>8}  alone", "guest", "alone ms", "three ms", "more MiB");
    for guest in ZOO {
        let mut expect = |what: &str, right: bool, found: &str| {
            if !right {
                wrong.push(format!("{} {what}: {found}", guest.name));
            }
        };
        memory::forget_peak();
        let before = memory::peak_mib();
        let (three, three_ms) = time(|| in_company(&mut instance, guest));
        expect("in company", three.starts_with(&company_expects(guest)), &three);
        renew(&mut instance);
        let (answered, alone_ms) = time(|| call(&mut instance, &MemoryBatch::of([guest.entry()])));
        let (words, reason) = (answered.words(0), answered.reason());
        expect("alone", words.starts_with(&guest.expected.words()), &words);
        expect("because", reason.contains(guest.reason), reason);
        renew(&mut instance);
        let after = call(&mut instance, &MemoryBatch::of([records::fine(0)]));
        expect("afterwards", after.words(0) == "forward 0", &after.words(0));
        let grown = memory::peak_mib().saturating_sub(before);
        expect("MiB more", grown <= GROWTH_MIB_MAX, &grown.to_string());
        let words = format!("{words} {reason}");
        println!("{:<24} {alone_ms:>8.1} {three_ms:>8.1} {grown:>8}  {words:.100}", guest.name);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ZOO.len(), wrong.join("\n"));
}

/// In the middle of three; the others are fine, and what became of the first is only looked at when all did well.
fn in_company(instance: &mut Instance, guest: &Guest) -> String {
    let answered = call(instance, &MemoryBatch::of([records::fine(0), guest.entry(), records::fine(2)]));
    if answered.result.is_ok() {
        let others = [answered.words(0), answered.words(2)];
        assert_eq!(others, ["forward 0", "forward 0"], "beside {}", guest.name);
    }
    answered.words(1)
}

fn company_expects(guest: &Guest) -> String {
    match guest.name {
        "in-company" => "plugin-trap".to_owned(),
        _ => guest.expected.words(),
    }
}

/// What it brought, and wall milliseconds.
fn time<T>(body: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let brought = body();
    (brought, started.elapsed().as_secs_f64() * 1e3)
}

#[test]
fn every_kind_of_failure_is_in_the_zoo() {
    use wasmill_record::GuestFailureKind::{Deadline, Memory, Protocol, Trap};
    for kind in [Trap, Deadline, Memory, Protocol] {
        assert!(ZOO.iter().any(|guest| guest.expected == Expected::Fails(kind)), "{kind:?}");
    }
    let mut names: Vec<&str> = ZOO.iter().map(|guest| guest.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ZOO.len(), "each once");
}
